/**
 * Owns one open connection between two nodes that know each other: calls and their answers, notices, heartbeat, and its bounds.
 * Does not own how it came to be (dialNode, RpcServer), what calls do, nor what follows its end (NodeLink).
 */
import { CallError } from '@parley/protocol';
import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../../clock.ts';
import { toCallError, toWireError } from '../../toWireError.ts';
import type { CallData, CallName, CallReply, NoticeData, NoticeName } from './calls.ts';
import { Frame, MAX_FRAME_BYTES, parseReply, toCallErrorOf } from './frames.ts';
import type { NodeIdentity } from './handshake.ts';
import { SealedFrames, type SessionKeys } from './SealedFrames.ts';

/** Why a connection ended. */
export interface ConnectionEnd {
  /** For logs. */
  readonly cause: string;
  /** How long ago the other node said its last word. */
  readonly heardMsAgo: number;
}

/** What a connection works with. */
export interface RpcConnectionOptions {
  readonly socket: WebSocket;
  readonly peer: NodeIdentity;
  readonly keys: SessionKeys;
  readonly clock: Clock;
  /** Answers a call of the other side. */
  readonly onCall: (id: string, name: string, data: unknown) => Promise<unknown>;
  readonly onNotice: (name: string, data: unknown) => void;
  /** Once; all calls under way have failed. */
  readonly onEnd: (end: ConnectionEnd) => void;
}

/** A node that says nothing for this long is gone; with the beat it is noticed within 3 s. */
export const SILENCE_MS = 2_500;
const BEAT_MS = 500;
/** A beat that comes this late means that this process itself stood still: what it did not hear says nothing. */
const LATE_BEAT_MS = 1_500;
/** Calls under way, of each side. */
export const MAX_IN_FLIGHT = 1_024;
/** What the other side has not read yet: above this it is too slow to be of use. */
const MAX_BACKLOG_BYTES = 8 * 1024 * 1024;

interface Waiting {
  readonly settle: (frame: { readonly ok: unknown } | { readonly error: CallError }) => void;
}

export class RpcConnection {
  readonly peer: NodeIdentity;
  readonly #options: RpcConnectionOptions;
  readonly #frames: SealedFrames;
  readonly #waiting = new Map<string, Waiting>();
  #serving = 0;
  #heardAtMs: number;
  #beatAtMs: number;
  #cancelBeat: () => void;
  #ended = false;

  constructor(options: RpcConnectionOptions) {
    const { socket, clock } = options;
    this.peer = options.peer;
    this.#options = options;
    this.#frames = new SealedFrames(options.keys);
    this.#heardAtMs = clock.monotonicMs();
    this.#beatAtMs = this.#heardAtMs;
    this.#cancelBeat = clock.setTimeout(() => this.#beat(), BEAT_MS);
    const heard = () => {
      this.#heardAtMs = clock.monotonicMs();
    };
    socket.on('ping', heard);
    socket.on('pong', heard);
    socket.on('message', (data, isBinary) => {
      heard();
      this.#receive(data, isBinary);
    });
    socket.on('close', (code) => this.#end(`the connection closed (${code})`));
  }

  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Asks the other node.
   * @param id the same for a retry, which then gets the first answer.
   * @throws CallError as the handler there; `timeout`; `unavailable` when the connection ends first; `capacity` when too many are under way.
   */
  async call<N extends CallName>(
    id: string,
    name: N,
    data: CallData<N>,
    limitMs: number,
  ): Promise<CallReply<N>> {
    if (this.#ended) throw lost(this.peer);
    if (this.#waiting.size >= MAX_IN_FLIGHT) {
      throw new CallError('capacity', `node ${this.peer.nodeId} has ${MAX_IN_FLIGHT} calls to answer`);
    }
    const text = JSON.stringify({ id, name, data });
    if (Buffer.byteLength(text) > MAX_FRAME_BYTES - FRAME_ROOM) {
      throw new CallError('invalid-request', `the data of ${name} is larger than a frame`);
    }
    const answer = new Promise<unknown>((resolve, reject) => {
      const cancel = this.#options.clock.setTimeout(() => {
        this.#waiting.delete(id);
        reject(new CallError('timeout', `node ${this.peer.nodeId} did not answer ${name} in ${limitMs} ms`));
      }, limitMs);
      this.#waiting.set(id, {
        settle: (frame) => {
          this.#waiting.delete(id);
          cancel();
          if ('ok' in frame) resolve(frame.ok);
          else reject(frame.error);
        },
      });
    });
    this.#send(text);
    return parseReply(name, await answer);
  }

  /** Tells the other node; whether it arrives is not told. */
  notify<N extends NoticeName>(name: N, data: NoticeData<N>): void {
    this.#send(JSON.stringify({ name, data }));
  }

  /** Ends the connection. Idempotent. */
  close(cause = 'closed by this node'): void {
    if (this.#ended) return;
    this.#options.socket.terminate();
    this.#end(cause);
  }

  #send(text: string): void {
    if (this.#ended) return;
    const { socket } = this.#options;
    socket.send(this.#frames.seal(text), { binary: true });
    if (socket.bufferedAmount > MAX_BACKLOG_BYTES) this.close('the other node reads too slowly');
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#ended) return;
    const frame = isBinary && Buffer.isBuffer(data) ? this.#open(data) : undefined;
    if (!frame) {
      this.close('a frame that is not from the other node, or not the next one');
      return;
    }
    const { id, name, data: given, ok, error } = frame;
    if (name === undefined) {
      // Nobody waits for an answer that comes after its time.
      this.#waiting.get(id ?? '')?.settle(error ? { error: toCallErrorOf(error) } : { ok });
    } else if (id === undefined) {
      this.#options.onNotice(name, given);
    } else {
      void this.#answer(id, name, given);
    }
  }

  #open(data: Buffer): Frame | undefined {
    try {
      const parsed = Frame.safeParse(JSON.parse(this.#frames.open(data)));
      return parsed.success ? parsed.data : undefined;
    } catch {
      return undefined;
    }
  }

  async #answer(id: string, name: string, data: unknown): Promise<void> {
    this.#serving += 1;
    try {
      // A node that keeps to the rules waits for answers before it asks more.
      if (this.#serving > MAX_IN_FLIGHT) throw new CallError('capacity', 'too many calls at a time');
      const text = JSON.stringify({ id, ok: await this.#options.onCall(id, name, data) });
      if (Buffer.byteLength(text) > MAX_FRAME_BYTES - FRAME_ROOM) {
        throw new CallError('internal', `the answer to ${name} is larger than a frame`);
      }
      this.#send(text);
    } catch (error) {
      this.#send(JSON.stringify({ id, error: toWireError(toCallError(error)) }));
    } finally {
      this.#serving -= 1;
    }
  }

  #beat(): void {
    const { clock, socket } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#beatAtMs > LATE_BEAT_MS) this.#heardAtMs = nowMs;
    this.#beatAtMs = nowMs;
    if (nowMs - this.#heardAtMs >= SILENCE_MS) {
      this.close(`nothing was heard for ${SILENCE_MS} ms`);
      return;
    }
    socket.ping(undefined, undefined, () => {});
    this.#cancelBeat = clock.setTimeout(() => this.#beat(), BEAT_MS);
  }

  #end(cause: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelBeat();
    for (const { settle } of [...this.#waiting.values()]) settle({ error: lost(this.peer) });
    this.#options.onEnd({ cause, heardMsAgo: this.#options.clock.monotonicMs() - this.#heardAtMs });
  }
}

/** Tag of a sealed frame, rounded up. */
const FRAME_ROOM = 64;

const lost = ({ nodeId }: NodeIdentity): CallError =>
  new CallError('unavailable', `the connection to node ${nodeId} is lost`);
