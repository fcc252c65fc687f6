/**
 * Owns how long to wait before trying again: exponential with jitter, so that a restarted server is not met by a herd.
 * Does not own what is tried.
 */

/**
 * Milliseconds before the given attempt (from 1): the first nearly at once, then 250-500 ms, doubling up to 4-8 s.
 * @param random gives 0 <= x < 1.
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  if (attempt <= 1) return Math.round(random() * 100);
  const ceilingMs = Math.min(8000, 250 * 2 ** (attempt - 1));
  return Math.round(ceilingMs / 2 + (random() * ceilingMs) / 2);
}
