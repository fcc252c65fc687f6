/**
 * Owns one microphone or camera in a call: what the person wants, the track that is open, and how one becomes the other.
 * Does not own publishing (SendMedia) nor the other device (LocalMedia).
 */
import type { ErrorCode } from '@parley/protocol';
import { type DeviceSource, openDevice } from './openDevices.ts';
import { toCallError } from './toCallError.ts';
import type { LocalDeviceState } from './types.ts';

/** Opens a device; tests bring their own. */
export type OpenDevice = typeof openDevice;

/** One local device. */
export class LocalDevice {
  readonly #source: DeviceSource;
  readonly #changed: () => void;
  readonly #open: OpenDevice;
  /** The intent: survives a device that is missing. */
  #wanted = false;
  #deviceId: string | undefined;
  #track: MediaStreamTrack | null = null;
  #problem: ErrorCode | undefined;
  /** The one attempt to open that is under way. Serial: browsers refuse, or ask twice, when two overlap. */
  #opening: Promise<void> | undefined;
  #closed = false;

  /** @param changed called after each change of {@link state} or {@link track}. */
  constructor(source: DeviceSource, changed: () => void, open: OpenDevice = openDevice) {
    this.#source = source;
    this.#changed = changed;
    this.#open = open;
  }

  /** The open track; a muted microphone keeps its track, a camera that is off has none. */
  get track(): MediaStreamTrack | null {
    return this.#track;
  }

  /** As shown. */
  get state(): LocalDeviceState {
    const busy = this.#opening !== undefined;
    const enabled = this.#wanted && (this.#track !== null || busy);
    return { enabled, busy, problem: this.#problem };
  }

  /** Which device to open next. Without effect on one that is open. */
  prefer(deviceId: string | undefined): void {
    this.#deviceId = deviceId;
  }

  /** Takes a track that is open already, and is on with it; it is this device's to stop from now on. */
  adopt(track: MediaStreamTrack): void {
    if (this.#closed || track.readyState === 'ended') return;
    this.#wanted = true;
    this.#use(track);
    this.#apply();
  }

  /**
   * Turns the device on or off. Off takes effect at once; on resolves when the track is open.
   * @throws CallError why it could not be opened.
   */
  async setEnabled(enabled: boolean): Promise<void> {
    this.#wanted = enabled;
    this.#problem = undefined;
    this.#apply();
    if (enabled && !this.#track) await this.#ensureOpen();
  }

  /**
   * Chooses another device; takes effect at once when this one is on, else when it is turned on.
   * @throws CallError why it could not be opened.
   */
  async setDevice(deviceId: string): Promise<void> {
    if (deviceId === this.#deviceId && this.#track) return;
    this.#deviceId = deviceId;
    // Before, not after: phones refuse a second camera while the first is open, and some a second microphone.
    this.#drop();
    this.#changed();
    if (this.#wanted) await this.#ensureOpen();
  }

  /** Devices came or went: one that is wanted and was missing is tried again. */
  handleDeviceChange(): void {
    const mended = this.#problem === 'device-missing' || this.#problem === 'device-busy';
    if (this.#wanted && !this.#track && mended) this.#ensureOpen().catch(() => undefined);
  }

  /** Turns the device off and lets go of it. */
  release(): void {
    this.#wanted = false;
    this.#drop();
    this.#changed();
  }

  /** Stops the device for good. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#wanted = false;
    this.#drop();
  }

  /** One loop at a time brings the track into being; it looks at the intent again after each wait. */
  #ensureOpen(): Promise<void> {
    this.#opening ??= this.#openLoop().finally(() => {
      this.#opening = undefined;
      if (!this.#closed) this.#changed();
    });
    this.#changed();
    return this.#opening;
  }

  async #openLoop(): Promise<void> {
    while (this.#wanted && !this.#track) {
      const deviceId = this.#deviceId;
      let track: MediaStreamTrack;
      try {
        track = await this.#open(this.#source, deviceId);
      } catch (thrown) {
        const error = toCallError(thrown);
        // Chosen anew, or turned off, while this one was refused: that is what counts.
        if (deviceId !== this.#deviceId) continue;
        this.#problem = error.code;
        // A denial is an answer; asking again when a headset is plugged in would pester.
        if (error.code !== 'device-missing' && error.code !== 'device-busy') this.#wanted = false;
        throw error;
      }
      if (this.#closed || !this.#wanted || deviceId !== this.#deviceId) track.stop();
      else {
        this.#problem = undefined;
        this.#use(track);
      }
    }
  }

  #use(track: MediaStreamTrack): void {
    this.#drop();
    this.#track = track;
    track.addEventListener('ended', () => this.#handleEnded(track));
    this.#changed();
  }

  /** Unplugged, or the permission was taken back: the default device takes over, or the problem shows. */
  #handleEnded(track: MediaStreamTrack): void {
    if (track !== this.#track) return;
    this.#track = null;
    this.#problem = 'device-missing';
    this.#changed();
    // Ended while muted: it is opened again when it is wanted.
    if (this.#wanted) this.#ensureOpen().catch(() => undefined);
  }

  /** The part of the intent that needs no waiting. */
  #apply(): void {
    if (this.#track && this.#source === 'mic') this.#track.enabled = this.#wanted;
    // A camera that is off lets its light go out.
    if (!this.#wanted && this.#source === 'camera') this.#drop();
    this.#changed();
  }

  #drop(): void {
    const track = this.#track;
    this.#track = null;
    track?.stop();
  }
}
