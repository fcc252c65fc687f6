/**
 * Owns the choice of microphone, camera and speaker, before and in a call. Does not own what a choice does.
 */
import type { DeviceList } from '@parley/client';
import { canChooseSpeaker, useDevices } from '@parley/react';
import { useTranslation } from 'react-i18next';
import { Select } from './Select.tsx';

/** The three lists of choices; the speaker's only where the browser can choose one. */
export function DeviceFields({
  micId,
  cameraId,
  speakerId,
  permission,
  denied = false,
  onMic,
  onCamera,
  onSpeaker,
}: {
  micId: string;
  cameraId: string;
  speakerId: string;
  /** Anything that changes when permission was given: devices have names then. */
  permission: unknown;
  /** The browser keeps the devices to itself. */
  denied?: boolean;
  onMic: (deviceId: string) => void;
  onCamera: (deviceId: string) => void;
  onSpeaker: (deviceId: string) => void;
}) {
  const { t } = useTranslation();
  const devices = useDevices(permission);
  const optionsOf = (kind: keyof DeviceList, nameless: (number: number) => string) =>
    devices[kind].map(({ deviceId, label }, index) => ({
      value: deviceId,
      text: label || nameless(index + 1),
    }));
  const placeholder = denied ? t('prejoin.needsPermission') : t('prejoin.noDevices');
  return (
    <div className="device-fields">
      <Select
        label={t('devices.microphone')}
        value={micId}
        options={optionsOf('mics', (number) => t('prejoin.microphoneNumber', { number }))}
        placeholder={placeholder}
        onChange={onMic}
      />
      <Select
        label={t('devices.camera')}
        value={cameraId}
        options={optionsOf('cameras', (number) => t('prejoin.cameraNumber', { number }))}
        placeholder={placeholder}
        onChange={onCamera}
      />
      {canChooseSpeaker() && (
        <Select
          label={t('devices.speaker')}
          value={speakerId}
          options={optionsOf('speakers', (number) => t('prejoin.speakerNumber', { number }))}
          placeholder={t('prejoin.defaultDevice')}
          onChange={onSpeaker}
        />
      )}
    </div>
  );
}
