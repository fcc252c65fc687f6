/**
 * Owns the open chat database: its settings, its statements, and the transaction that many writes share.
 * Does not own when transactions run nor what happens after a fault (worker.ts), nor the schema (migrations.ts).
 */
import { hash, randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { CallError, type ChatMessage, Patch } from '@parley/protocol';
import * as z from 'zod/mini';
import type { RunningCall } from '../ports.ts';
import { deleteCopiesBefore } from './migrations.ts';
import { QualityTable } from './QualityTable.ts';
import type { DataOf, ReplyOf } from './requests.ts';
import { isConnectionFault } from './sqliteErrors.ts';

// SQLite's own default; about 4 MB, which a checkpoint moves within some 10 ms.
const CHECKPOINT_PAGES = 1000;

type Row = Record<string, SQLOutputValue>;

/** Everything that can be asked of the database. Writes must run inside `transaction`. */
export class ChatDatabase {
  readonly quality: QualityTable;
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Opens a migrated database file. Throws what SQLite throws. */
  constructor(path: string) {
    this.#path = path;
    // The folder is ours alone; the wait is for an operator's backup that reads the file.
    this.#database = new DatabaseSync(path, { timeout: 5000 });
    this.#database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;            -- each commit syncs the write-ahead log
      PRAGMA fullfsync = ON;                -- macOS: a sync that reaches the medium
      PRAGMA checkpoint_fullfsync = ON;
      PRAGMA wal_autocheckpoint = 0;        -- done by checkpointIfDue: SQLite's own hides its errors, and delays an ack
      PRAGMA journal_size_limit = 16777216;
      PRAGMA secure_delete = ON;            -- a deleted message does not stay readable in free pages
      PRAGMA cache_size = -16384;
    `);
    this.quality = new QualityTable(this.#database);
  }

  /**
   * Runs writes in one transaction, each under a savepoint, so that a refused one fails alone. Returns, in order, what each
   * gave or the error that refused it, once the transaction is on disk.
   *
   * Throws when the transaction as a whole failed. Then nothing may be acknowledged and the connection is in doubt.
   */
  transaction<R>(writes: ReadonlyArray<() => R>): Array<R | CallError> {
    this.#run('BEGIN IMMEDIATE');
    const results = writes.map((write) => {
      this.#run('SAVEPOINT write');
      try {
        const result = write();
        this.#run('RELEASE write');
        return result;
      } catch (error) {
        if (isConnectionFault(error)) throw error;
        this.#run('ROLLBACK TO write');
        this.#run('RELEASE write');
        return toRefusal(error);
      }
    });
    this.#run('COMMIT');
    return results;
  }

  /**
   * Makes durable whatever this connection can see, whatever happened before it was opened. After a failed sync the kernel
   * may call pages clean that never reached the disk: SQLite then reads back log frames that a power cut would take away,
   * and a resend would be acknowledged on their strength. So every frame is written again, into the database file, and the
   * log is cut, durably, before anything is acknowledged.
   */
  settle(): void {
    const result = this.#one('PRAGMA wal_checkpoint(TRUNCATE)');
    if (result?.busy !== 0) {
      throw new CallError(
        'unavailable',
        `Another program is reading ${this.#path} and keeps it from being settled.`,
      );
    }
    const descriptor = openSync(`${this.#path}-wal`, 'a');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  /** Throws when the file is damaged. Reads all of it. */
  quickCheck(): void {
    const verdict = this.#one('PRAGMA quick_check(1)')?.quick_check;
    if (verdict !== 'ok') {
      throw new CallError(
        'unavailable',
        `The chat database ${this.#path} is damaged (${verdict}): stop Parley and restore it from a backup.`,
      );
    }
  }

  /** Moves the write-ahead log into the database file once it is long enough. Throws when that fails. */
  checkpointIfDue(): void {
    const { log, checkpointed } = this.#one('PRAGMA wal_checkpoint(NOOP)') ?? {};
    if (Number(log) - Number(checkpointed) >= CHECKPOINT_PAGES) this.#one('PRAGMA wal_checkpoint(PASSIVE)');
  }

  close(): void {
    this.#database.close();
  }

  openCall({ key, nowMs }: DataOf<'openCall'>): ReplyOf<'openCall'> {
    this.#run(
      `INSERT INTO conversations (public_id, tenant, kind, name, last_seq, created_at_ms) VALUES (?, ?, 'room', ?, 0, ?)
       ON CONFLICT (tenant, kind, name) DO NOTHING`,
      randomUUID(),
      key.tenant,
      key.roomId,
      nowMs,
    );
    this.#run(
      `INSERT INTO calls (public_id, conversation_id, started_at_ms, first_seq)
       SELECT ?, id, ?, last_seq + 1 FROM conversations WHERE tenant = ? AND kind = 'room' AND name = ?
       ON CONFLICT (conversation_id) WHERE ended_at_ms IS NULL DO UPDATE SET empty_since_ms = NULL`,
      randomUUID(),
      nowMs,
      key.tenant,
      key.roomId,
    );
    const row = this.#one(
      `${RUNNING_CALLS} AND tenant = ? AND kind = 'room' AND name = ?`,
      key.tenant,
      key.roomId,
    );
    if (row === undefined) throw new Error('a call that was just opened is not there');
    return toRunningCall(row);
  }

  setCallEmptySince({ callId, emptySinceMs }: DataOf<'setCallEmptySince'>): null {
    this.#run(
      'UPDATE calls SET empty_since_ms = ? WHERE public_id = ? AND ended_at_ms IS NULL',
      emptySinceMs,
      callId,
    );
    return null;
  }

  endCall({ callId, nowMs }: DataOf<'endCall'>): null {
    const conversation = this.#one(
      'SELECT c.id, last_seq FROM calls k JOIN conversations c ON c.id = k.conversation_id WHERE k.public_id = ?',
      callId,
    );
    this.#run('UPDATE calls SET ended_at_ms = ? WHERE public_id = ? AND ended_at_ms IS NULL', nowMs, callId);
    if (conversation?.last_seq !== 0) return null;
    // A room's name costs nothing to make up, and is the only secret of a guests' room: without messages nothing of it is kept.
    const id = integer(conversation, 'id');
    this.#run('DELETE FROM calls WHERE conversation_id = ? AND ended_at_ms IS NOT NULL', id);
    this.#run(
      `DELETE FROM conversations WHERE id = ?
         AND NOT EXISTS (SELECT 1 FROM calls WHERE conversation_id = conversations.id)`,
      id,
    );
    return null;
  }

  runningCalls(): ReplyOf<'runningCalls'> {
    return this.#all(RUNNING_CALLS).map(toRunningCall);
  }

  append(message: DataOf<'append'>): ReplyOf<'append'> {
    const id = this.#conversation(message.conversationId).id;
    const messageId = uuidBytes(message.messageId);
    const senderHash = hash('sha256', `${message.conversationId}\0${message.senderId}`, 'buffer').subarray(
      0,
      16,
    );
    const known = this.#one(
      'SELECT seq, sent_at_ms FROM message_keys WHERE conversation_id = ? AND message_id = ? AND sender_hash = ?',
      id,
      messageId,
      senderHash,
    );
    if (known) return { seq: integer(known, 'seq'), sentAtMs: integer(known, 'sent_at_ms'), duplicate: true };
    const taken = this.#one(
      'UPDATE conversations SET last_seq = last_seq + 1 WHERE id = ? RETURNING last_seq',
      id,
    );
    const seq = integer(taken ?? {}, 'last_seq');
    const { senderId, senderName, text, sentAtMs } = message;
    this.#run('INSERT INTO message_keys VALUES (?, ?, ?, ?, ?)', id, messageId, senderHash, seq, sentAtMs);
    this.#run(
      `INSERT INTO messages (conversation_id, seq, message_id, sender_id, sender_name, text, sent_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      id,
      seq,
      messageId,
      senderId,
      senderName,
      text,
      sentAtMs,
    );
    return { seq, sentAtMs, duplicate: false };
  }

  page({ conversationId, query }: DataOf<'page'>): ReplyOf<'page'> {
    const { id } = this.#conversation(conversationId);
    const { fromSeq, afterSeq = -1, beforeSeq = Number.MAX_SAFE_INTEGER, limit } = query;
    const ascending = query.afterSeq !== undefined;
    const rows = this.#all(
      `SELECT seq, message_id, sender_id, sender_name, text, sent_at_ms FROM messages
       WHERE conversation_id = ? AND seq >= ? AND seq < ? ORDER BY seq ${ascending ? 'ASC' : 'DESC'} LIMIT ?`,
      id,
      Math.max(fromSeq, afterSeq + 1),
      beforeSeq,
      limit + 1,
    );
    const messages = rows.slice(0, limit).map((row) => toMessage(conversationId, row));
    return { messages: ascending ? messages : messages.reverse(), hasMore: rows.length > limit };
  }

  lastSeq({ conversationId }: DataOf<'lastSeq'>): number {
    return this.#conversation(conversationId).lastSeq;
  }

  deleteBefore({ cutoffMs, limit }: DataOf<'deleteBefore'>): ReplyOf<'deleteBefore'> {
    const messages = this.#all(
      `DELETE FROM messages WHERE rowid IN
         (SELECT rowid FROM messages WHERE sent_at_ms < ? ORDER BY sent_at_ms LIMIT ?) RETURNING conversation_id`,
      cutoffMs,
      limit,
    );
    const calls = this.#all(
      `DELETE FROM calls WHERE id IN
         (SELECT id FROM calls WHERE ended_at_ms < ? ORDER BY ended_at_ms LIMIT ?) RETURNING conversation_id`,
      cutoffMs,
      limit,
    );
    // Only what lost something in this step can have become empty by it.
    const touched = new Set([...messages, ...calls].map((row) => integer(row, 'conversation_id')));
    for (const id of touched) this.#retireIfEmpty(id);
    const retiredLeft = this.#deleteRetired(limit);
    return {
      deleted: messages.length,
      more: messages.length === limit || calls.length === limit || retiredLeft,
    };
  }

  /**
   * Takes the name off a conversation that has neither messages nor calls. The row stays until its message keys are gone, which
   * may take many steps: whoever opens the room meanwhile gets a new conversation, not one that forgot half of its messages.
   */
  #retireIfEmpty(id: number): void {
    this.#run(
      `UPDATE conversations SET tenant = '', kind = 'retired', name = public_id WHERE id = ? AND kind = 'room'
         AND NOT EXISTS (SELECT 1 FROM messages WHERE conversation_id = conversations.id)
         AND NOT EXISTS (SELECT 1 FROM calls WHERE conversation_id = conversations.id)`,
      id,
    );
  }

  /** Deletes at most `limit` retired conversations and as many message keys. Returns whether some may be left. */
  #deleteRetired(limit: number): boolean {
    const retired = this.#all(
      "SELECT id FROM conversations WHERE tenant = '' AND kind = 'retired' LIMIT ?",
      limit,
    );
    let left = limit;
    for (const row of retired) {
      const id = integer(row, 'id');
      const { changes } = this.#run(
        `DELETE FROM message_keys WHERE (conversation_id, message_id, sender_hash) IN
           (SELECT conversation_id, message_id, sender_hash FROM message_keys WHERE conversation_id = ? LIMIT ?)`,
        id,
        left,
      );
      left -= Number(changes);
      if (left === 0) return true;
      this.#run('DELETE FROM conversations WHERE id = ?', id);
    }
    return retired.length === limit;
  }

  deleteCopiesBefore({ cutoffMs }: DataOf<'deleteCopiesBefore'>): null {
    deleteCopiesBefore(this.#path, cutoffMs);
    return null;
  }

  keepRoom({ key: { tenant, roomId }, patches }: DataOf<'keepRoom'>): null {
    if (patches.length === 0) {
      this.#run('DELETE FROM kept_rooms WHERE tenant = ? AND room_id = ?', tenant, roomId);
    } else {
      const json = JSON.stringify(patches);
      this.#run('INSERT OR REPLACE INTO kept_rooms VALUES (?, ?, ?)', tenant, roomId, json);
    }
    return null;
  }

  keptRooms(): ReplyOf<'keptRooms'> {
    return this.#all('SELECT tenant, room_id, patches FROM kept_rooms').map((row) => ({
      key: { tenant: text(row, 'tenant'), roomId: text(row, 'room_id') },
      patches: z.array(Patch).parse(JSON.parse(text(row, 'patches'))),
    }));
  }

  #conversation(conversationId: string): { id: number; lastSeq: number } {
    const row = this.#one(
      "SELECT id, last_seq FROM conversations WHERE public_id = ? AND kind <> 'retired'",
      conversationId,
    );
    if (row === undefined) {
      throw new CallError('not-found', `There is no conversation ${conversationId}.`, {
        details: { what: 'conversation' },
      });
    }
    return { id: integer(row, 'id'), lastSeq: integer(row, 'last_seq') };
  }

  // Statements are compiled once; their texts are constants of this file, so the map stays small.
  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, ...values: Array<string | number | null | Uint8Array>): { changes: number | bigint } {
    return this.#statement(sql).run(...values);
  }

  #one(sql: string, ...values: Array<string | number | Uint8Array>): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  #all(sql: string, ...values: Array<string | number>): Row[] {
    return this.#statement(sql).all(...values);
  }
}

const RUNNING_CALLS = `
  SELECT tenant, name, c.public_id AS conversation_id, k.public_id AS call_id, started_at_ms, first_seq, last_seq, empty_since_ms
  FROM calls k JOIN conversations c ON c.id = k.conversation_id WHERE ended_at_ms IS NULL`;

const toRunningCall = (row: Row): RunningCall => ({
  key: { tenant: text(row, 'tenant'), roomId: text(row, 'name') },
  conversationId: text(row, 'conversation_id'),
  callId: text(row, 'call_id'),
  startedAtMs: integer(row, 'started_at_ms'),
  firstSeq: integer(row, 'first_seq'),
  lastSeq: integer(row, 'last_seq'),
  emptySinceMs: row.empty_since_ms === null ? null : integer(row, 'empty_since_ms'),
});

const toMessage = (conversationId: string, row: Row): ChatMessage => ({
  conversationId,
  seq: integer(row, 'seq'),
  messageId: uuidText(row.message_id),
  senderId: text(row, 'sender_id'),
  senderName: text(row, 'sender_name'),
  text: text(row, 'text'),
  sentAtMs: integer(row, 'sent_at_ms'),
});

const uuidBytes = (uuid: string): Uint8Array => {
  const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex');
  if (bytes.length !== 16) throw new CallError('invalid-request', 'The message id is not a UUID.');
  return bytes;
};

const uuidText = (value: SQLOutputValue | undefined): string => {
  if (!(value instanceof Uint8Array)) throw new Error('the message id in the database is not a BLOB');
  return Buffer.from(value)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};

// The tables are STRICT, so another type here is a fault of ours (or of the file), not of the row.
const integer = (row: Row, column: string): number => {
  const value = row[column];
  if (typeof value !== 'number') throw new Error(`${column} is not a number`);
  return value;
};

const text = (row: Row, column: string): string => {
  const value = row[column];
  if (typeof value !== 'string') throw new Error(`${column} is not a text`);
  return value;
};

/** The answer to a request that failed alone; the connection is sound. */
export const toRefusal = (error: unknown): CallError =>
  error instanceof CallError
    ? error
    : new CallError('internal', `The chat store refused this request: ${String(error)}`, { cause: error });
