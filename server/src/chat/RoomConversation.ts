/**
 * Owns one room's conversation while its call runs: the call's beginning and end in the store, and the live order of messages.
 * Does not own who may read or write (ChatService), nor the rows (ConversationStore).
 */
import { CallError, type ChatMessage } from '@parley/protocol';
import type { Clock } from '../clock.ts';
import type { ChatLog, ConversationKey, ConversationStore, RunningCall } from './ports.ts';

/** What a room's conversation needs and tells. */
export interface RoomConversationOptions {
  readonly key: ConversationKey;
  readonly store: ConversationStore;
  readonly clock: Clock;
  readonly log: ChatLog;
  readonly emptyTimeoutMs: number;
  /** Called for each message once it is durable, in order of seq, each once. */
  readonly onMessage: (message: ChatMessage) => void;
  /** Called once the end of the call is durable and nobody has come back. */
  readonly onEnded: () => void;
}

const RETRY_MS = 1000;
const REPAIR_PAGE = 100;

/**
 * Brings the store to what memory says, step by step, and tries again after a failure: a room goes on while the disk is down.
 * One loop at a time does it, so an end that is being written and somebody who comes back cannot cross.
 */
export class RoomConversation {
  readonly #options: RoomConversationOptions;
  #call: RunningCall | undefined;
  /** An end was asked for and its outcome is not known. */
  #endInDoubt = false;
  /** What should be in the store. */
  #emptySinceMs: number | null;
  #looping = false;
  #storing: Promise<void> = Promise.resolve();
  #cancelEnd: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;
  /** The last seq that was told to `onMessage`, and durable messages beyond it. */
  #toldSeq = 0;
  readonly #untold = new Map<number, ChatMessage>();
  #repairing = false;
  #cancelRepair: (() => void) | undefined;
  #closed = false;

  /** A room that somebody enters, or with `call` one whose call was found running at start. */
  constructor(options: RoomConversationOptions, call?: RunningCall) {
    this.#options = options;
    this.#call = call;
    this.#emptySinceMs = null;
    if (call === undefined) return;
    this.#toldSeq = call.lastSeq;
    // Occupied when the last process died: its people have the whole time to come back, counted from now.
    this.empty(call.emptySinceMs ?? options.clock.now());
  }

  /** Somebody is in. */
  occupied(): void {
    this.#emptySinceMs = null;
    this.#cancelEnd?.();
    this.#cancelEnd = undefined;
    this.#kick();
  }

  /** The last one left. Idempotent: the first time stands until somebody is in again. */
  empty(sinceMs = this.#options.clock.now()): void {
    if (this.#emptySinceMs !== null || this.#closed) return;
    this.#emptySinceMs = sinceMs;
    const { clock, emptyTimeoutMs } = this.#options;
    // A wall clock that jumped backwards must not keep the room open for longer than asked.
    const waitMs = Math.min(Math.max(0, sinceMs + emptyTimeoutMs - clock.now()), emptyTimeoutMs);
    this.#cancelEnd = clock.setTimeout(() => {
      this.#cancelEnd = undefined;
      this.#kick();
    }, waitMs);
    this.#kick();
  }

  /** The running call; opens it first where that has not succeeded yet. Fails as the store fails. */
  async openCall(): Promise<RunningCall> {
    for (;;) {
      if (this.call !== undefined) return this.call;
      if (this.#closed) throw new CallError('invalid-state', 'The call has ended.');
      await this.#bringToStore();
    }
  }

  /** The running call; undefined until it is stored, and while its end is being written. */
  get call(): RunningCall | undefined {
    return this.#endInDoubt ? undefined : this.#call;
  }

  /** The seq up to which `onMessage` was told. */
  get toldSeq(): number {
    return this.#toldSeq;
  }

  /** A message is durable (again, for a resend). Tells it in its turn. */
  appended(message: ChatMessage): void {
    if (message.seq <= this.#toldSeq) return;
    this.#untold.set(message.seq, message);
    this.#tell();
    if (this.#untold.size > 0) void this.#repair();
  }

  /** An append ended without an answer: it may be durable all the same, and then nobody has been told. */
  inDoubt(): void {
    this.#repairLater();
  }

  /** Stops all timers; the store keeps the call running. */
  close(): void {
    this.#closed = true;
    this.#cancelEnd?.();
    this.#cancelRetry?.();
    this.#cancelRepair?.();
  }

  // Starts the loop where nobody waits for its outcome.
  #kick(): void {
    this.#bringToStore().catch((error: CallError) => {
      const { key, log, clock } = this.#options;
      log.warn({ roomId: key.roomId, tenant: key.tenant, err: error }, 'chat: the call is not stored yet');
      if (this.#closed || this.#cancelRetry) return;
      this.#cancelRetry = clock.setTimeout(() => {
        this.#cancelRetry = undefined;
        this.#kick();
      }, RETRY_MS);
    });
  }

  #bringToStore(): Promise<void> {
    if (!this.#looping) {
      this.#looping = true;
      this.#storing = this.#loop();
    }
    return this.#storing;
  }

  // Each step is decided by what holds when it starts; what changes meanwhile is seen by the next turn.
  async #loop(): Promise<void> {
    try {
      while (!this.#closed) {
        const step = this.#nextStep();
        if (step === undefined) return;
        await step();
      }
    } finally {
      // Here, in one go with the last look at what is wanted: a change that came a tick later would be nobody's.
      this.#looping = false;
    }
  }

  /** What is to be written next; undefined when the store says what memory says. */
  #nextStep(): (() => Promise<void> | void) | undefined {
    const { store, clock, key } = this.#options;
    const wanted = this.#emptySinceMs;
    const call = this.#call;
    const due = wanted !== null && this.#cancelEnd === undefined;
    // Never stored: nothing to end.
    if (due && call === undefined) return () => this.#end();
    // After an end without an answer only the store knows whether the call that somebody came back to goes on.
    if (call === undefined || (this.#endInDoubt && !due)) {
      return async () => {
        const opened = await store.openCall(key, clock.now());
        // Another conversation where the earlier one has ended: its seqs begin anew.
        const same = opened.conversationId === call?.conversationId;
        this.#toldSeq = same ? Math.max(this.#toldSeq, opened.lastSeq) : opened.lastSeq;
        if (!same) this.#untold.clear();
        this.#call = opened;
        this.#endInDoubt = false;
      };
    }
    if (due) {
      return async () => {
        this.#endInDoubt = true;
        await store.endCall(call.callId, clock.now());
        this.#endInDoubt = false;
        this.#call = undefined;
        if (this.#emptySinceMs !== null) this.#end();
      };
    }
    if (call.emptySinceMs === wanted) return undefined;
    return async () => {
      await store.setCallEmptySince(call.callId, wanted);
      this.#call = { ...call, emptySinceMs: wanted };
    };
  }

  #end(): void {
    this.close();
    this.#options.onEnded();
  }

  #tell(): void {
    for (;;) {
      const message = this.#untold.get(this.#toldSeq + 1);
      if (message === undefined) return;
      this.#untold.delete(message.seq);
      this.#toldSeq = message.seq;
      this.#options.onMessage(message);
    }
  }

  #repairLater(): void {
    if (this.#closed) return;
    this.#cancelRepair ??= this.#options.clock.setTimeout(() => {
      this.#cancelRepair = undefined;
      void this.#repair();
    }, RETRY_MS);
  }

  // The store is the truth: what it holds beyond the last told message is read and told in order.
  async #repair(): Promise<void> {
    const call = this.#call;
    if (this.#repairing || this.#closed || call === undefined) return;
    this.#repairing = true;
    try {
      let hasMore = true;
      while (hasMore && !this.#closed) {
        const query = { fromSeq: 1, afterSeq: this.#toldSeq, limit: REPAIR_PAGE };
        const page = await this.#options.store.page(call.conversationId, query);
        for (const message of page.messages) {
          if (message.seq <= this.#toldSeq) continue;
          // A hole before it in what the store has: the sweep took that message, it will not come.
          this.#toldSeq = message.seq;
          this.#untold.delete(message.seq);
          this.#options.onMessage(message);
        }
        hasMore = page.hasMore;
      }
      this.#tell();
      if (this.#untold.size > 0) this.#repairLater();
    } catch {
      this.#repairLater();
    } finally {
      this.#repairing = false;
    }
  }
}
