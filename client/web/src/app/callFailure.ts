/**
 * Owns turning whatever was thrown into a failure with a code. Does not own texts.
 */
import { CallError, type CallFailure } from '@parley/client';

/** The failure behind a thrown value; what is not a CallError is a fault of ours. */
export const failureOf = (error: unknown): CallFailure =>
  error instanceof CallError
    ? { code: error.code, message: error.message }
    : { code: 'internal', message: String(error) };
