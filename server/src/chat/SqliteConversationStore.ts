/**
 * Owns the SQLite engine of ConversationStore as the main thread sees it: each call becomes a request to the storage thread. The same
 * file keeps what rooms must not lose (RoomKeeper) and how calls went (QualityStore).
 * Does not own the thread (sqlite/StoreThread.ts) nor any SQL (sqlite/ChatDatabase.ts).
 */
import type { QualityQuery, QualityStore, StoredQuality } from '../quality/ports.ts';
import type { KeptRoom, RoomKeeper } from '../room/ports.ts';
import type {
  Appended,
  ConversationKey,
  ConversationStore,
  NewMessage,
  Page,
  PageQuery,
  RunningCall,
} from './ports.ts';
import { StoreThread, type StoreThreadOptions } from './sqlite/StoreThread.ts';

// Small enough that appends which arrive meanwhile wait some milliseconds only.
const DELETE_STEP = 500;

/** Conversations in `chat.sqlite` of a data folder, which it locks for this process. */
export class SqliteConversationStore implements ConversationStore, RoomKeeper, QualityStore {
  readonly #thread: StoreThread;

  private constructor(thread: StoreThread) {
    this.#thread = thread;
  }

  /**
   * Locks the folder, migrates the database where needed, and opens it.
   *
   * @throws CallError whose message names cause and mend: `invalid-state` (another process has the folder, or the file is
   *   something else), `incompatible-version` (a newer Parley wrote it), `unavailable` (it cannot be opened).
   */
  static async open(options: StoreThreadOptions): Promise<SqliteConversationStore> {
    return new SqliteConversationStore(await StoreThread.start(options));
  }

  get ready(): boolean {
    return this.#thread.ready;
  }

  openCall(key: ConversationKey, nowMs: number): Promise<RunningCall> {
    const { tenant, roomId } = key;
    return this.#thread.request('openCall', { key: { tenant, roomId }, nowMs });
  }

  async setCallEmptySince(callId: string, emptySinceMs: number | null): Promise<void> {
    await this.#thread.request('setCallEmptySince', { callId, emptySinceMs });
  }

  async endCall(callId: string, nowMs: number): Promise<void> {
    await this.#thread.request('endCall', { callId, nowMs });
  }

  runningCalls(): Promise<RunningCall[]> {
    return this.#thread.request('runningCalls', null);
  }

  append(message: NewMessage): Promise<Appended> {
    return this.#thread.request('append', message);
  }

  page(conversationId: string, query: PageQuery): Promise<Page> {
    return this.#thread.request('page', { conversationId, query });
  }

  lastSeq(conversationId: string): Promise<number> {
    return this.#thread.request('lastSeq', { conversationId });
  }

  async deleteBefore(cutoffMs: number): Promise<number> {
    let total = 0;
    for (;;) {
      const step = await this.#thread.request('deleteBefore', { cutoffMs, limit: DELETE_STEP });
      total += step.deleted;
      if (!step.more) break;
    }
    await this.#thread.request('deleteCopiesBefore', { cutoffMs });
    return total;
  }

  async keepRoom({ key: { tenant, roomId }, patches }: KeptRoom): Promise<void> {
    await this.#thread.request('keepRoom', { key: { tenant, roomId }, patches });
  }

  keptRooms(): Promise<KeptRoom[]> {
    return this.#thread.request('keptRooms', null);
  }

  async putQuality(records: readonly StoredQuality[]): Promise<void> {
    await this.#thread.request('putQuality', records);
  }

  qualityOf(query: QualityQuery): Promise<StoredQuality[]> {
    return this.#thread.request('qualityOf', query);
  }

  async deleteQualityBefore(cutoffMs: number): Promise<number> {
    let total = 0;
    for (;;) {
      const deleted = await this.#thread.request('deleteQualityBefore', { cutoffMs, limit: DELETE_STEP });
      total += deleted;
      if (deleted < DELETE_STEP) return total;
    }
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}
