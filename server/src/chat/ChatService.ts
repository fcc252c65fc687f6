/**
 * Owns chat for members of a room: sending, reading within the visibility rule, the life of calls, retention, live order.
 * Does not own sockets and who is a member (signaling, room), nor storage (ConversationStore).
 */
import { CallError, type ChatMessage, type ConversationTail } from '@parley/protocol';
import type { Clock } from '../clock.ts';
import { GUEST_TENANT, roomKeyText } from '../room/ports.ts';
import type { ChatLog, ConversationKey, ConversationStore, Page, RunningCall } from './ports.ts';
import { RoomConversation } from './RoomConversation.ts';

/** What the service is made of. */
export interface ChatServiceOptions {
  readonly store: ConversationStore;
  readonly clock: Clock;
  readonly log: ChatLog;
  /** How long after the last leave a call ends. */
  readonly emptyTimeoutMs: number;
  readonly retentionDays: number;
}

/** Who writes. The name is kept with the message, as it was then. */
export interface Author {
  readonly senderId: string;
  readonly senderName: string;
}

const MAX_PAGE = 50;
/** Of a page as JSON: long messages come fewer at a time, so that nothing waits long behind a page. */
const MAX_PAGE_BYTES = 64 * 1024;
const DAY_MS = 86_400_000;
const SWEEP_EVERY_MS = 3_600_000;
const JOIN_WAIT_MS = 2000;

/** Chat of every room of this process. */
export class ChatService {
  readonly #options: ChatServiceOptions;
  /** Rooms whose call runs, or is being opened, by `roomKeyText`. */
  readonly #rooms = new Map<string, RoomConversation>();
  readonly #messageListeners = new Set<(key: ConversationKey, message: ChatMessage) => void>();
  readonly #endListeners = new Set<(key: ConversationKey) => void>();
  #sweeping: Promise<void> = Promise.resolve();
  #cancelSweep: (() => void) | undefined;
  #closed = false;

  /**
   * Takes up the calls that were running when the last process ended, and starts the sweep. Calls that ran out meanwhile end.
   * Fails as the store fails.
   */
  static async start(options: ChatServiceOptions): Promise<ChatService> {
    const service = new ChatService(options);
    for (const call of await options.store.runningCalls()) service.#addRoom(call.key, call);
    service.#sweep();
    return service;
  }

  private constructor(options: ChatServiceOptions) {
    this.#options = options;
  }

  /** Somebody is in the room. Never fails: while the store is down the call goes on without chat. Idempotent. */
  roomOccupied(key: ConversationKey): void {
    const room = this.#rooms.get(roomKeyText(key)) ?? this.#addRoom(key);
    room.occupied();
  }

  /** The last one left: the call ends `emptyTimeoutMs` later unless somebody comes back. Idempotent. */
  roomEmpty(key: ConversationKey): void {
    this.#rooms.get(roomKeyText(key))?.empty();
  }

  /**
   * Stores a message of a member and tells `onMessage`. Resolves once it is on disk; a resend gets the first answer.
   * Fails with `unavailable`, `timeout` or `capacity` from the store (repeating is safe), `invalid-state` when nobody is in the room.
   */
  async send(
    key: ConversationKey,
    author: Author,
    message: { messageId: string; text: string },
  ): Promise<{ seq: number; sentAtMs: number; duplicate: boolean }> {
    const room = this.#room(key);
    const { conversationId } = await room.openCall();
    const { senderId, senderName } = author;
    const { messageId, text } = message;
    const sentAtMs = this.#options.clock.now();
    const written = { conversationId, messageId, senderId, senderName, text, sentAtMs };
    try {
      const answer = await this.#options.store.append(written);
      // Of a resend this text may differ from the stored one, which alone may be told.
      if (!answer.duplicate) room.appended({ ...written, seq: answer.seq });
      else if (answer.seq > room.toldSeq) room.inDoubt();
      return answer;
    } catch (error) {
      room.inDoubt();
      throw error;
    }
  }

  /**
   * A page of what a member may see, ascending: the oldest after `afterSeq` where that is given, else the newest before `beforeSeq`.
   * At most 50 messages and 64 KiB, at least one message where there is one. Fails as `send` does.
   */
  async history(
    key: ConversationKey,
    query: { afterSeq?: number | undefined; beforeSeq?: number | undefined },
  ): Promise<{ messages: ChatMessage[]; hasMore: boolean; tail: ConversationTail }> {
    const room = this.#room(key);
    const call = await room.openCall();
    const page = await this.#options.store.page(call.conversationId, {
      fromSeq: firstVisibleSeq(call),
      ...(query.afterSeq !== undefined && { afterSeq: query.afterSeq }),
      ...(query.beforeSeq !== undefined && { beforeSeq: query.beforeSeq }),
      limit: MAX_PAGE,
    });
    return { ...fitting(page, query.afterSeq === undefined), tail: tailOf(room, call) };
  }

  /** Where the conversation stands, opening the call first where needed: for join replies. Fails as `send` does, but soon. */
  async tail(key: ConversationKey): Promise<ConversationTail> {
    const room = this.#room(key);
    return tailOf(room, await this.#openSoon(room));
  }

  /** The running call, opening it first where needed: what joins show as the room's call. Fails as `send` does, but soon. */
  async runningCall(key: ConversationKey): Promise<Pick<RunningCall, 'callId' | 'startedAtMs'>> {
    return this.#openSoon(this.#room(key));
  }

  /** As `tail`, at once and from memory; undefined while the call is not stored. For heartbeats. */
  currentTail(key: ConversationKey): ConversationTail | undefined {
    const room = this.#rooms.get(roomKeyText(key));
    return room?.call && tailOf(room, room.call);
  }

  /** Calls back for each message once it is on disk: per room in order of seq, each once. Returns the way to stop. */
  onMessage(listener: (key: ConversationKey, message: ChatMessage) => void): () => void {
    this.#messageListeners.add(listener);
    return () => this.#messageListeners.delete(listener);
  }

  /** Calls back when a call has ended, `emptyTimeoutMs` after the last leave. Returns the way to stop. */
  onCallEnded(listener: (key: ConversationKey) => void): () => void {
    this.#endListeners.add(listener);
    return () => this.#endListeners.delete(listener);
  }

  /** Stops timers and the sweep. Calls stay running in the store, which its owner closes afterwards. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelSweep?.();
    for (const room of this.#rooms.values()) room.close();
    this.#rooms.clear();
    await this.#sweeping;
  }

  #room(key: ConversationKey): RoomConversation {
    const room = this.#rooms.get(roomKeyText(key));
    if (room === undefined) throw new CallError('invalid-state', 'Nobody is in this room.');
    return room;
  }

  // A disk that hangs must not keep people out of a call: joins wait this long for the chat, and go on without it.
  #openSoon(room: RoomConversation): Promise<RunningCall> {
    return new Promise((resolve, reject) => {
      const cancel = this.#options.clock.setTimeout(
        () => reject(new CallError('timeout', `The call was not stored within ${JOIN_WAIT_MS} ms.`)),
        JOIN_WAIT_MS,
      );
      room.openCall().then(resolve, reject).finally(cancel);
    });
  }

  #addRoom(key: ConversationKey, call?: RunningCall): RoomConversation {
    const { store, clock, log, emptyTimeoutMs } = this.#options;
    const room = new RoomConversation(
      {
        key,
        store,
        clock,
        log,
        emptyTimeoutMs,
        onMessage: (message) => this.#notify(this.#messageListeners, (listener) => listener(key, message)),
        onEnded: () => {
          this.#rooms.delete(roomKeyText(key));
          this.#notify(this.#endListeners, (listener) => listener(key));
        },
      },
      call,
    );
    this.#rooms.set(roomKeyText(key), room);
    return room;
  }

  // A listener that throws must not take an acknowledgement with it.
  #notify<L>(listeners: ReadonlySet<L>, call: (listener: L) => void): void {
    for (const listener of listeners) {
      try {
        call(listener);
      } catch (error) {
        this.#options.log.error({ err: error }, 'chat: a listener failed');
      }
    }
  }

  #sweep(): void {
    const { store, clock, log, retentionDays } = this.#options;
    const cutoffMs = Math.floor(clock.now() - retentionDays * DAY_MS);
    this.#sweeping = store
      .deleteBefore(cutoffMs)
      .then((deleted) => {
        if (deleted > 0) log.info({ deleted, retentionDays }, 'chat: messages past their retention deleted');
      })
      .catch((error: unknown) => log.warn({ err: error }, 'chat: the sweep failed and is tried again later'))
      .then(() => {
        if (!this.#closed) this.#cancelSweep = clock.setTimeout(() => this.#sweep(), SWEEP_EVERY_MS);
      });
  }
}

/** Rooms of guests show the current call only: the next people under a guessed name are strangers. */
const firstVisibleSeq = (call: RunningCall): number => (call.key.tenant === GUEST_TENANT ? call.firstSeq : 1);

const tailOf = (room: RoomConversation, call: RunningCall): ConversationTail => ({
  conversationId: call.conversationId,
  firstSeq: firstVisibleSeq(call),
  lastSeq: room.toldSeq,
});

/** As much of a page as fits, from the end that the reader knows: its newest end, or its oldest. */
function fitting(page: Page, fromNewest: boolean): Page {
  const inOrder = fromNewest ? page.messages.toReversed() : page.messages;
  let bytes = 0;
  const tooMuch = inOrder.findIndex((message, index) => {
    bytes += Buffer.byteLength(JSON.stringify(message));
    return index > 0 && bytes > MAX_PAGE_BYTES;
  });
  if (tooMuch < 0) return page;
  const messages = fromNewest ? page.messages.slice(-tooMuch) : page.messages.slice(0, tooMuch);
  return { messages, hasMore: true };
}
