/**
 * Owns what the main thread and the storage thread say to each other, as one table of requests and the envelopes around them.
 * Does not own either side (StoreThread.ts, worker.ts).
 */

import type { ErrorCode, ErrorDetails } from '@parley/protocol';
import type { QualityQuery, StoredQuality } from '../../quality/ports.ts';
import type { KeptRoom } from '../../room/ports.ts';
import type { Appended, ConversationKey, NewMessage, Page, PageQuery, RunningCall } from '../ports.ts';

/** What the storage thread can be asked. All of it is plain data, for structured cloning. */
export interface StoreRequests {
  openCall: { data: { key: ConversationKey; nowMs: number }; reply: RunningCall };
  setCallEmptySince: { data: { callId: string; emptySinceMs: number | null }; reply: null };
  endCall: { data: { callId: string; nowMs: number }; reply: null };
  append: { data: NewMessage; reply: Appended };
  /** One bounded step of the sweep: how many messages went, and whether there is more to do. */
  deleteBefore: { data: { cutoffMs: number; limit: number }; reply: { deleted: number; more: boolean } };
  /** Deletes copies of the database that migrations made before the given time. */
  deleteCopiesBefore: { data: { cutoffMs: number }; reply: null };
  runningCalls: { data: null; reply: RunningCall[] };
  page: { data: { conversationId: string; query: PageQuery }; reply: Page };
  lastSeq: { data: { conversationId: string }; reply: number };
  keepRoom: { data: KeptRoom; reply: null };
  putQuality: { data: readonly StoredQuality[]; reply: null };
  qualityOf: { data: QualityQuery; reply: StoredQuality[] };
  /** One bounded step: how many records went. */
  deleteQualityBefore: { data: { cutoffMs: number; limit: number }; reply: number };
  keptRooms: { data: null; reply: KeptRoom[] };
}

export type StoreRequestName = keyof StoreRequests;
export type DataOf<N extends StoreRequestName> = StoreRequests[N]['data'];
export type ReplyOf<N extends StoreRequestName> = StoreRequests[N]['reply'];

/** A request on its way to the storage thread. */
export type StoreRequest<N extends StoreRequestName = StoreRequestName> = {
  [K in N]: { readonly id: number; readonly name: K; readonly data: DataOf<K> };
}[N];

/** To the storage thread: a request, or the wish to finish and close. */
export type ToThread = StoreRequest | 'close';

/** A CallError as plain data. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: ErrorDetails;
}

/** From the storage thread. */
export type FromThread =
  | { readonly kind: 'reply'; readonly id: number; readonly reply: ReplyOf<StoreRequestName> }
  | { readonly kind: 'error'; readonly id: number; readonly error: PlainError }
  /** The database is open and calls succeed: at start, and again after `broken`. */
  | { readonly kind: 'ready'; readonly note: string }
  /** The database had to be closed; it is opened again by itself. */
  | { readonly kind: 'broken'; readonly cause: string; readonly retryInMs: number }
  /** The thread could not start at all: the folder is taken, the schema is newer, the file is damaged. */
  | { readonly kind: 'refused'; readonly error: PlainError };

/** How the thread is started. */
export interface ThreadOptions {
  readonly folder: string;
}
