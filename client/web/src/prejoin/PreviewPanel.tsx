/**
 * Owns the mirror before a call: own picture, level, and the switches of microphone and camera.
 * Does not own the devices: usePreview does.
 */
import { type Preview, VideoTrack } from '@parley/react';
import { Mic, MicOff, Video, VideoOff } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Avatar } from '../ui/Avatar.tsx';
import { LevelMeter } from './LevelMeter.tsx';

/** The preview with its switches. */
export function PreviewPanel({ preview, displayName }: { preview: Preview; displayName: string }) {
  const { t } = useTranslation();
  const { mic, camera } = preview;
  return (
    <div className="preview">
      <div className="preview-picture">
        {!camera.track && <Avatar id={displayName} name={displayName} />}
        <VideoTrack className="mirrored" track={camera.track} aria-label={t('prejoin.preview')} />
        {!camera.track && (
          <p className="preview-state">
            {camera.busy ? t('prejoin.cameraStarting') : t('prejoin.cameraOff')}
          </p>
        )}
        <div className="preview-switches">
          <button
            type="button"
            className="round-button"
            data-off={!mic.enabled || mic.problem !== undefined}
            aria-label={mic.enabled ? t('call.mute') : t('call.unmute')}
            onClick={() => preview.setMicEnabled(!mic.enabled)}
          >
            {mic.enabled ? <Mic aria-hidden="true" /> : <MicOff aria-hidden="true" />}
          </button>
          <button
            type="button"
            className="round-button"
            data-off={!camera.enabled || camera.problem !== undefined}
            aria-label={camera.enabled ? t('call.stopCamera') : t('call.startCamera')}
            onClick={() => preview.setCameraEnabled(!camera.enabled)}
          >
            {camera.enabled ? <Video aria-hidden="true" /> : <VideoOff aria-hidden="true" />}
          </button>
        </div>
      </div>
      <LevelMeter track={mic.enabled ? mic.track : null} />
    </div>
  );
}
