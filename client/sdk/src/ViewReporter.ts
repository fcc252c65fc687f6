/**
 * Owns telling the server what is shown: at once, then at most five times a second, only what changed, and again for every seat.
 * Does not own what is shown (Subscriptions puts it together).
 */
import type { ViewedPublication } from '@parley/protocol';
import type { MediaPort } from './MediaLink.ts';
import { Reconciler } from './Reconciler.ts';

/** A window that is dragged larger changes every tile with every frame. */
const APART_MS = 200;

/** Reports of one call. */
export class ViewReporter {
  readonly #ask: MediaPort;
  readonly #reconciler: Reconciler;
  #view: readonly ViewedPublication[] | undefined;
  /** The last one that this seat was told; undefined: none yet. */
  #told: string | undefined;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #seated = false;

  constructor(ask: MediaPort) {
    this.#ask = ask;
    this.#reconciler = new Reconciler(() => this.#pass());
  }

  /** What is shown now; undefined: the app has never said. */
  set(view: readonly ViewedPublication[] | undefined): void {
    this.#view = view;
    this.#reconciler.poke();
  }

  /** A seat that receives is taken (again): what was told before may be forgotten there. */
  handleSeated(): void {
    this.#seated = true;
    this.handleMoved();
  }

  /** Its media is somewhere else now. */
  handleMoved(): void {
    this.#told = undefined;
    this.#reconciler.poke();
  }

  /** No report follows. Idempotent. */
  close(): void {
    this.#seated = false;
    this.#reconciler.stop();
  }

  async #pass(): Promise<void> {
    if (!this.#isNews()) return;
    const waitMs = this.#toldAtMs + APART_MS - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const view = this.#view;
    if (!view || !this.#isNews()) return;
    const text = JSON.stringify(view);
    this.#told = text;
    this.#toldAtMs = performance.now();
    try {
      await this.#ask('setView', { publications: [...view] });
    } catch (error) {
      if (this.#told === text) this.#told = undefined;
      throw error;
    }
  }

  #isNews(): boolean {
    return this.#seated && this.#view !== undefined && JSON.stringify(this.#view) !== this.#told;
  }
}
