/**
 * Owns a participant's tile: picture or initials, name, states. Does not own its place nor the sound (RemoteAudio).
 */
import { useParticipant, VideoTrack } from '@parley/react';
import { MicOff } from 'lucide-react';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { Avatar } from '../ui/Avatar.tsx';
import { Moderation } from './Moderation.tsx';
import { PinButton } from './PinButton.tsx';
import { isMuted, participantName } from './participantFacts.ts';
import { QualityBars } from './QualityBars.tsx';
import { TileFrame, type TileProps } from './TileFrame.tsx';

/** One participant on the stage. Renders again for its own changes only. */
export const ParticipantTile = memo(function ParticipantTile({
  peerId,
  spotlight,
  pinned,
  onPin,
  withModeration,
  ...place
}: TileProps) {
  const { t } = useTranslation();
  const participant = useParticipant(peerId);
  if (!participant) return null;
  const { media, isLocal, speaking, connection, quality, trouble, displayName } = participant;
  const camera = media.camera && !media.camera.muted ? media.camera.track : null;
  const muted = isMuted(participant);
  const name = participantName(participant, t);
  return (
    <TileFrame
      name={name}
      kind="participant"
      place={place}
      view={{ peerId, source: 'camera', priority: spotlight ? 'high' : 'normal' }}
      speaking={speaking && !muted && connection === 'online'}
      reconnecting={connection === 'reconnecting'}
    >
      {!camera && <Avatar id={participant.userId} name={displayName} />}
      <VideoTrack className={isLocal ? 'tile-video mirrored' : 'tile-video'} track={camera} />
      <div className="tile-plate">
        {muted && <MicOff className="tile-muted" role="img" aria-label={t('call.muted')} />}
        <span className="tile-name" aria-hidden="true">
          {name}
        </span>
        <QualityBars quality={quality} />
      </div>
      {trouble && (
        <p className="tile-trouble" data-trouble={trouble}>
          {t(`call.trouble.short.${trouble}`)}
        </p>
      )}
      {connection === 'reconnecting' && (
        <p className="tile-state">
          <span className="spinner" aria-hidden="true" />
          {t('call.reconnecting')}
        </p>
      )}
      {!isLocal && <PinButton name={name} pinned={pinned} onPin={() => onPin(peerId)} />}
      {withModeration && <Moderation participant={participant} about="participant" />}
    </TileFrame>
  );
});
