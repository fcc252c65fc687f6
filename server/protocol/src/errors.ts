/**
 * Owns every error code and close code of Parley, and the one error class that carries them.
 * Does not own their texts in the UI (chosen by code in the app) nor the mapping of foreign errors (each edge does its own).
 */

/** What a person, an integrator and an operator see alike when something is refused; each names the cause. */
const errorCodes = {
  /** No, or no valid, credentials. */
  unauthenticated: { retryable: false },
  /** Known, but not allowed to do this. */
  forbidden: { retryable: false },
  /** The request does not fit its schema, or its name is unknown; `details.path` says where. */
  'invalid-request': { retryable: false },
  /** Well formed, but not now: not joined, joined twice, already closed. */
  'invalid-state': { retryable: false },
  /** `details.what` says what was not found: room, peer, publication, transport ... */
  'not-found': { retryable: false },
  /** This deployment or this browser cannot do it. */
  unsupported: { retryable: false },
  /** Client and server speak different major versions: reload the page. */
  'incompatible-version': { retryable: false },
  /** Full; `details.retryAfterMs` where known. */
  capacity: { retryable: true },
  /** Too much, too fast; `details.retryAfterMs`. */
  'rate-limited': { retryable: true },
  /** A part is gone for the moment: a worker, a database, a node that drains. */
  unavailable: { retryable: true },
  /** No answer in time. */
  timeout: { retryable: true },
  /** A fault of ours; `details.reference` is the id under which the log has the cause. */
  internal: { retryable: false },
  /** Client only: the person or the system refused the device. */
  'device-denied': { retryable: false },
  /** Client only: there is no such device. */
  'device-missing': { retryable: false },
  /** Client only: another program holds the device. */
  'device-busy': { retryable: true },
  /** Client only: no network path to the media server was found. */
  'ice-failed': { retryable: true },
} as const;

/** One of the codes above. */
export type ErrorCode = keyof typeof errorCodes;

/** All codes, for schemas and tables. */
export const errorCodeNames = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]];

/** Extra facts on an error: small and safe to show to whoever made the request. */
export type ErrorDetails = Record<string, string | number | boolean>;

/** The one error class of the platform. `message` is for logs and developers; people read a text chosen by `code`. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: ErrorCode;
  /** Whether the same request may succeed later without a change. */
  readonly retryable: boolean;
  readonly details: ErrorDetails | undefined;

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = errorCodes[code].retryable;
    this.details = options.details;
  }
}

/** WebSocket close codes. Only `draining` means "reconnect elsewhere at once"; `tooSlow` and 1006 mean "resume". */
export const closeCodes = {
  /** Repeated frames that do not parse. */
  badFrame: 4400,
  /** No valid `hello` in time, or a token that does not verify. */
  unauthenticated: 4401,
  /** Removed by a host. */
  kicked: 4403,
  /** The reader did not keep up with what was sent: resume from the log. */
  tooSlow: 4408,
  /** The same session said hello on another socket, which goes on with it. */
  replaced: 4409,
  /** Another major protocol version: reload the page. */
  incompatibleVersion: 4426,
  /** Requests far above the limits. */
  rateLimited: 4429,
  /** This node shuts down. */
  draining: 4503,
} as const;
