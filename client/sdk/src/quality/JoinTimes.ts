/**
 * Owns when a join reached each of its steps. Does not own the steps.
 */
import type { JoinPhases } from '@parley/protocol';

/** Times of one join, each taken once. */
export class JoinTimes {
  readonly #reachedAtMs = new Map<keyof JoinPhases, number>();
  #startedAtMs: number | undefined;

  /** The person wants in. */
  start(): void {
    this.#startedAtMs ??= performance.now();
  }

  /** A step is reached; only the first time counts. */
  mark(phase: keyof JoinPhases): void {
    if (!this.#reachedAtMs.has(phase)) this.#reachedAtMs.set(phase, performance.now());
  }

  /** Whether a step was reached. */
  has(phase: keyof JoinPhases): boolean {
    return this.#reachedAtMs.has(phase);
  }

  /** Milliseconds from the start; 0 for what was there before. */
  get phases(): JoinPhases {
    const startedAtMs = this.#startedAtMs;
    if (startedAtMs === undefined) return {};
    return Object.fromEntries(
      [...this.#reachedAtMs].map(([phase, atMs]) => [phase, Math.max(0, Math.round(atMs - startedAtMs))]),
    );
  }
}
