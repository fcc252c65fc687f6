/**
 * Owns times without something that should come all the time: how often longer than a limit, how long in sum, the longest.
 * Does not own what should come (VideoAccount: frames).
 */

/** How long a publication that began, or goes on after a mute, may take to its first frame before that counts. */
const START_MS = 1000;

/** Freezes of one track. */
export class Pauses {
  readonly #limitMs: number;
  #isExpected = false;
  #lastMs = 0;
  /** Until then its beginning is waited for. */
  #beginsByMs = 0;
  #count = 0;
  #sumMs = 0;
  #longestMs = 0;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** It came. */
  came(nowMs: number): void {
    const sinceMs = this.#since(nowMs);
    this.#lastMs = nowMs;
    this.#beginsByMs = 0;
    if (sinceMs <= this.#limitMs) return;
    this.#count += 1;
    this.#sumMs += sinceMs;
    if (sinceMs > this.#longestMs) this.#longestMs = sinceMs;
  }

  /** From now on it should come. */
  expect(nowMs: number): void {
    if (this.#isExpected) return;
    this.#isExpected = true;
    this.#lastMs = nowMs;
    this.#beginsByMs = nowMs + START_MS;
  }

  /** From now on it need not come; what lasts now ends here. */
  excuse(nowMs: number): void {
    this.came(nowMs);
    this.#isExpected = false;
  }

  /** How often, one that lasts included. */
  count(nowMs: number): number {
    return this.#count + (this.#since(nowMs) > this.#limitMs ? 1 : 0);
  }

  sumMs(nowMs: number): number {
    const sinceMs = this.#since(nowMs);
    return this.#sumMs + (sinceMs > this.#limitMs ? sinceMs : 0);
  }

  longestMs(nowMs: number): number {
    const sinceMs = this.#since(nowMs);
    return sinceMs > this.#limitMs ? Math.max(this.#longestMs, sinceMs) : this.#longestMs;
  }

  #since(nowMs: number): number {
    return this.#isExpected && nowMs >= this.#beginsByMs ? nowMs - this.#lastMs : 0;
  }
}
