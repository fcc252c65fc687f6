/**
 * Owns the statements about quality records, in the database that chat keeps.
 * Does not own the database, its transactions (ChatDatabase.ts) nor the schema (migrations.ts).
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { StoredQuality } from '../../quality/ports.ts';
import type { DataOf } from './requests.ts';

/** Everything that can be asked about quality records. Writes must run inside a transaction. */
export class QualityTable {
  readonly #database: DatabaseSync;
  #put: StatementSync | undefined;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  put(records: DataOf<'putQuality'>): null {
    this.#put ??= this.#database.prepare(
      `INSERT INTO quality_records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET updated_at_ms = excluded.updated_at_ms, facts = excluded.facts`,
    );
    for (const record of records) {
      const { room, callId, peerId, visitId, publicationId, userId, updatedAtMs, facts } = record;
      const { tenant, roomId } = room;
      this.#put.run(tenant, roomId, callId, peerId, visitId, publicationId, userId, updatedAtMs, facts);
    }
    return null;
  }

  of({ room, callId, peerId, after, limit }: DataOf<'qualityOf'>): StoredQuality[] {
    const where = ['tenant = ?', 'room_id = ?'];
    const values: (string | number)[] = [room.tenant, room.roomId];
    if (callId !== undefined) {
      where.push('call_id = ?');
      values.push(callId);
    }
    if (peerId !== undefined) {
      where.push('peer_id = ?');
      values.push(peerId);
    }
    if (after) {
      where.push('(call_id, peer_id, visit_id, publication_id) > (?, ?, ?, ?)');
      values.push(after.callId, after.peerId, after.visitId, after.publicationId);
    }
    // Rare, so not kept compiled.
    return this.#database
      .prepare(
        `SELECT * FROM quality_records WHERE ${where.join(' AND ')}
         ORDER BY call_id, peer_id, visit_id, publication_id LIMIT ?`,
      )
      .all(...values, limit)
      .map(toStored);
  }

  deleteBefore({ cutoffMs, limit }: DataOf<'deleteQualityBefore'>): number {
    const { changes } = this.#database
      .prepare(
        `DELETE FROM quality_records WHERE rowid IN
           (SELECT rowid FROM quality_records WHERE updated_at_ms < ? ORDER BY updated_at_ms LIMIT ?)`,
      )
      .run(cutoffMs, limit);
    return Number(changes);
  }
}

const toStored = (row: Record<string, SQLOutputValue>): StoredQuality => ({
  room: { tenant: text(row.tenant), roomId: text(row.room_id) },
  callId: text(row.call_id),
  peerId: text(row.peer_id),
  visitId: text(row.visit_id),
  publicationId: text(row.publication_id),
  userId: text(row.user_id),
  updatedAtMs: Number(row.updated_at_ms),
  facts: text(row.facts),
});

// The table is STRICT, so another type here is a fault of ours (or of the file), not of the row.
const text = (value: SQLOutputValue | undefined): string => {
  if (typeof value !== 'string') throw new Error('a column of a quality record is not a text');
  return value;
};
