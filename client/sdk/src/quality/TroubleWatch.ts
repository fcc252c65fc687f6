/**
 * Owns how long a sign of trouble must last until people are told, and how long it must be gone until they are not.
 * Does not own the signs (verdict.ts) nor when they are looked for.
 */

/** Signs that count. */
const WINDOW = 4;
const ENOUGH = 3;
/** Signs in a row without trouble that end it: 6 s. */
const CLEAR = 3;

/** One sign every two seconds in, one trouble (or none) out that does not flicker. */
export class TroubleWatch<T extends string> {
  #signs: readonly (T | undefined)[] = [];
  #trouble: T | undefined;

  /** What is told now. */
  get trouble(): T | undefined {
    return this.#trouble;
  }

  /** Takes the next sign and gives what is to be told from now on. */
  add(sign: T | undefined): T | undefined {
    this.#signs = [...this.#signs.slice(1 - WINDOW), sign];
    const times = (wanted: T | undefined): number => this.#signs.filter((seen) => seen === wanted).length;
    if (sign !== undefined && times(sign) >= ENOUGH) this.#trouble = sign;
    else if (this.#signs.length >= CLEAR && this.#signs.slice(-CLEAR).every((seen) => seen === undefined)) {
      this.#trouble = undefined;
    }
    return this.#trouble;
  }
}
