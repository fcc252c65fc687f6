/**
 * Owns waiting for an answer no longer than a limit, measured so that a stall of our own process does not count.
 * Does not own what to do about the one who did not answer.
 */

const TICKS = 8;

/**
 * Resolves or rejects as `answer` does, or rejects with `onTimeout()` when it has not come within the limit.
 * The limit is counted in ticks of the event loop: when this process itself stood still (a suspended machine, a long
 * garbage collection) an answer may lie unread in its socket, and the other side must not be blamed for it.
 */
export function withTimeLimit<T>(answer: Promise<T>, limitMs: number, onTimeout: () => Error): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let ticksLeft = TICKS;
    const timer = setInterval(() => {
      ticksLeft -= 1;
      if (ticksLeft > 0) return;
      clearInterval(timer);
      reject(onTimeout());
    }, limitMs / TICKS);
    answer.then(
      (value) => {
        clearInterval(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearInterval(timer);
        reject(error);
      },
    );
  });
}
