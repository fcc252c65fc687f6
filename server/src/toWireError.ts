/**
 * Owns how an error looks on the wire.
 * Does not own error codes (protocol/src/errors.ts) nor logging: dispatch and RpcServer log what is `internal`.
 */
import { CallError, type WireError } from '@parley/protocol';

/** The part of an error that its asker may see: never the cause, never a stack. */
export const toWireError = ({ code, message, retryable, details }: CallError): WireError => ({
  code,
  message,
  retryable,
  ...(details && { details }),
});

/** Any failure as a CallError; what is not one already is ours to find, under a reference that the log has too. */
export function toCallError(error: unknown): CallError {
  if (error instanceof CallError) return error;
  const reference = crypto.randomUUID();
  return new CallError('internal', 'Something went wrong on the server', {
    details: { reference },
    cause: error,
  });
}
