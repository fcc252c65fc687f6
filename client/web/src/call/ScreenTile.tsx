/**
 * Owns the tile of a shared screen: the whole picture, sharp, never cropped. Does not own its sound (RemoteAudio).
 */
import { useParticipant, VideoTrack } from '@parley/react';
import { Monitor } from 'lucide-react';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Rect } from './gridLayout.ts';
import { Moderation } from './Moderation.tsx';
import { TileFrame } from './TileFrame.tsx';

/** One shared screen on the stage. */
export const ScreenTile = memo(function ScreenTile({
  peerId,
  withModeration,
  ...place
}: { peerId: string; withModeration: boolean } & Rect) {
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
      {withModeration && <Moderation participant={participant} about="screen" />}
    </TileFrame>
  );
});
