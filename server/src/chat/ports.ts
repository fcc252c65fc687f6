/**
 * Owns what the chat service needs from a store, in domain words, and the invariants that every engine holds.
 * Does not own any engine (SQLite lives in sqlite/), nor who may read what (ChatService does).
 */
import type { ChatMessage } from '@parley/protocol';
import type { RoomKey } from '../room/ports.ts';

/** What names a conversation from outside. A room has one of its own; direct and group conversations will join it. */
export type ConversationKey = RoomKey;

/** A call of a room that has not ended: the span of its conversation that a guest may see. */
export interface RunningCall {
  readonly key: ConversationKey;
  readonly conversationId: string;
  readonly callId: string;
  readonly startedAtMs: number;
  /** The seq that the first message of this call has, or will have. */
  readonly firstSeq: number;
  /** The last seq of the conversation when this was read; `firstSeq - 1` or lower means that the call has no message yet. */
  readonly lastSeq: number;
  /** Since when nobody is in the room; null while somebody is. */
  readonly emptySinceMs: number | null;
}

/** A message on its way to the disk: everything but its place in the conversation. */
export type NewMessage = Omit<ChatMessage, 'seq'>;

/** Where a message lies. The first answer stands: a resend gets the same one, marked as a duplicate. */
export interface Appended {
  readonly seq: number;
  readonly sentAtMs: number;
  readonly duplicate: boolean;
}

/** Which messages of a conversation to read: `fromSeq <= seq`, and `afterSeq < seq < beforeSeq` where given. */
export interface PageQuery {
  /** The first seq that the reader may see. */
  readonly fromSeq: number;
  /** With it the page holds the oldest messages after it; without it the newest ones. */
  readonly afterSeq?: number;
  readonly beforeSeq?: number;
  /** 1-100. */
  readonly limit: number;
}

/** Messages in ascending order of seq, whichever way they were asked for. */
export interface Page {
  readonly messages: ChatMessage[];
  /** Whether more messages lie beyond this page in the direction of reading (and inside the query's bounds). */
  readonly hasMore: boolean;
}

/**
 * Durable conversations. Invariants, held by every engine (contract suite server/test/contract/conversationStore.contract.ts):
 * - `append` resolves only when the message is on disk. Per conversation seqs are gapless from 1 and never reused.
 * - A message is the same by (conversation, sender, messageId) as long as there is the conversation, also after its text was
 *   deleted. Another text under the same id is still the same message; the same id from another sender is another message.
 * - A conversation lasts while it has a call that runs or is within the retention, or a message within it; one without any message
 *   ends with its call. Its id is then unknown for ever, and the next call of the room has another conversation, with seqs from 1.
 * - No operation spans two conversations, but the sweep, which works on each alone.
 *
 * All calls fail with a CallError: `unavailable` (the engine is down and heals by itself), `timeout` (whether it took effect
 * is unknown; repeating is safe), `capacity` (too many calls are waiting), `not-found` or `invalid-request`.
 */
export interface ConversationStore {
  /** Whether calls can succeed now. */
  readonly ready: boolean;
  /** The running call of a room, made when there is none. Opening it marks the room as occupied. */
  openCall(key: ConversationKey, nowMs: number): Promise<RunningCall>;
  /** Marks since when the room is empty (null: occupied), so that a restart goes on counting. No effect on an ended call. */
  setCallEmptySince(callId: string, emptySinceMs: number | null): Promise<void>;
  /** Ends a call, and its conversation when nobody has ever written in it. Idempotent: the first end stands. */
  endCall(callId: string, nowMs: number): Promise<void>;
  /** Every call that has not ended, for going on after a restart. */
  runningCalls(): Promise<RunningCall[]>;
  append(message: NewMessage): Promise<Appended>;
  page(conversationId: string, query: PageQuery): Promise<Page>;
  /** The last seq given out; 0 before the first message. */
  lastSeq(conversationId: string): Promise<number>;
  /**
   * Deletes messages sent, and calls ended, before the given time, then conversations that have neither any more with all that
   * belongs to them, in bounded steps. Answers how many messages went.
   */
  deleteBefore(cutoffMs: number): Promise<number>;
  /** Finishes what was accepted, then closes. Idempotent. */
  close(): Promise<void>;
}

/** The part of a logger (pino's, in production) that chat writes to. */
export interface ChatLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
