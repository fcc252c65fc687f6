/**
 * Owns the hooks around devices: the lists to choose from, the preview before a call, the level of a microphone.
 * Does not own devices in a call: `useLocalMedia` and the call's methods.
 */
import { type DeviceList, listDevices, watchAudioLevel, watchDevices } from '@parley/client';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { PreviewDevices, type PreviewSnapshot } from './PreviewDevices.ts';

const NO_DEVICES: DeviceList = { mics: [], cameras: [], speakers: [] };

/** Whether this browser lets a page choose where its sound goes. */
export const canChooseSpeaker = (): boolean => 'setSinkId' in HTMLMediaElement.prototype;

/**
 * The devices to choose from; follows what is plugged in and out.
 * @param permission anything that changes when permission was given: only then browsers tell the devices' names.
 */
export function useDevices(permission?: unknown): DeviceList {
  const [devices, setDevices] = useState(NO_DEVICES);
  // biome-ignore lint/correctness/useExhaustiveDependencies: permission is a reason to ask again, not an input
  useEffect(() => {
    let current = true;
    const refresh = () => {
      listDevices().then(
        (list) => current && setDevices(list),
        // A browser that refuses the list leaves it as it was.
        () => undefined,
      );
    };
    refresh();
    const unwatch = watchDevices(refresh);
    return () => {
      current = false;
      unwatch();
    };
  }, [permission]);
  return devices;
}

/** The preview before a call: state and switches. */
export interface Preview extends PreviewSnapshot {
  setMicEnabled(enabled: boolean): void;
  setCameraEnabled(enabled: boolean): void;
  setMicDevice(deviceId: string): void;
  setCameraDevice(deviceId: string): void;
  /** Tries again what did not work. */
  retry(): void;
  /** Hands the tracks over, to be given to the call. */
  takeTracks(): { readonly mic?: MediaStreamTrack; readonly camera?: MediaStreamTrack };
}

/** Opens microphone and camera while mounted. The arguments count once, at the first render. */
export function usePreview(initial: {
  readonly micId: string;
  readonly cameraId: string;
  readonly micEnabled: boolean;
  readonly cameraEnabled: boolean;
}): Preview {
  const [devices] = useState(
    () =>
      new PreviewDevices(
        { mic: initial.micEnabled, camera: initial.cameraEnabled },
        { mic: initial.micId, camera: initial.cameraId },
      ),
  );
  useEffect(() => {
    devices.open();
    return () => devices.close();
  }, [devices]);
  const snapshot = useSyncExternalStore(devices.subscribe, devices.getSnapshot);
  return {
    ...snapshot,
    setMicEnabled: (enabled) => devices.setEnabled('mic', enabled),
    setCameraEnabled: (enabled) => devices.setEnabled('camera', enabled),
    setMicDevice: (deviceId) => devices.setDevice('mic', deviceId),
    setCameraDevice: (deviceId) => devices.setDevice('camera', deviceId),
    retry: () => devices.retry(),
    takeTracks: () => devices.takeTracks(),
  };
}

/** Calls back with the loudness of a track (0 to 1), and with 0 when there is none. Renders nothing. */
export function useAudioLevel(track: MediaStreamTrack | null, onLevel: (level: number) => void): void {
  useEffect(() => {
    onLevel(0);
    return track ? watchAudioLevel(track, onLevel) : undefined;
  }, [track, onLevel]);
}
