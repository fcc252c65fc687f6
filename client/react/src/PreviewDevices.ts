/**
 * Owns the devices of a prejoin screen: open, switch, retry, hand over. A store for useSyncExternalStore.
 * Does not own opening them (SDK) nor React.
 */
import { type ErrorCode, openPreview, watchDevices } from '@parley/client';

/** One device of the preview. */
export interface PreviewDevice {
  /** The intent: on or off at joining. */
  readonly enabled: boolean;
  readonly track: MediaStreamTrack | null;
  /** Being opened; the browser may be asking the person. */
  readonly busy: boolean;
  readonly problem: ErrorCode | undefined;
}

/** Both devices; immutable. */
export interface PreviewSnapshot {
  readonly mic: PreviewDevice;
  readonly camera: PreviewDevice;
}

type Device = keyof PreviewSnapshot;
const DEVICES: readonly Device[] = ['mic', 'camera'];

/** The part of the SDK that opens devices. */
export interface PreviewOpener {
  readonly open: typeof openPreview;
  readonly watch: typeof watchDevices;
}

/** Opens devices for a preview. Nothing is open before `open` and after `close`. */
export class PreviewDevices {
  #snapshot: PreviewSnapshot;
  readonly #deviceIds: Record<Device, string>;
  readonly #listeners = new Set<() => void>();
  /** A newer request for a device makes the answer to an older one void. */
  readonly #generation: Record<Device, number> = { mic: 0, camera: 0 };
  readonly #opener: PreviewOpener;
  #unwatch: (() => void) | undefined;
  #taken = false;

  /**
   * @param deviceIds chosen devices; empty for the default one.
   * @param opener where devices come from; tests bring their own.
   */
  constructor(
    enabled: Record<Device, boolean>,
    deviceIds: Record<Device, string>,
    opener: PreviewOpener = { open: openPreview, watch: watchDevices },
  ) {
    this.#opener = opener;
    const initial = (device: Device): PreviewDevice => ({
      enabled: enabled[device],
      track: null,
      busy: false,
      problem: undefined,
    });
    this.#snapshot = { mic: initial('mic'), camera: initial('camera') };
    this.#deviceIds = { ...deviceIds };
  }

  readonly getSnapshot = (): PreviewSnapshot => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Opens what is wanted. The microphone also when muted: its permission makes the names of devices known. */
  open(): void {
    this.#unwatch ??= this.#opener.watch(() => {
      void this.#open(DEVICES.filter((device) => this.#snapshot[device].problem === 'device-missing'));
    });
    void this.#open(this.#snapshot.camera.enabled ? DEVICES : ['mic']);
  }

  /** Tries again what did not work. */
  retry(): void {
    void this.#open(DEVICES.filter((device) => this.#snapshot[device].problem !== undefined));
  }

  setEnabled(device: Device, enabled: boolean): void {
    this.#change(device, { enabled });
    const { track, busy } = this.#snapshot[device];
    if (enabled && !track && !busy) void this.#open([device]);
    if (!enabled && device === 'camera') this.#drop(device);
  }

  /** Chooses another device. */
  setDevice(device: Device, deviceId: string): void {
    this.#deviceIds[device] = deviceId;
    if (device === 'mic' || this.#snapshot.camera.enabled) void this.#open([device]);
  }

  /** Hands the open tracks over: they are the caller's to stop. They stay in the snapshot, so that the picture stays. */
  takeTracks(): { readonly mic?: MediaStreamTrack; readonly camera?: MediaStreamTrack } {
    const { mic, camera } = this.#snapshot;
    this.#unwatch?.();
    for (const device of DEVICES) this.#generation[device] += 1;
    this.#taken = true;
    return { ...(mic.track && { mic: mic.track }), ...(camera.track && { camera: camera.track }) };
  }

  /** Stops everything that was not handed over. */
  close(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
    if (!this.#taken) for (const device of DEVICES) this.#drop(device);
  }

  async #open(devices: readonly Device[]): Promise<void> {
    if (devices.length === 0 || this.#taken) return;
    const generations = { ...this.#generation };
    for (const device of devices) {
      this.#drop(device);
      generations[device] = this.#generation[device];
      this.#change(device, { busy: true });
    }
    const { mic: micId, camera: cameraId } = this.#deviceIds;
    const opened = await this.#opener.open({
      mic: devices.includes('mic'),
      camera: devices.includes('camera'),
      ...(micId && { micId }),
      ...(cameraId && { cameraId }),
    });
    for (const device of devices) {
      const track = opened.tracks[device];
      if (generations[device] !== this.#generation[device]) {
        track?.stop();
        continue;
      }
      // Unplugged while the person looks at it.
      track?.addEventListener('ended', () => {
        if (this.#snapshot[device].track === track) {
          this.#change(device, { track: null, problem: 'device-missing' });
        }
      });
      this.#change(device, { track: track ?? null, busy: false, problem: opened.problems[device] });
    }
  }

  /** Closes a device and voids what is under way for it. */
  #drop(device: Device): void {
    this.#generation[device] += 1;
    this.#snapshot[device].track?.stop();
    this.#change(device, { track: null, busy: false, problem: undefined });
  }

  #change(device: Device, change: Partial<PreviewDevice>): void {
    this.#snapshot = { ...this.#snapshot, [device]: { ...this.#snapshot[device], ...change } };
    for (const listener of this.#listeners) listener();
  }
}
