/**
 * Owns when to bring what is into line with what is wanted: one pass at a time, again while something changed, later after a
 * failure. Does not own what a pass does.
 */
import { backoffMs } from './backoff.ts';
import { toCallError } from './toCallError.ts';

/**
 * Serialises the passes of one owner. The race that it answers: two quick toggles, a publication that ends while it is being
 * subscribed, a reconnect in between. Each pass looks at what is wanted now, so it does not matter what was wanted before.
 */
export class Reconciler {
  readonly #pass: () => Promise<void>;
  readonly #failed: (error: unknown) => void;
  #running: Promise<void> | undefined;
  #dirty = false;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  /** @param failed told of each failed pass; a retryable failure is tried again by itself. */
  constructor(pass: () => Promise<void>, failed: (error: unknown) => void = () => undefined) {
    this.#pass = pass;
    this.#failed = failed;
  }

  /** Something changed. The pass begins in a microtask, so that changes made together are seen together. */
  poke(): void {
    this.#dirty = true;
    clearTimeout(this.#retry);
    if (!this.#stopped) this.#running ??= Promise.resolve().then(() => this.#run());
  }

  /** Resolves when nothing is left to do now (a retry may be waiting). */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** No further pass begins. Idempotent. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
  }

  async #run(): Promise<void> {
    while (this.#dirty && !this.#stopped) {
      this.#dirty = false;
      try {
        await this.#pass();
        this.#failures = 0;
      } catch (error) {
        this.#failures += 1;
        if (!this.#stopped) this.#handleFailure(error);
      }
    }
    this.#running = undefined;
  }

  #handleFailure(error: unknown): void {
    this.#failed(error);
    const { retryable } = toCallError(error);
    // What changed meanwhile may have been the cause: then try at once, but not for ever without a pause.
    if (this.#dirty && this.#failures < 3) return;
    this.#dirty = false;
    if (retryable || this.#failures < 8) {
      this.#retry = setTimeout(() => this.poke(), backoffMs(this.#failures + 1));
    }
  }
}
