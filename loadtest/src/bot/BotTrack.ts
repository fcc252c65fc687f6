/**
 * Owns tracks where there is no browser: what the SDK passes around between devices, senders and receivers.
 * Does not own media: a track of a bot is a name for it.
 */

/** A local or remote track. */
export class BotTrack extends EventTarget implements MediaStreamTrack {
  readonly id: string;
  readonly kind: 'audio' | 'video';
  readonly label = 'bot';
  contentHint = '';
  enabled = true;
  readyState: MediaStreamTrackState = 'live';
  onended: MediaStreamTrack['onended'] = null;
  onmute: MediaStreamTrack['onmute'] = null;
  onunmute: MediaStreamTrack['onunmute'] = null;
  #muted: boolean;
  readonly #width: number;

  /** @param muted whether nothing comes yet. */
  constructor(kind: 'audio' | 'video', options: { id?: string; muted?: boolean; width?: number } = {}) {
    super();
    this.id = options.id ?? crypto.randomUUID();
    this.kind = kind;
    this.#muted = options.muted ?? false;
    this.#width = options.width ?? 0;
  }

  get muted(): boolean {
    return this.#muted;
  }

  /** Media comes now. */
  unmute(): void {
    if (!this.#muted) return;
    this.#muted = false;
    this.dispatchEvent(new Event('unmute'));
  }

  stop(): void {
    this.readyState = 'ended';
  }

  getSettings(): MediaTrackSettings {
    return { deviceId: 'bot', ...(this.kind === 'video' && { width: this.#width }) };
  }

  getCapabilities(): MediaTrackCapabilities {
    return {};
  }

  getConstraints(): MediaTrackConstraints {
    return {};
  }

  applyConstraints(): Promise<void> {
    return Promise.resolve();
  }

  clone(): BotTrack {
    return new BotTrack(this.kind, { muted: this.#muted, width: this.#width });
  }
}
