/**
 * Owns one WebSocket: bytes to request frames and back, heartbeat, the limits on size, rubbish and unread backlog.
 * Does not own who is behind it, what a request means, nor what goes out first (OutboundLanes).
 */
import {
  CallError,
  closeCodes,
  type NotificationData,
  type NotificationName,
  RequestFrame,
  RequestId,
} from '@parley/protocol';
import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../clock.ts';
import { toWireError } from '../toWireError.ts';
import { type OutboundLane, OutboundLanes } from './OutboundLanes.ts';
import { type BucketRate, TokenBucket } from './rateLimit.ts';

/** Why and how a connection ended. */
export interface ConnectionEnd {
  readonly code: number;
  /** Whether this side ended it. */
  readonly byServer: boolean;
}

/** What a connection tells. */
export interface ConnectionOptions {
  readonly clock: Clock;
  readonly pingIntervalMs: number;
  readonly onFrame: (frame: RequestFrame) => void;
  /** Once; nothing is received or sent afterwards. */
  readonly onEnd: (end: ConnectionEnd) => void;
}

/** Answered where a frame has no usable id; no client makes it. */
const UNKNOWN_REQUEST_ID = '-';
/** A reader that leaves this much unread is cut; it resumes from the log. */
const MAX_BACKLOG_BYTES = 1024 * 1024;
/** Frames that do not parse: more than this is abuse. */
const BAD_FRAMES: BucketRate = { burst: 20, perSecond: 2 };
/** How long the other side may take to answer a close. */
const CLOSE_TIMEOUT_MS = 2_000;
/** A socket that was silent for this many ping intervals is dead. */
const SILENT_INTERVALS = 2.5;

/** A socket that speaks frames. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions;
  readonly #lanes: OutboundLanes;
  readonly #badFrames: TokenBucket;
  #heardAtMs: number;
  #cancelBeat: () => void;
  #ended = false;

  constructor(socket: WebSocket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#lanes = new OutboundLanes(socket);
    this.#badFrames = new TokenBucket(BAD_FRAMES, options.clock);
    this.#heardAtMs = options.clock.monotonicMs();
    this.#cancelBeat = this.#scheduleBeat();
    const heard = () => {
      this.#heardAtMs = options.clock.monotonicMs();
    };
    socket.on('pong', heard);
    // ws answers them, and cuts who sends many without reading the answers.
    socket.on('ping', heard);
    socket.on('message', (data, isBinary) => {
      heard();
      this.#receive(data, isBinary);
    });
    // An error is always followed by close.
    socket.on('error', () => {});
    socket.on('close', (code) => this.#end({ code, byServer: false }));
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Answers a request. */
  reply(id: string, ok: unknown, lane?: OutboundLane): void {
    this.send(JSON.stringify({ id, ok }), lane);
  }

  /** Refuses a request. */
  refuse(id: string, error: CallError): void {
    this.send(JSON.stringify({ id, error: toWireError(error) }));
  }

  /** Tells something unasked. */
  notify<N extends NotificationName>(name: N, data: NotificationData<N>): void {
    this.send(notificationText(name, data));
  }

  /** Sends a frame that is text already. Nothing happens once the connection has ended. */
  send(text: string, lane: OutboundLane = 'call'): void {
    if (this.#ended) return;
    this.#lanes.send(text, lane);
    if (this.#lanes.backlogBytes > MAX_BACKLOG_BYTES) this.close(closeCodes.tooSlow, 'too slow');
  }

  /** Counts a frame or request that does not parse and says where; too many close the socket. */
  refuseBadFrame(id: string | undefined, error: CallError): void {
    this.refuse(id ?? UNKNOWN_REQUEST_ID, error);
    if (this.#badFrames.take() > 0) this.close(closeCodes.badFrame, 'too many bad frames');
  }

  /** Ends the connection. The owner is told at once; the socket gets a short time to close in order. */
  close(code: number, reason: string): void {
    if (this.#ended) return;
    this.#end({ code, byServer: true });
    this.#socket.close(code, reason);
    const cancel = this.#options.clock.setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS);
    this.#socket.once('close', cancel);
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#ended) return;
    if (isBinary || !Buffer.isBuffer(data)) {
      this.refuseBadFrame(undefined, badFrame('', 'Frames are text'));
      return;
    }
    let json: unknown;
    try {
      json = JSON.parse(data.toString('utf8'));
    } catch {
      this.refuseBadFrame(undefined, badFrame('', 'This is not JSON'));
      return;
    }
    const frame = RequestFrame.safeParse(json);
    if (frame.success) {
      this.#options.onFrame(frame.data);
      return;
    }
    const issue = frame.error.issues[0];
    this.refuseBadFrame(idOf(json), badFrame(issue?.path.join('.') ?? '', issue?.message ?? 'Not a request'));
  }

  #scheduleBeat(): () => void {
    return this.#options.clock.setTimeout(() => this.#beat(), this.#options.pingIntervalMs);
  }

  #beat(): void {
    const { clock, pingIntervalMs } = this.#options;
    if (clock.monotonicMs() - this.#heardAtMs >= SILENT_INTERVALS * pingIntervalMs) {
      // No close frame: nobody is there to read it. The session sees a drop (1006) and keeps the seat for the grace time.
      this.#end({ code: 1006, byServer: true });
      this.#socket.terminate();
      return;
    }
    this.#socket.ping(undefined, undefined, this.#lanes.pump);
    this.#cancelBeat = this.#scheduleBeat();
  }

  #end(end: ConnectionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelBeat();
    this.#lanes.clear();
    this.#options.onEnd(end);
  }
}

/** The text of a notification: made once, sent to many. */
export const notificationText = <N extends NotificationName>(name: N, data: NotificationData<N>): string =>
  JSON.stringify({ name, data });

const badFrame = (path: string, message: string): CallError =>
  new CallError('invalid-request', message, { details: { path } });

/** The id of a frame that is wrong elsewhere, so that its sender can tell which one. */
function idOf(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null || !Object.hasOwn(json, 'id') || !('id' in json))
    return undefined;
  const id = RequestId.safeParse(json.id);
  return id.success ? id.data : undefined;
}
