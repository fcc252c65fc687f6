/**
 * Owns what quality records need from outside, in domain words: where they are kept, and what they look like.
 * Does not own any engine (chat/ has the database) nor who may read them (http/, auth/).
 */
import { PublicationQuality, QualityReport } from '@parley/protocol';
import * as z from 'zod/mini';
import type { RoomKey } from '../room/ports.ts';

/** What tells a record from all others. */
export interface QualityKey {
  readonly room: RoomKey;
  readonly callId: string;
  /** Who measured. */
  readonly peerId: string;
  /** One life of the measuring page. */
  readonly visitId: string;
  /** What was measured; empty: the participant itself. */
  readonly publicationId: string;
}

/** A record as it is stored. */
export interface StoredQuality extends QualityKey {
  readonly userId: string;
  /** Of the latest report. */
  readonly updatedAtMs: number;
  /** JSON, by one of the schemas below. */
  readonly facts: string;
}

/** What is kept about a participant. */
export const ParticipantFacts = z.omit(QualityReport, { visitId: true, publications: true, trouble: true });
/** What is kept about a publication, as one participant sent or received it. */
export const PublicationFacts = z.extend(z.omit(PublicationQuality, { publicationId: true }), {
  direction: z.enum(['sent', 'received']),
});

/** A record as the API gives it: of a participant, or of one publication as that participant sent or received it. */
export type QualityRecord = Omit<QualityKey, 'room' | 'publicationId'> & {
  readonly userId: string;
  readonly updatedAtMs: number;
} & (
    | ({ readonly publicationId: string } & z.infer<typeof PublicationFacts>)
    | z.infer<typeof ParticipantFacts>
  );

/** The place of a record in the order in which a room's records are read. */
export type QualityCursor = Pick<QualityKey, 'callId' | 'peerId' | 'visitId' | 'publicationId'>;

/** Which records of a room to read. */
export interface QualityQuery {
  readonly room: RoomKey;
  readonly callId?: string | undefined;
  readonly peerId?: string | undefined;
  /** Only what comes behind it. */
  readonly after?: QualityCursor | undefined;
  readonly limit: number;
}

/** One page of records. */
export interface QualityPage {
  readonly records: QualityRecord[];
  /** Where the next page begins; absent on the last one. */
  readonly next?: QualityCursor;
}

/** Durable quality records. Calls fail with a CallError as the engine fails. */
export interface QualityStore {
  /** Keeps records; each replaces an older one of the same key. Resolves when they are on disk. */
  putQuality(records: readonly StoredQuality[]): Promise<void>;
  /** At most `limit` records, in the order of their cursors. */
  qualityOf(query: QualityQuery): Promise<StoredQuality[]>;
  /** Deletes what was last updated before the given time, in bounded steps. Answers how many records went. */
  deleteQualityBefore(cutoffMs: number): Promise<number>;
}

/** The part of a logger (pino's, in production) that is written to here. */
export interface QualityLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
