/**
 * Owns that this node stays connected with another one: dialing again, the retry of what a broken connection left open, and the
 * verdict that the other one is gone. Does not own one connection (RpcConnection) nor what is lost with a node.
 */
import { CallError } from '@parley/protocol';
import type { Logger } from '../../log.ts';
import type { CallData, CallName, CallReply, NoticeHandlers } from './calls.ts';
import { type DialOptions, dialNode, NobodyThere, type NodeAddress } from './dialNode.ts';
import { type ConnectionEnd, type RpcConnection, SILENCE_MS } from './RpcConnection.ts';

/** What a link works with. */
export interface NodeLinkOptions extends DialOptions {
  readonly target: NodeAddress;
  readonly onNotice: NoticeHandlers;
  /** Each time a connection stands, the first one included; calls made in here go first. */
  readonly onConnected?: () => void;
  /** Once: the node, or the way to it, is gone. The link is of no use any more. */
  readonly onLost: (cause: string) => void;
  readonly log: Logger;
}

/** A node that is not reached for this long since its last word is gone. */
const UNREACHABLE_MS = 3_000;
/** However long ago that was, it is dialed for this long. */
const LEAST_REACH_MS = 500;
const REDIAL_MS = 250;
/** Nobody listens there: a second look makes sure that it was no accident of a moment. */
const REFUSED_DIALS = 2;
/** Longer than a media node takes to replace a worker. */
const CALL_LIMIT_MS = 8_000;

export class NodeLink {
  readonly nodeId: string;
  readonly #options: NodeLinkOptions;
  #connection: RpcConnection | undefined;
  /** The process that was reached first: another one under the same id has nothing of what this one had. */
  #incarnation: string | undefined;
  readonly #waiters = new Set<(error?: CallError) => void>();
  #cancelRedial = () => {};
  #cancelVerdict = () => {};
  #lost: CallError | undefined;
  #calls = 0;
  /** Ids of calls are unique among all links of this process, because the other side remembers answers by node. */
  readonly #prefix = crypto.randomUUID().slice(0, 13);

  constructor(options: NodeLinkOptions) {
    this.nodeId = options.target.nodeId;
    this.#options = options;
    this.#reach(0);
  }

  get lost(): boolean {
    return this.#lost !== undefined;
  }

  /**
   * Asks the node. What a connection that breaks leaves open is asked once more on the next one, under the same id: the node executes it
   * once and gives the answer that got lost.
   * @throws CallError as the handler there; `timeout`; `unavailable` when the node is gone; `capacity`.
   */
  async call<N extends CallName>(name: N, data: CallData<N>): Promise<CallReply<N>> {
    this.#calls += 1;
    const id = `${this.#prefix}-${this.#calls}`;
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + CALL_LIMIT_MS;
    const ask = async () => {
      const connection = await this.#connected();
      return { connection, answer: connection.call(id, name, data, endMs - clock.monotonicMs()) };
    };
    const { connection, answer } = await ask();
    try {
      return await answer;
    } catch (error) {
      if (!connection.ended || this.#lost) throw error;
      return await (await ask()).answer;
    }
  }

  /** Ends the link without a word. Idempotent. */
  close(): void {
    this.#end(new CallError('unavailable', `the link to node ${this.nodeId} is closed`));
  }

  #connected(): Promise<RpcConnection> {
    if (this.#lost) return Promise.reject(this.#lost);
    if (this.#connection) return Promise.resolve(this.#connection);
    return new Promise((resolve, reject) => {
      const wake = (error?: CallError) => {
        this.#waiters.delete(wake);
        if (error) reject(error);
        else if (this.#connection) resolve(this.#connection);
      };
      this.#waiters.add(wake);
    });
  }

  #reach(heardMsAgo: number): void {
    this.#cancelVerdict = this.#options.clock.setTimeout(
      () => this.#giveUp(new CallError('unavailable', `there is no way to node ${this.nodeId}`)),
      Math.max(LEAST_REACH_MS, UNREACHABLE_MS - heardMsAgo),
    );
    void this.#connect(0);
  }

  /** @param refused how often nobody was there. */
  async #connect(refused: number): Promise<void> {
    const { target, onNotice, onConnected } = this.#options;
    let connection: RpcConnection;
    try {
      connection = await dialNode(target, this.#options, {
        onNotice,
        onEnd: (end) => this.#broken(end),
      });
    } catch (error) {
      this.#failed(error, error instanceof NobodyThere ? refused + 1 : 0);
      return;
    }
    const { incarnation } = connection.peer;
    this.#incarnation ??= incarnation;
    if (this.#lost || this.#incarnation !== incarnation) {
      this.#giveUp(new CallError('unavailable', `node ${this.nodeId} has started anew`));
      connection.close();
      return;
    }
    this.#cancelVerdict();
    this.#connection = connection;
    onConnected?.();
    for (const wake of [...this.#waiters]) wake();
  }

  #broken({ cause, heardMsAgo }: ConnectionEnd): void {
    this.#connection = undefined;
    if (this.#lost) return;
    this.#options.log.warn({ node: this.nodeId, cause }, 'the connection to a node broke');
    // A new connection would not say more.
    if (heardMsAgo >= SILENCE_MS) this.#giveUp(new CallError('unavailable', `node ${this.nodeId}: ${cause}`));
    else this.#reach(heardMsAgo);
  }

  #failed(error: unknown, refused: number): void {
    if (this.#lost) return;
    const cause = error instanceof CallError ? error : new CallError('unavailable', String(error));
    // A node that refuses this one for good is as good as gone.
    if (!cause.retryable || refused >= REFUSED_DIALS) {
      this.#giveUp(new CallError('unavailable', cause.message, { cause }));
      return;
    }
    this.#cancelRedial = this.#options.clock.setTimeout(() => void this.#connect(refused), REDIAL_MS);
  }

  #giveUp(error: CallError): void {
    if (this.#lost) return;
    this.#end(error);
    this.#options.log.warn({ node: this.nodeId, cause: error.message }, 'a node is lost');
    this.#options.onLost(error.message);
  }

  #end(error: CallError): void {
    if (this.#lost) return;
    this.#lost = error;
    this.#cancelRedial();
    this.#cancelVerdict();
    for (const wake of [...this.#waiters]) wake(error);
    this.#connection?.close();
  }
}
