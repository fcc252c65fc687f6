/**
 * Owns the error of a start that failed for a cause which the operator can mend.
 * Does not own the exit: main.ts prints `message` (one line) and exits with 1, without a stack.
 */

/** One line that names the cause and the setting to change. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** The `code` of a Node system error (`EADDRINUSE`, `ENOENT` ...), if it has one. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
