/**
 * Owns changing devices during a call. Does not own the devices (SDK).
 */
import { useCall, useLocalParticipant } from '@parley/react';
import type { RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import { failureOf } from '../app/callFailure.ts';
import { loadPreferences, savePreferences } from '../app/preferences.ts';
import { DeviceFields } from '../ui/DeviceFields.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { useNotify } from './Toasts.tsx';

/** The dialog "Settings"; every choice takes effect at once. */
export function SettingsDialog({
  speakerId,
  onSpeaker,
  onClose,
  returnFocus,
}: {
  speakerId: string;
  onSpeaker: (deviceId: string) => void;
  onClose: () => void;
  returnFocus: RefObject<HTMLElement | null>;
}) {
  const { t } = useTranslation();
  const call = useCall();
  const notify = useNotify();
  const media = useLocalParticipant()?.media;
  const stored = loadPreferences();
  const attempt = (action: Promise<void>) => {
    action.catch((error: unknown) => notify(t(`error.${failureOf(error).code}.title`)));
  };
  return (
    <Dialog title={t('settings.title')} onClose={onClose} returnFocus={returnFocus}>
      <DeviceFields
        micId={media?.mic?.track?.getSettings().deviceId ?? stored.micId}
        cameraId={media?.camera?.track?.getSettings().deviceId ?? stored.cameraId}
        speakerId={speakerId}
        permission={undefined}
        onMic={(micId) => {
          savePreferences({ micId });
          attempt(call.setMicDevice(micId));
        }}
        onCamera={(cameraId) => {
          savePreferences({ cameraId });
          attempt(call.setCameraDevice(cameraId));
        }}
        onSpeaker={(deviceId) => {
          savePreferences({ speakerId: deviceId });
          onSpeaker(deviceId);
        }}
      />
      <div className="dialog-actions">
        <button type="button" className="button" data-kind="primary" onClick={onClose}>
          {t('settings.close')}
        </button>
      </div>
    </Dialog>
  );
}
