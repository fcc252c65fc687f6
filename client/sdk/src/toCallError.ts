/**
 * Owns the mapping of foreign errors (the browser's, mediasoup-client's, anything thrown) to CallError, once, at the SDK's edge.
 * Does not own texts for people.
 */
import { CallError, type ErrorCode } from '@parley/protocol';

const deviceErrors: Readonly<Record<string, ErrorCode>> = {
  NotAllowedError: 'device-denied',
  SecurityError: 'device-denied',
  NotFoundError: 'device-missing',
  OverconstrainedError: 'device-missing',
  NotReadableError: 'device-busy',
  AbortError: 'device-busy',
  // Not in a secure context, or a document that is not active.
  TypeError: 'unsupported',
  InvalidStateError: 'unsupported',
};

/** What getUserMedia and getDisplayMedia reject with, by name (W3C Media Capture and Streams). */
export function deviceError(error: unknown): CallError {
  if (error instanceof CallError) return error;
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return new CallError(deviceErrors[name] ?? 'device-busy', message || name, { cause: error });
}

/** Anything else. mediasoup-client's UnsupportedError keeps its meaning. */
export function toCallError(error: unknown): CallError {
  if (error instanceof CallError) return error;
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return new CallError(name === 'UnsupportedError' ? 'unsupported' : 'internal', message || name, {
    cause: error,
  });
}
