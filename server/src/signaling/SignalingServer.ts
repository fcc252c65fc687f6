/**
 * Owns the way from an upgrade request to a session: the WebSocket handshake, `hello`, and the orderly end of all sockets.
 * Does not own frames (Connection), requests (dispatch) nor the HTTP server.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  CallError,
  closeCodes,
  MAX_FRAME_BYTES,
  PROTOCOL_VERSION,
  type RequestFrame,
} from '@parley/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Authenticator } from '../identity.ts';
import { refuseUpgrade } from '../refuseUpgrade.ts';
import { toCallError } from '../toWireError.ts';
import { Connection, type ConnectionEnd } from './Connection.ts';
import { Dispatcher, parseData, type RequestLimits } from './dispatch.ts';
import type { Services } from './ports.ts';
import { addressGroup, type BucketRate, KeyedBuckets } from './rateLimit.ts';
import type { Session } from './Session.ts';
import { SessionRegistry } from './SessionRegistry.ts';

/** Every limit of the signaling side. */
export interface SignalingLimits extends RequestLimits {
  /** New sockets per address, before anybody is known; generous, because an office is one address. */
  readonly address: BucketRate;
  readonly pingIntervalMs: number;
  readonly helloTimeoutMs: number;
}

/** What production uses, besides the settings. */
export const defaultLimits: Omit<SignalingLimits, 'address'> = {
  session: { burst: 200, perSecond: 50 },
  identity: { burst: 1_000, perSecond: 200 },
  chat: { burst: 30, perSecond: 10 },
  // A client reports every 10 s, and when its trouble changes.
  quality: { burst: 8, perSecond: 0.5 },
  view: { burst: 30, perSecond: 10 },
  speech: { burst: 5, perSecond: 2 },
  pingIntervalMs: 10_000,
  helloTimeoutMs: 5_000,
};

/** The parts that it works with. */
export interface SignalingServerOptions {
  readonly services: Services;
  readonly authenticator: Authenticator;
  readonly graceMs: number;
  readonly limits: SignalingLimits;
}

/** RFC 6455: an unexpected condition; the client comes back later, as after 1006. */
const INTERNAL_ERROR = 1011;
/** Frames that may wait while `hello` is being verified. */
const MAX_EARLY_FRAMES = 32;

/** All signaling sockets of a process. */
export class SignalingServer {
  readonly #options: SignalingServerOptions;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    clientTracking: false,
  });
  readonly #sessions: SessionRegistry;
  readonly #dispatcher: Dispatcher;
  readonly #addresses: KeyedBuckets;
  /** Those that have not said hello yet. */
  readonly #strangers = new Set<Connection>();
  #closed = false;

  constructor(options: SignalingServerOptions) {
    this.#options = options;
    const { engine, hub, clock, log } = options.services;
    const { graceMs, limits } = options;
    this.#sessions = new SessionRegistry({ engine, hub, clock, log, graceMs, requestRate: limits.session });
    this.#dispatcher = new Dispatcher(options.services, limits);
    this.#addresses = new KeyedBuckets(limits.address, clock);
  }

  /** Takes over the socket of an upgrade request for `/ws`. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, clientAddress: string): void {
    const retryAfterMs = this.#addresses.take(addressGroup(clientAddress));
    if (this.#closed || retryAfterMs > 0) {
      const status = this.#closed ? '503 Service Unavailable' : '429 Too Many Requests';
      refuseUpgrade(socket, status, Math.ceil(retryAfterMs / 1000));
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#accept(webSocket));
  }

  /** Sends everybody away with `draining`. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#sessions.drain();
    for (const connection of [...this.#strangers]) connection.close(closeCodes.draining, 'shutting down');
  }

  #accept(webSocket: WebSocket): void {
    const { clock, log } = this.#options.services;
    const { pingIntervalMs, helloTimeoutMs } = this.#options.limits;
    let session: Session | undefined;
    let early: RequestFrame[] | undefined;

    const handle = (frame: RequestFrame) => {
      if (session) this.#dispatcher.dispatch(session, connection, frame);
      else if (!early) void greet(frame);
      else if (early.length < MAX_EARLY_FRAMES) early.push(frame);
      else connection.close(closeCodes.badFrame, 'too many frames before hello was answered');
    };
    const connection = new Connection(webSocket, {
      clock,
      pingIntervalMs,
      onFrame: handle,
      onEnd: (end: ConnectionEnd) => {
        cancelTimeout();
        this.#strangers.delete(connection);
        session?.disconnect(connection, end);
      },
    });
    this.#strangers.add(connection);
    const cancelTimeout = clock.setTimeout(
      () => connection.close(closeCodes.unauthenticated, 'no hello in time'),
      helloTimeoutMs,
    );

    const greet = async (frame: RequestFrame) => {
      early = [];
      try {
        session = await this.#hello(connection, frame);
      } catch (raw) {
        const error = toCallError(raw);
        if (error.code === 'internal') log.error({ err: error.cause, ...error.details }, 'hello failed');
        refuseHello(connection, frame.id, error);
      }
      const waiting = early;
      early = undefined;
      if (session) {
        cancelTimeout();
        this.#strangers.delete(connection);
      }
      // Without a session the next one of them may be the hello.
      for (const next of waiting) if (!connection.ended) handle(next);
    };
  }

  /** Connects the session of a `hello`; undefined when the socket went away meanwhile. */
  async #hello(connection: Connection, frame: RequestFrame): Promise<Session | undefined> {
    if (frame.name !== 'hello') throw new CallError('invalid-state', 'Say hello first');
    assertVersion(frame.data);
    const parsed = parseData('hello', frame.data);
    if (!parsed.ok) throw parsed.error;
    const { token, resumeToken } = parsed.data;
    const { authenticator, graceMs, limits } = this.#options;
    const authenticated = await authenticator.authenticate({
      ...(token !== undefined && { token }),
      ...(resumeToken !== undefined && { resumeToken }),
    });
    const { sessionId, identity, resumed } = authenticated;
    const nextResumeToken = await authenticator.issueResumeToken(sessionId, identity);
    if (connection.ended || this.#closed) return undefined;
    const session = this.#sessions.open(authenticated);
    session.connect(connection, identity);
    const { userId, displayName, roomId, role, grants, guest } = identity;
    connection.reply(frame.id, {
      sessionId,
      resumeToken: nextResumeToken,
      resumed,
      userId,
      ...(displayName !== undefined && { displayName }),
      ...(roomId !== undefined && { roomId }),
      role,
      grants,
      guest,
      pingIntervalMs: limits.pingIntervalMs,
      graceMs,
    });
    return session;
  }
}

/** Before the rest is parsed: another version's hello may well look different. */
function assertVersion(data: unknown): void {
  if (typeof data !== 'object' || data === null || !('protocolVersion' in data)) return;
  const { protocolVersion } = data;
  if (typeof protocolVersion === 'number' && protocolVersion !== PROTOCOL_VERSION) {
    throw new CallError('incompatible-version', `This server speaks version ${PROTOCOL_VERSION}`);
  }
}

function refuseHello(connection: Connection, id: string, error: CallError): void {
  if (error.code === 'invalid-request' || error.code === 'invalid-state') {
    connection.refuseBadFrame(id, error);
    return;
  }
  connection.refuse(id, error);
  if (error.code === 'incompatible-version') {
    connection.close(closeCodes.incompatibleVersion, 'another protocol version');
  } else if (error.code === 'unauthenticated') connection.close(closeCodes.unauthenticated, error.code);
  else connection.close(INTERNAL_ERROR, error.code);
}
