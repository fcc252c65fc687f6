/**
 * Owns requests from the moment they are asked until their answer: ids, time limits, and sending again what a lost socket
 * left without an answer, with the same id. Does not own the socket.
 */
import {
  CallError,
  type RequestData,
  type RequestName,
  type RequestReply,
  requests,
  type WireError,
} from '@parley/protocol';
import { requestIds } from './randomIds.ts';

/** How long an answer may take on a socket that is open. */
const DEFAULT_TIME_LIMIT_MS = 10_000;

/** What belongs to one socket and is asked anew on the next; all other requests need the seat and outlive sockets. */
const perSocket: ReadonlySet<RequestName> = new Set(['hello', 'ping', 'join', 'leave']);

/** Puts one frame on the wire. */
export type SendFrame = (text: string) => void;

interface Pending {
  readonly name: RequestName;
  readonly frame: string;
  readonly timeLimitMs: number;
  readonly resolve: (ok: unknown) => void;
  readonly reject: (error: CallError) => void;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** All requests of one session that wait for an answer, in the order in which they were asked. */
export class PendingRequests {
  readonly #pending = new Map<string, Pending>();
  readonly #nextId = requestIds();
  #send: SendFrame | undefined;
  #seated = false;
  #closedBy: CallError | undefined;

  /**
   * Asks. What needs the seat waits for {@link seatTaken}; the time limit runs only while the request is on the wire.
   * @throws CallError as the server says, `timeout`, or `unavailable` when its socket or session was lost.
   */
  ask<N extends RequestName>(
    name: N,
    data: RequestData<N>,
    timeLimitMs: number = DEFAULT_TIME_LIMIT_MS,
  ): Promise<RequestReply<N>> {
    return new Promise<RequestReply<N>>((resolve, reject) => {
      if (this.#closedBy) throw this.#closedBy;
      if (perSocket.has(name) && !this.#send) throw new CallError('unavailable', 'Not connected');
      const id = this.#nextId();
      const pending: Pending = {
        name,
        frame: JSON.stringify({ id, name, data }),
        timeLimitMs,
        // Parsed by the schema of the same name in handleReply.
        resolve: (ok) => resolve(ok as RequestReply<N>),
        reject,
        timer: undefined,
      };
      this.#pending.set(id, pending);
      if (perSocket.has(name) || this.#seated) this.#transmit(id, pending);
    });
  }

  /** A socket is open: what belongs to it may be sent. */
  attach(send: SendFrame): void {
    this.#send = send;
  }

  /** The session has its seat on this socket: everything that waits goes out, in the order in which it was asked. */
  seatTaken(): void {
    if (!this.#send || this.#seated) return;
    this.#seated = true;
    for (const [id, pending] of this.#pending) {
      if (!perSocket.has(pending.name)) this.#transmit(id, pending);
    }
  }

  /** The socket is gone: what belonged to it fails, the rest waits for the next one. */
  detach(): void {
    this.#send = undefined;
    this.#seated = false;
    for (const [id, pending] of this.#pending) {
      clearTimeout(pending.timer);
      if (perSocket.has(pending.name))
        this.#settle(id)?.reject(new CallError('unavailable', 'Connection lost'));
    }
  }

  /** Another session took over: what the old one asked has no meaning in it. */
  sessionLost(): void {
    for (const [id, { name }] of this.#pending) {
      if (!perSocket.has(name))
        this.#settle(id)?.reject(new CallError('unavailable', 'The session was lost'));
    }
  }

  /** An answer came in. One that nobody waits for any more is ignored. */
  handleReply(
    frame: { readonly id: string } & ({ readonly error: WireError } | { readonly ok: unknown }),
  ): void {
    const pending = this.#settle(frame.id);
    if (!pending) return;
    if ('error' in frame) {
      const { code, message, details } = frame.error;
      pending.reject(new CallError(code, message, details && { details }));
      return;
    }
    const parsed = requests[pending.name].reply.safeParse(frame.ok);
    if (parsed.success) pending.resolve(parsed.data);
    else {
      const message = `The reply to ${pending.name} has another form than this client knows`;
      pending.reject(new CallError('incompatible-version', message, { cause: parsed.error }));
    }
  }

  /** Fails everything, now and later. */
  close(error: CallError): void {
    this.#closedBy = error;
    this.#send = undefined;
    for (const id of this.#pending.keys()) this.#settle(id)?.reject(error);
  }

  #transmit(id: string, pending: Pending): void {
    pending.timer = setTimeout(() => {
      const message = `No answer to ${pending.name} within ${pending.timeLimitMs} ms`;
      this.#settle(id)?.reject(new CallError('timeout', message));
    }, pending.timeLimitMs);
    this.#send?.(pending.frame);
  }

  #settle(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending) {
      clearTimeout(pending.timer);
      this.#pending.delete(id);
    }
    return pending;
  }
}
