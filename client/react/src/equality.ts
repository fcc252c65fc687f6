/**
 * Owns comparisons for slices of a snapshot. Does not own what is compared.
 */

/** Whether two lists have the same items (by identity) in the same order. */
export function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => Object.is(item, b[index]));
}
