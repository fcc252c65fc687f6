/**
 * Owns what this machine contributes: microphone, camera, screen with its sound; and hands each to publishing as it changes.
 * Does not own how it gets to the server (MediaSession) nor who may publish (grants are checked by the call).
 */
import { CallError, type Source, sources } from '@parley/protocol';
import { watchDevices } from './devices.ts';
import { keep } from './keep.ts';
import { LocalDevice, type OpenDevice } from './LocalDevice.ts';
import { type DeviceSource, openDevice, openScreen } from './openDevices.ts';
import type { LocalSource } from './SendMedia.ts';
import type { CallOptions, CallSnapshot, MediaState } from './types.ts';

/** What local media tells. */
export interface LocalMediaEvents {
  /** {@link LocalMedia.state} or {@link LocalMedia.media} may have changed. */
  changed(): void;
  /** Publish this, or (undefined) end the publication. */
  sourceChanged(source: Source, local: LocalSource | undefined): void;
}

/** How devices are opened; tests bring their own. */
export interface DeviceOpeners {
  readonly openDevice: OpenDevice;
  readonly openScreen: typeof openScreen;
}

/** The local media of one call. */
export class LocalMedia {
  readonly #events: LocalMediaEvents;
  readonly #openers: DeviceOpeners;
  readonly #devices: { readonly [S in DeviceSource]: LocalDevice };
  readonly #published = new Map<Source, LocalSource>();
  readonly #stopWatching: () => void;
  #screen: { readonly screen: MediaStreamTrack; readonly screenAudio?: MediaStreamTrack } | undefined;
  #screenStarting = false;
  #state: CallSnapshot['local'];
  #media: Readonly<Partial<Record<Source, MediaState>>> = {};
  #closed = false;

  constructor(events: LocalMediaEvents, openers: DeviceOpeners = { openDevice, openScreen }) {
    this.#events = events;
    this.#openers = openers;
    const device = (source: DeviceSource) =>
      new LocalDevice(source, () => this.#refresh(), openers.openDevice);
    this.#devices = { mic: device('mic'), camera: device('camera') };
    this.#stopWatching = watchDevices(() => {
      this.#devices.mic.handleDeviceChange();
      this.#devices.camera.handleDeviceChange();
    });
    this.#state = { mic: this.#devices.mic.state, camera: this.#devices.camera.state, screen: 'off' };
  }

  /** As shown: devices and screen; parts keep their identity until they change. */
  get state(): CallSnapshot['local'] {
    return this.#state;
  }

  /** The own tile's media; entries keep their identity until they change. */
  get media(): Readonly<Partial<Record<Source, MediaState>>> {
    return this.#media;
  }

  /** Begins with the prejoin's tracks and choices. Devices that must be opened first follow by themselves. */
  start(
    options: Pick<CallOptions, 'tracks' | 'devices' | 'micEnabled' | 'cameraEnabled'>,
    may: readonly Source[],
  ): void {
    const { tracks = {}, devices = {}, micEnabled = true, cameraEnabled = true } = options;
    const begin = (source: DeviceSource, enabled: boolean, deviceId: string | undefined) => {
      const track = tracks[source];
      const device = this.#devices[source];
      device.prefer(deviceId ?? track?.getSettings().deviceId);
      // Who joins muted is not listened to by anybody, the own browser included.
      if (!enabled || !may.includes(source)) track?.stop();
      else if (track) device.adopt(track);
      // The cause shows in the state; the call goes on without the device.
      else device.setEnabled(true).catch(() => undefined);
    };
    begin('mic', micEnabled, devices.micId);
    begin('camera', cameraEnabled, devices.cameraId);
  }

  /** @throws CallError why the device could not be opened. */
  setEnabled(source: DeviceSource, enabled: boolean): Promise<void> {
    return this.#devices[source].setEnabled(enabled);
  }

  /** @throws CallError why the device could not be opened. */
  setDevice(source: DeviceSource, deviceId: string): Promise<void> {
    return this.#devices[source].setDevice(deviceId);
  }

  /** @throws CallError `device-denied` when the chooser was dismissed, `invalid-state` while one is open, `unsupported`. */
  async startScreen(): Promise<void> {
    if (this.#screen || this.#screenStarting) throw new CallError('invalid-state', 'Already sharing');
    this.#screenStarting = true;
    this.#refresh();
    try {
      const tracks = await this.#openers.openScreen();
      if (this.#closed || !this.#screenStarting) {
        stopTracks(tracks);
        throw new CallError('invalid-state', 'Stopped meanwhile');
      }
      this.#screen = tracks;
      // "Stop sharing" in the browser's own bar, or the window was closed.
      tracks.screen.addEventListener('ended', () => this.#screen === tracks && this.stopScreen());
    } finally {
      this.#screenStarting = false;
      this.#refresh();
    }
  }

  /** Ends the share, and one whose chooser is open. Idempotent. */
  stopScreen(): void {
    const tracks = this.#screen;
    this.#screen = undefined;
    this.#screenStarting = false;
    if (tracks) stopTracks(tracks);
    this.#refresh();
  }

  /** A host muted a source: the device follows at once. */
  handleMuted(source: Source): void {
    if (source === 'mic' || source === 'camera') void this.#devices[source].setEnabled(false);
    else this.stopScreen();
  }

  /** A host stopped a source, or the server does not take it: the device is given back. */
  handleStopped(source: Source): void {
    if (source === 'mic' || source === 'camera') {
      this.#published.delete(source);
      this.#events.sourceChanged(source, undefined);
      this.#devices[source].release();
    } else this.stopScreen();
  }

  /** Stops every device. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#stopWatching();
    this.#devices.mic.close();
    this.#devices.camera.close();
    this.stopScreen();
  }

  #refresh(): void {
    const mic = keep(this.#state.mic, this.#devices.mic.state);
    const camera = keep(this.#state.camera, this.#devices.camera.state);
    const screen = this.#screen ? 'on' : this.#screenStarting ? 'starting' : 'off';
    this.#state = keep(this.#state, { mic, camera, screen });
    for (const source of sources) this.#publish(source);
    this.#media = this.#mediaNow();
    this.#events.changed();
  }

  #publish(source: Source): void {
    const next = this.#localOf(source);
    const before = this.#published.get(source);
    if (before?.track === next?.track && before?.muted === next?.muted) return;
    if (next) this.#published.set(source, next);
    else this.#published.delete(source);
    if (!this.#closed) this.#events.sourceChanged(source, next);
  }

  #mediaNow(): Readonly<Partial<Record<Source, MediaState>>> {
    const media: Partial<Record<Source, MediaState>> = {};
    for (const [source, { track, muted }] of this.#published) {
      const next = { source, muted, track };
      const before = this.#media[source];
      media[source] = before ? keep(before, next) : next;
    }
    return keep(this.#media, media);
  }

  #localOf(source: Source): LocalSource | undefined {
    if (source === 'screen' || source === 'screenAudio') {
      const track = this.#screen?.[source];
      return track && { track, muted: false };
    }
    const { track, state } = this.#devices[source];
    // Never opened: there is nothing to publish yet. Once published it stays, muted, while the device is off.
    if (!track && !this.#published.has(source)) return undefined;
    // Nothing is sent for a muted microphone, not even silence: no packets, no encoder, and before the first word no consumers.
    return state.enabled && track ? { track, muted: false } : { track: null, muted: true };
  }
}

const stopTracks = (tracks: { screen: MediaStreamTrack; screenAudio?: MediaStreamTrack }): void => {
  tracks.screen.stop();
  tracks.screenAudio?.stop();
};
