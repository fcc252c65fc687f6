/**
 * Owns identity of snapshot parts: what did not change stays the same object, so that nobody renders it again.
 * Does not own what is in them.
 */

/** `before` if every field of `next` is identical in it, else `next`. */
export function keep<T extends object>(before: T | undefined, next: T): T {
  if (!before) return next;
  const fields = new Set([...Object.keys(before), ...Object.keys(next)]);
  for (const field of fields) {
    if (Reflect.get(before, field) !== Reflect.get(next, field)) return next;
  }
  return before;
}

/** `before` if it has the same items in the same order, else `next`. */
export const keepList = <T>(before: readonly T[], next: readonly T[]): readonly T[] =>
  before.length === next.length && next.every((item, index) => item === before[index]) ? before : next;
