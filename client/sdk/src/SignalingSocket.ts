/**
 * Owns the one WebSocket of a call: connect, `hello`, heartbeat, reconnect to the same session, frames to typed replies and
 * notifications. Does not own what they mean: the call takes the seat and folds the events.
 */
import {
  CallError,
  closeCodes,
  isNotificationName,
  type NotificationData,
  type NotificationName,
  notifications,
  PROTOCOL_VERSION,
  type RequestData,
  type RequestName,
  type RequestReply,
  ServerFrame,
} from '@parley/protocol';
import { backoffMs } from './backoff.ts';
import { Heartbeat } from './Heartbeat.ts';
import { PendingRequests } from './PendingRequests.ts';
import { toCallError } from './toCallError.ts';
import type { CallFailure } from './types.ts';

/** From the attempt to connect to the answer to `hello`. */
const CONNECT_TIME_LIMIT_MS = 8000;
/** A socket that stood this long is no part of a series of failures. */
const STABLE_AFTER_MS = 5000;
/** A server that closes with `rateLimited` is left alone at least this long. */
const RATE_LIMIT_PAUSE_MS = 5000;

/** Closes a socket that is given up: 1000 would mean that the seat is, too. */
const GIVEN_UP = 4000;

/** The part of a WebSocket that is used; tests bring their own. */
export type SocketLike = Pick<WebSocket, 'readyState' | 'send' | 'close' | 'addEventListener'>;

/** A handler for every notification of the protocol's table. */
export type NotificationHandlers = { readonly [N in NotificationName]: (data: NotificationData<N>) => void };

/** Why a session is over for good. */
export interface SessionEnd {
  readonly reason: 'removed' | 'replaced' | 'error';
  readonly failure?: CallFailure;
}

/** What the socket tells its owner. */
export interface SignalingEvents {
  /** A socket stands; nothing was said on it yet. */
  opened(): void;
  /** A socket speaks for the session now (the first, or a later one): take the seat, then call `seatTaken`. */
  welcomed(hello: RequestReply<'hello'>): void;
  /** The socket is gone and another attempt is due. */
  interrupted(attempt: number, nextAttemptAtMs: number): void;
  /** The latest positions, with each heartbeat. */
  pinged(reply: RequestReply<'ping'>): void;
  /** No socket will follow. Once, after everything else. */
  ended(end: SessionEnd): void;
  readonly notifications: NotificationHandlers;
}

/** Where to connect and as whom. */
export interface SignalingOptions {
  readonly url: string;
  readonly token?: string | undefined;
  /** Of a session that a reload interrupted. */
  readonly resumeToken?: string | undefined;
  readonly connect?: (url: string) => SocketLike;
}

type State =
  | { readonly phase: 'idle' }
  | { readonly phase: 'waiting'; readonly timer: ReturnType<typeof setTimeout> }
  | {
      readonly phase: 'connecting';
      readonly socket: SocketLike;
      readonly limit: ReturnType<typeof setTimeout>;
    }
  | {
      readonly phase: 'open';
      readonly socket: SocketLike;
      readonly heartbeat: Heartbeat;
      readonly sinceMs: number;
    }
  | { readonly phase: 'closed' };

/** A session's connection to whichever node answers. */
export class SignalingSocket {
  readonly #options: SignalingOptions;
  readonly #events: SignalingEvents;
  readonly #requests = new PendingRequests();
  #state: State = { phase: 'idle' };
  #attempt = 0;
  #resumeToken: string | undefined;
  #sessionId: string | undefined;

  constructor(options: SignalingOptions, events: SignalingEvents) {
    this.#options = options;
    this.#events = events;
    this.#resumeToken = options.resumeToken;
  }

  /** Starts connecting; does nothing when that has begun. */
  open(): void {
    if (this.#state.phase === 'idle') this.#connect();
  }

  /**
   * Asks the server. Requests that need the seat wait for it, outlive a lost socket and are sent again with the same id.
   * @param timeLimitMs for the answer, while a socket is open. Default 10 s.
   * @throws CallError as the server says, or `timeout`, `unavailable`, or what ended the session.
   */
  request<N extends RequestName>(
    name: N,
    data: RequestData<N>,
    timeLimitMs?: number,
  ): Promise<RequestReply<N>> {
    return this.#requests.ask(name, data, timeLimitMs);
  }

  /** The seat is taken on this socket: requests that waited for it go out. */
  seatTaken(): void {
    this.#requests.seatTaken();
  }

  /** The network or the tab came back: look at once instead of at the next tick. */
  wake(): void {
    if (this.#state.phase === 'waiting') {
      clearTimeout(this.#state.timer);
      this.#connect();
    } else if (this.#state.phase === 'open') this.#state.heartbeat.probe();
  }

  /** Gives up this socket and connects anew; for an owner that could not take its seat on it. */
  reconnect(): void {
    if (this.#state.phase === 'open') this.#lost(0);
  }

  /** Closes for good, without `ended`. Idempotent. */
  close(error: CallError = new CallError('invalid-state', 'The call is over')): void {
    if (this.#state.phase === 'closed') return;
    const socket = this.#leaveSocket();
    this.#state = { phase: 'closed' };
    this.#requests.close(error);
    if (socket) closeQuietly(socket, 1000);
  }

  /** Closes, but keeps the session: `open` continues it. For a page that the browser puts aside. */
  suspend(): void {
    if (this.#state.phase === 'closed') return;
    const socket = this.#leaveSocket();
    this.#state = { phase: 'idle' };
    if (socket) closeQuietly(socket, 1000);
  }

  #connect(): void {
    const connect = this.#options.connect ?? ((url: string) => new WebSocket(url));
    this.#attempt += 1;
    let socket: SocketLike;
    try {
      socket = connect(this.#options.url);
    } catch (error) {
      this.#end({ reason: 'error', failure: { code: 'unsupported', message: toCallError(error).message } });
      return;
    }
    const limit = setTimeout(() => this.#lost(0), CONNECT_TIME_LIMIT_MS);
    this.#state = { phase: 'connecting', socket, limit };
    // Events of a socket that was given up mean nothing: it may report its close minutes later.
    const current = (): boolean => 'socket' in this.#state && this.#state.socket === socket;
    socket.addEventListener('open', () => current() && this.#hello(socket));
    socket.addEventListener('message', (event) => current() && this.#handleFrame(event.data));
    socket.addEventListener('close', (event) => current() && this.#lost(event.code));
  }

  async #hello(socket: SocketLike): Promise<void> {
    this.#events.opened();
    this.#requests.attach((frame) => socket.send(frame));
    try {
      const hello = await this.#requests.ask('hello', {
        protocolVersion: PROTOCOL_VERSION,
        ...(this.#options.token !== undefined && { token: this.#options.token }),
        ...(this.#resumeToken !== undefined && { resumeToken: this.#resumeToken }),
      });
      if (this.#state.phase !== 'connecting' || this.#state.socket !== socket) return;
      clearTimeout(this.#state.limit);
      const heartbeat = new Heartbeat(hello.pingIntervalMs, {
        ping: () => void this.#requests.ask('ping', {}).then(this.#events.pinged, () => undefined),
        dead: () => this.#lost(0),
      });
      this.#state = { phase: 'open', socket, heartbeat, sinceMs: Date.now() };
      if (this.#sessionId !== undefined && this.#sessionId !== hello.sessionId) this.#requests.sessionLost();
      this.#sessionId = hello.sessionId;
      this.#resumeToken = hello.resumeToken;
      this.#events.welcomed(hello);
    } catch (error) {
      if (!('socket' in this.#state) || this.#state.socket !== socket) return;
      const { code, message, retryable } = toCallError(error);
      if (retryable) this.#lost(0);
      else this.#end({ reason: 'error', failure: { code, message } });
    }
  }

  #handleFrame(text: unknown): void {
    if (this.#state.phase === 'open') this.#state.heartbeat.handleFrame();
    const frame = parseFrame(text);
    if (!frame) return;
    if ('id' in frame) this.#requests.handleReply(frame);
    else if (isNotificationName(frame.name)) this.#notify(frame.name, frame.data);
  }

  #notify<N extends NotificationName>(name: N, data: unknown): void {
    const parsed = notifications[name].safeParse(data);
    // One that does not parse is as good as lost; facts come again from the log, moments may be lost.
    if (parsed.success) this.#events.notifications[name](parsed.data as NotificationData<N>);
  }

  /** @param code of the close frame; 0 when the socket was given up from this side. */
  #lost(code: number): void {
    const end = endOf(code);
    if (end) {
      this.#end(end);
      return;
    }
    if (this.#state.phase === 'open' && Date.now() - this.#state.sinceMs >= STABLE_AFTER_MS)
      this.#attempt = 0;
    const socket = this.#leaveSocket();
    if (socket) closeQuietly(socket, GIVEN_UP);
    const pauseMs = code === closeCodes.rateLimited ? RATE_LIMIT_PAUSE_MS : 0;
    const delayMs = Math.max(pauseMs, backoffMs(this.#attempt + 1));
    this.#state = { phase: 'waiting', timer: setTimeout(() => this.#connect(), delayMs) };
    this.#events.interrupted(this.#attempt + 1, Date.now() + delayMs);
  }

  #end(end: SessionEnd): void {
    const { code, message } = end.failure ?? { code: 'invalid-state' as const, message: 'The call is over' };
    this.close(new CallError(code, message));
    this.#events.ended(end);
  }

  #leaveSocket(): SocketLike | undefined {
    const state = this.#state;
    if (state.phase === 'waiting') clearTimeout(state.timer);
    if (state.phase === 'connecting') clearTimeout(state.limit);
    if (state.phase === 'open') state.heartbeat.stop();
    // Before `close`, whose event may come at once: nothing of this socket counts any more.
    this.#state = { phase: 'idle' };
    this.#requests.detach();
    return 'socket' in state ? state.socket : undefined;
  }
}

/** Closes now, or as soon as it stands: browsers log an error for a socket that is closed while it connects. */
function closeQuietly(socket: SocketLike, code: number): void {
  if (socket.readyState === WebSocket.CONNECTING) socket.addEventListener('open', () => socket.close(code));
  else socket.close(code);
}

function parseFrame(text: unknown): ServerFrame | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    return ServerFrame.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Close codes after which connecting again is pointless or wrong. All others, 1006 among them, mean: resume. */
function endOf(code: number): SessionEnd | undefined {
  switch (code) {
    case closeCodes.kicked:
      return { reason: 'removed' };
    case closeCodes.replaced:
      return { reason: 'replaced' };
    case closeCodes.unauthenticated:
      return {
        reason: 'error',
        failure: { code: 'unauthenticated', message: 'The server refused the session' },
      };
    case closeCodes.incompatibleVersion:
      return {
        reason: 'error',
        failure: { code: 'incompatible-version', message: 'The page is older or newer than the server' },
      };
    default:
      return undefined;
  }
}
