/**
 * Owns the one mapping of mediasoup's errors to ours. Does not own when a call is given up: see MediaWorker.
 */
import { CallError, type ErrorCode } from '@parley/protocol';
import { errors } from 'mediasoup';

/**
 * @param refusedAs the code for what the worker refused in its own words: whose fault that is depends on the call
 *   (`invalid-request` where a client's parameters were passed on, `unavailable` where they were ours).
 */
export function toCallError(error: unknown, refusedAs: ErrorCode): CallError {
  if (error instanceof CallError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = ((): ErrorCode => {
    if (error instanceof errors.WorkerClosedError) return 'unavailable';
    // What the call named was closed while it was on its way.
    if (error instanceof errors.NotFoundError) return 'not-found';
    // TypeError and UnsupportedError come from mediasoup's own checks, Error from the worker.
    return refusedAs;
  })();
  return new CallError(code, message, { cause: error });
}

/** `not-found`, saying what was not: transport, publication, consumer ... */
export const notFound = (what: string): CallError =>
  new CallError('not-found', `no such ${what}`, { details: { what } });

/** `invalid-request`, saying why. */
export const invalidRequest = (message: string): CallError => new CallError('invalid-request', message);
