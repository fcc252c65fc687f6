/**
 * Owns opening microphones, cameras and screens: constraints, the way back to another device, causes when the browser refuses.
 * Does not own when they are open (LocalMedia, the prejoin).
 */
import { CallError } from '@parley/protocol';
import { deviceError } from './toCallError.ts';

/** The two kinds of capture devices. */
export type DeviceSource = 'mic' | 'camera';

// Chromium's extras, not in every TypeScript DOM library: this very tab is no use to others, and changing the tab that
// is shared needs no new share.
type ScreenOptions = DisplayMediaStreamOptions & {
  selfBrowserSurface?: 'include' | 'exclude';
  surfaceSwitching?: 'include' | 'exclude';
  systemAudio?: 'include' | 'exclude';
};

/** @param deviceId undefined: the browser's default. */
export const constraintsOf = (source: DeviceSource, deviceId: string | undefined): MediaTrackConstraints => ({
  ...(deviceId !== undefined && { deviceId: { exact: deviceId } }),
  ...(source === 'mic'
    ? { echoCancellation: true, noiseSuppression: true, autoGainControl: true }
    : { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } }),
});

const mediaDevices = (): MediaDevices => {
  // Browsers leave it out where cameras are not allowed at all: plain HTTP off localhost.
  const devices: MediaDevices | undefined = navigator.mediaDevices;
  if (!devices) {
    throw new CallError('unsupported', 'Cameras and microphones need HTTPS', {
      details: { cause: 'insecure-context' },
    });
  }
  return devices;
};

/**
 * Opens one device. One that was chosen earlier and is not there any more gives way to the default one.
 * @throws CallError `device-denied`, `device-missing`, `device-busy`, or `unsupported` without a secure context.
 */
export async function openDevice(source: DeviceSource, deviceId?: string): Promise<MediaStreamTrack> {
  const open = async (id: string | undefined): Promise<MediaStreamTrack> => {
    const constraints = constraintsOf(source, id);
    const stream = await mediaDevices().getUserMedia(
      source === 'mic' ? { audio: constraints } : { video: constraints },
    );
    const [track] = stream.getTracks();
    if (!track) throw new CallError('device-missing', `No track of ${source}`);
    return track;
  };
  try {
    return await open(deviceId);
  } catch (thrown) {
    const error = deviceError(thrown);
    if (error.code !== 'device-missing' || deviceId === undefined) throw error;
  }
  try {
    return await open(undefined);
  } catch (thrown) {
    throw deviceError(thrown);
  }
}

/**
 * Opens the browser's chooser of screens, windows and tabs.
 * @throws CallError `device-denied` when dismissed, `unsupported` where there is none (phones).
 */
export async function openScreen(): Promise<{ screen: MediaStreamTrack; screenAudio?: MediaStreamTrack }> {
  const devices = mediaDevices();
  if (typeof devices.getDisplayMedia !== 'function') {
    throw new CallError('unsupported', 'This browser cannot share a screen');
  }
  const options: ScreenOptions = {
    video: { frameRate: { ideal: 15, max: 30 } },
    // What a tab plays is not a voice: nothing may be "cleaned" from it.
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    selfBrowserSurface: 'exclude',
    surfaceSwitching: 'include',
    systemAudio: 'include',
  };
  try {
    const stream = await devices.getDisplayMedia(options);
    const [screen] = stream.getVideoTracks();
    const [screenAudio] = stream.getAudioTracks();
    if (!screen) throw new CallError('device-missing', 'The share has no picture');
    // Sharp text matters more than smooth motion.
    screen.contentHint = 'detail';
    return { screen, ...(screenAudio && { screenAudio }) };
  } catch (thrown) {
    throw deviceError(thrown);
  }
}
