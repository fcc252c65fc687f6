/**
 * Owns the mapping of errors to HTTP: status, and the body in the shape that sockets use too (`WireError`).
 * Does not own the codes: they are in @parley/protocol.
 */
import { randomUUID } from 'node:crypto';
import { CallError, type ErrorCode, type WireError } from '@parley/protocol';
import type { HttpLog } from './ports.ts';

const statusOf: Record<ErrorCode, number> = {
  unauthenticated: 401,
  forbidden: 403,
  'invalid-request': 400,
  'invalid-state': 409,
  'not-found': 404,
  unsupported: 422,
  'incompatible-version': 426,
  capacity: 503,
  'rate-limited': 429,
  unavailable: 503,
  timeout: 504,
  internal: 500,
  // Made by clients only; a server that throws one has a fault.
  'device-denied': 500,
  'device-missing': 500,
  'device-busy': 500,
  'ice-failed': 500,
};

/** What an HTTP error answers with. */
export interface HttpErrorReply {
  readonly status: number;
  readonly body: { readonly error: WireError };
}

const replyOf = (error: CallError, status = statusOf[error.code]): HttpErrorReply => ({
  status,
  body: {
    error: {
      code: error.code,
      message: error.message,
      retryable: error.retryable,
      ...(error.details && { details: error.details }),
    },
  },
});

/** The reply to a path that does not exist. */
export const notFoundReply = (): HttpErrorReply =>
  replyOf(new CallError('not-found', 'There is no such page.', { details: { what: 'page' } }));

/**
 * Turns whatever a handler threw into a reply. Refusals of the HTTP layer (4xx) become `invalid-request` with their own
 * status; anything unknown becomes `internal` with a reference under which the log has the cause.
 */
export function toHttpError(error: unknown, log: HttpLog): HttpErrorReply {
  if (error instanceof CallError) return replyOf(error);
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status === 404) return notFoundReply();
  if (status >= 400 && status < 500) {
    return replyOf(new CallError('invalid-request', 'The request was refused.'), status);
  }
  const reference = randomUUID();
  log.error({ err: error, reference }, 'an HTTP request failed');
  return replyOf(
    new CallError('internal', 'Something went wrong on the server.', { details: { reference } }),
  );
}
