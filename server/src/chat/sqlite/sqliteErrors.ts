/**
 * Owns what SQLite's result codes mean to the store: whose fault an error is.
 * Does not own what is done about it (the worker decides).
 */

// https://sqlite.org/rescode.html: the low byte is the primary code.
const BUSY = 5;
const TOO_BIG = 18;
const CONSTRAINT = 19;
const MISMATCH = 20;

/** The primary result code of an error of node:sqlite; undefined for any other error. */
const primaryCode = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined;

/** Somebody else holds the lock. */
export const isBusy = (error: unknown): boolean => primaryCode(error) === BUSY;

/**
 * SQLite reported more than a refused row (I/O, full disk, corruption, no memory ...): the transaction, and the connection, are
 * in doubt. Other errors (ours, or a value that cannot be bound) leave both sound.
 */
export const isConnectionFault = (error: unknown): boolean => {
  const code = primaryCode(error);
  return code !== undefined && code !== TOO_BIG && code !== CONSTRAINT && code !== MISMATCH;
};
