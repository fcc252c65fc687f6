/**
 * Owns what the HTTP side needs from the rest of the process, as interfaces.
 * Does not own their implementations: main.ts passes the logger, the readiness and the WebSocket endpoint in.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { QualityPage, QualityQuery } from '../quality/ports.ts';

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

/** What the HTTP API answers with. Calls fail with a CallError. */
export interface ApiPort {
  /** Whose token it is. Fails with `unauthenticated`, or with `forbidden` when it is for something else. */
  authorize(token: string, scope: 'quality:read'): Promise<{ tenant: string }>;
  /** A page of a room's quality records. */
  quality(query: QualityQuery): Promise<QualityPage>;
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
