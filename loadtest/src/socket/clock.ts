/**
 * Owns the clock that bots of different processes share: the machine's, with fractions of a millisecond.
 * Does not own the clocks of other machines: times are compared only among bots.
 */

/** Milliseconds since 1970. */
export const nowMs = (): number => performance.timeOrigin + performance.now();
