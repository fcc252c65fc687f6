/**
 * Owns the tile of a shared screen: the whole picture, sharp, never cropped. Does not own its sound (RemoteAudio).
 */
import { useParticipant, VideoTrack } from '@parley/react';
import { Monitor } from 'lucide-react';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { Moderation } from './Moderation.tsx';
import { PinButton } from './PinButton.tsx';
import { TileFrame, type TileProps } from './TileFrame.tsx';
import { screenKey } from './tiles.ts';

/** One shared screen on the stage. */
export const ScreenTile = memo(function ScreenTile({
  peerId,
  spotlight,
  pinned,
  onPin,
  withModeration,
  ...place
}: TileProps) {
  const { t } = useTranslation();
  const participant = useParticipant(peerId);
  const screen = participant?.media.screen;
  if (!participant || !screen) return null;
  const name = t('call.screenOf', { name: participant.label });
  return (
    <TileFrame
      name={name}
      kind="screen"
      place={place}
      view={{ peerId, source: 'screen', priority: spotlight ? 'high' : 'normal' }}
      reconnecting={participant.connection === 'reconnecting'}
    >
      <VideoTrack className="tile-video" track={screen.track} />
      {!screen.track && <span className="spinner tile-waiting" aria-hidden="true" />}
      <div className="tile-plate">
        <Monitor aria-hidden="true" />
        <span className="tile-name" aria-hidden="true">
          {participant.isLocal ? t('call.yourScreen') : participant.label}
        </span>
      </div>
      {!participant.isLocal && (
        <PinButton name={name} pinned={pinned} onPin={() => onPin(screenKey(peerId))} />
      )}
      {withModeration && <Moderation participant={participant} about="screen" />}
    </TileFrame>
  );
});
