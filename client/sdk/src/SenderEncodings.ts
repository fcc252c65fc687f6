/**
 * Owns which encodings of one sender are on: those that somebody watches. One change at a time, the newest wish counts.
 * Does not own who watches (the server says) nor what the encodings are (encodings.ts).
 */

/** Browsers refuse a change while they negotiate; then it is tried again. */
const ATTEMPTS = 8;
const AGAIN_AFTER_MS = 50;

/** The encodings of one sender; all are on in the beginning. */
export class SenderEncodings {
  readonly #sender: Pick<RTCRtpSender, 'getParameters' | 'setParameters'> | undefined;
  #wanted: readonly boolean[] | undefined;
  #running = false;

  /** @param sender undefined where the media stack has none: nothing happens then. */
  constructor(sender: Pick<RTCRtpSender, 'getParameters' | 'setParameters'> | undefined) {
    this.#sender = sender;
  }

  /** Lowest first; what is not in the list stays on. With all off nothing is sent, and the track lives on. */
  setActive(active: readonly boolean[]): void {
    this.#wanted = active;
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let failures = 0; this.#wanted; ) {
      const wanted = this.#wanted;
      this.#wanted = undefined;
      try {
        await this.#apply(wanted);
        failures = 0;
      } catch {
        failures += 1;
        // A newer wish goes first; one that a browser will not fulfil costs bandwidth only.
        if (failures < ATTEMPTS) this.#wanted ??= wanted;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS * failures));
      }
    }
    this.#running = false;
  }

  async #apply(active: readonly boolean[]): Promise<void> {
    if (!this.#sender) return;
    const parameters = this.#sender.getParameters();
    let changed = false;
    // Firefox has none before the first negotiation.
    for (const [index, encoding] of (parameters.encodings ?? []).entries()) {
      const next = active[index] ?? true;
      if ((encoding.active ?? true) === next) continue;
      encoding.active = next;
      changed = true;
    }
    if (changed) await this.#sender.setParameters(parameters);
  }
}
