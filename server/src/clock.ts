/**
 * Owns time as the server's parts see it: the wall clock, durations and one-shot timers, so that tests can turn the hands.
 * Does not own durations measured for metrics, nor any schedule: each part keeps its own timers and cancels them.
 */

/** Time as an injected dependency. */
export interface Clock {
  /** Milliseconds since the Unix epoch, by the wall clock: it may jump. */
  now(): number;
  /** Milliseconds since some moment. Never jumps: what is measured by it holds when somebody sets the wall clock. */
  monotonicMs(): number;
  /** Calls back once, `ms` milliseconds from now at the earliest. Returns the way to cancel (idempotent). */
  setTimeout(callback: () => void, ms: number): () => void;
}

/** The process's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout: (callback, ms) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
