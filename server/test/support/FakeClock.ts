/**
 * Owns a clock whose hands a test turns.
 * Does not own real time: nothing here waits.
 */
import type { Clock } from '../../src/clock.ts';

/** Time that stands still until {@link FakeClock.advance}. */
export class FakeClock implements Clock {
  #nowMs = 0;
  #wallStartMs = 1_700_000_000_000;
  readonly #timers = new Set<{ readonly dueMs: number; readonly callback: () => void }>();

  now(): number {
    return this.#wallStartMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  /** Sets the wall clock forward or back, as an operator or NTP does: no time passes. */
  jump(ms: number): void {
    this.#wallStartMs += ms;
  }

  setTimeout(callback: () => void, ms: number): () => void {
    const timer = { dueMs: this.#nowMs + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Turns the hands, calling back what becomes due in its order, each at its own time. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers]
        .filter((timer) => timer.dueMs <= endMs)
        .sort((a, b) => a.dueMs - b.dueMs);
      if (!next) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback();
    }
    this.#nowMs = endMs;
  }

  /** As {@link FakeClock.advance}, and lets promises settle before, between and after the timers. */
  async advanceSettling(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await settled();
      const next = Math.min(...[...this.#timers].map((timer) => timer.dueMs));
      if (next > endMs) break;
      this.advance(Math.max(0, next - this.#nowMs));
    }
    this.advance(endMs - this.#nowMs);
    await settled();
  }
}

/** Promises settle before the next turn of the event loop. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
