/**
 * Owns what a prejoin screen needs: the list of devices, a preview, a level meter.
 * Does not own devices in a call (LocalMedia).
 */
import type { ErrorCode } from '@parley/protocol';
import { LevelProbe } from './LevelProbe.ts';
import { constraintsOf, openDevice } from './openDevices.ts';
import { toCallError } from './toCallError.ts';

/** One device to choose. `label` is empty until the person has given permission once. */
export interface DeviceChoice {
  readonly deviceId: string;
  readonly label: string;
}

/** All devices by what they are for; `speakers` is empty where the browser cannot choose one. */
export interface DeviceList {
  readonly mics: readonly DeviceChoice[];
  readonly cameras: readonly DeviceChoice[];
  readonly speakers: readonly DeviceChoice[];
}

/** Lists the devices. All empty without a secure context. */
export async function listDevices(): Promise<DeviceList> {
  const mediaDevices: MediaDevices | undefined = navigator.mediaDevices;
  const devices = (await mediaDevices?.enumerateDevices()) ?? [];
  const of = (kind: MediaDeviceKind): DeviceChoice[] =>
    devices
      // Before permission browsers give one nameless entry per kind: nothing to choose from.
      .filter((device) => device.kind === kind && device.deviceId !== '')
      .map(({ deviceId, label }) => ({ deviceId, label }));
  const canChooseSpeaker =
    typeof HTMLMediaElement === 'function' && 'setSinkId' in HTMLMediaElement.prototype;
  return {
    mics: of('audioinput'),
    cameras: of('videoinput'),
    speakers: canChooseSpeaker ? of('audiooutput') : [],
  };
}

/** Calls back when devices come or go. Returns the way to stop. */
export function watchDevices(listener: () => void): () => void {
  const mediaDevices: MediaDevices | undefined = navigator.mediaDevices;
  mediaDevices?.addEventListener('devicechange', listener);
  return () => mediaDevices?.removeEventListener('devicechange', listener);
}

/** What to preview; a source set to false stays closed. */
export interface PreviewOptions {
  readonly mic?: boolean;
  readonly camera?: boolean;
  readonly micId?: string;
  readonly cameraId?: string;
}

/** Tracks that could be opened (hand them to the call or stop them), and why the others could not. */
export interface Preview {
  readonly tracks: { readonly mic?: MediaStreamTrack; readonly camera?: MediaStreamTrack };
  /** `device-denied`, `device-missing`, `device-busy`, or `unsupported` without a secure context. */
  readonly problems: { readonly mic?: ErrorCode; readonly camera?: ErrorCode };
}

/** Opens microphone and camera with one question to the person where possible. Never rejects. */
export async function openPreview(options: PreviewOptions = {}): Promise<Preview> {
  const { mic = true, camera = true, micId, cameraId } = options;
  if (mic && camera) {
    const both = await openBoth(micId, cameraId);
    if (both) return { tracks: both, problems: {} };
  }
  const closed: Attempt = {};
  const [micResult, cameraResult] = await Promise.all([
    mic ? attempt(openDevice('mic', micId)) : closed,
    camera ? attempt(openDevice('camera', cameraId)) : closed,
  ]);
  return {
    tracks: {
      ...(micResult.track && { mic: micResult.track }),
      ...(cameraResult.track && { camera: cameraResult.track }),
    },
    problems: {
      ...(micResult.problem && { mic: micResult.problem }),
      ...(cameraResult.problem && { camera: cameraResult.problem }),
    },
  };
}

async function openBoth(
  micId: string | undefined,
  cameraId: string | undefined,
): Promise<Preview['tracks'] | undefined> {
  try {
    const constraints = { audio: constraintsOf('mic', micId), video: constraintsOf('camera', cameraId) };
    const stream = await navigator.mediaDevices.getUserMedia(constraints);
    const [mic] = stream.getAudioTracks();
    const [camera] = stream.getVideoTracks();
    if (mic && camera) return { mic, camera };
    for (const track of stream.getTracks()) track.stop();
  } catch {
    // One of the two is the cause: asked for one by one they tell which.
  }
  return undefined;
}

interface Attempt {
  readonly track?: MediaStreamTrack;
  readonly problem?: ErrorCode;
}

const attempt = (opening: Promise<MediaStreamTrack>): Promise<Attempt> =>
  opening.then(
    (track) => ({ track }),
    (error: unknown) => ({ problem: toCallError(error).code }),
  );

const LEVEL_EVERY_MS = 66;

/**
 * Calls back about 15 times a second with the loudness of an audio track, 0 (silence) to 1. Returns the way to stop; stop it before
 * the track is stopped. The browser may give zeros until the person has touched the page.
 */
export function watchAudioLevel(track: MediaStreamTrack, listener: (level: number) => void): () => void {
  const probe = LevelProbe.open(track);
  const timer = setInterval(() => {
    // -60 dBFS and below is silence to a person, and loudness is heard by its logarithm.
    if (probe) listener(Math.min(1, Math.max(0, (probe.decibels() + 60) / 50)));
  }, LEVEL_EVERY_MS);
  return () => {
    clearInterval(timer);
    probe?.close();
  };
}
