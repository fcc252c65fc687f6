/**
 * Owns what the HTTP side needs from the rest of the process, as interfaces.
 * Does not own their implementations: main.ts passes the logger, the readiness and the WebSocket endpoint in.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** The part of the process logger that is used here (pino's shape). */
export interface HttpLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Whether one part of the process can do its work now. */
export interface PartState {
  readonly ready: boolean;
  /** Why not, in a few words that may be shown to anybody who asks; no secrets, no addresses. */
  readonly reason?: string;
}

/** Part -> state, for example `media`, `chat`. The process is ready when all are. */
export type Readiness = Readonly<Record<string, PartState>>;

/**
 * Takes over the socket of an upgrade request for `/ws`; from then on it owns the socket.
 * `clientAddress` is the client's address with trusted proxies taken into account.
 */
export type UpgradeHandler = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  clientAddress: string,
) => void;
