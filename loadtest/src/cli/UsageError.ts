/**
 * Owns the one error that ends a run before it begins, or as soon as the cause shows: a line for the person at the keyboard.
 * Does not own exit codes (main.ts).
 */

/** Something that the user can mend; the message says what is wrong and what to do. Ends the tool with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
