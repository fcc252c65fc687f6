/**
 * Owns what is done with a participant's report: what it may name, what the others are told, which records it becomes, and reading
 * them. Does not own the disk (QualityRecords, QualityStore) nor who may read (http/).
 */
import { CallError, getEntity, type QualityReport, ROOM_ENTITY_ID, type RoomState } from '@parley/protocol';
import type { Clock } from '../clock.ts';
import { GUEST_TENANT, type MediaPeer, type RoomKey, roomKeyText } from '../room/ports.ts';
import type { QualityPage, QualityQuery, QualityStore } from './ports.ts';
import type { QualityRecords } from './QualityRecords.ts';
import { recordsOf, toRecord } from './records.ts';

/** What the service is made of. */
export interface QualityServiceOptions {
  readonly store: QualityStore;
  readonly records: Pick<QualityRecords, 'put'>;
  /** A room as it is now. */
  readonly readRoom: (room: RoomKey) => Promise<RoomState>;
  /** Tells a room that somebody's own network is weak, or no longer. */
  readonly tell: (room: RoomKey, peerId: string, trouble: 'network' | 'none') => void;
  readonly clock: Clock;
}

interface Visit {
  /** What the seat has had to do with: what ended a moment ago is still reported. */
  readonly publications: Set<string>;
}

interface Reporting {
  readonly visits: Map<string, Visit>;
  trouble: 'network' | 'none';
  toldAtMs: number;
  reportedAtMs: number;
}

/** Page loads of one seat in one call that are told apart. */
const MAX_VISITS = 16;
const MAX_PUBLICATIONS = 512;
/** Moments may be lost, and people come later: what lasts is told again. */
const TELL_AGAIN_MS = 30_000;
/** A seat that is silent for so long is forgotten here; its records are not. */
const FORGET_AFTER_MS = 600_000;

/** Quality of all rooms of this process. */
export class QualityService {
  readonly #options: QualityServiceOptions;
  /** By room, call and peer. In the order of the last report: the longest silent first. */
  readonly #reporting = new Map<string, Reporting>();

  constructor(options: QualityServiceOptions) {
    this.#options = options;
  }

  /**
   * Takes a report of a seat. Publications that the seat can have had nothing to do with are skipped. Does not wait for the disk.
   * @throws CallError `capacity` for more lives of a page than anybody has.
   */
  async report(seat: MediaPeer, userId: string, report: QualityReport): Promise<void> {
    const { readRoom, records, clock } = this.#options;
    const { room, peerId } = seat;
    const state = await readRoom(room);
    const callId = getEntity(state, 'room', ROOM_ENTITY_ID)?.callId;
    // The race: the call ended while the report was on its way.
    if (callId === undefined) return;
    const reporting = this.#touch(`${roomKeyText(room)}/${callId}/${peerId}`);
    const visit = visitOf(reporting, report.visitId);
    this.#tell(seat, reporting, report.trouble === 'your-network' ? 'network' : 'none');
    // Nobody has a key to read them by, and the name of a guests' room is its only secret.
    if (room.tenant === GUEST_TENANT) return;
    const publications = report.publications.filter(({ publicationId }) =>
      isKnown(visit, state, publicationId),
    );
    const reporter = { room, callId, peerId, visitId: report.visitId, userId, updatedAtMs: clock.now() };
    records.put(recordsOf(reporter, { ...report, publications }));
  }

  /** A page of a room's records. Fails as the store fails. */
  async read(query: QualityQuery): Promise<QualityPage> {
    const stored = await this.#options.store.qualityOf({ ...query, limit: query.limit + 1 });
    const page = stored.slice(0, query.limit);
    const last = page.at(-1);
    const records = page.map(toRecord);
    if (stored.length <= query.limit || !last) return { records };
    const { callId, peerId, visitId, publicationId } = last;
    return { records, next: { callId, peerId, visitId, publicationId } };
  }

  #touch(key: string): Reporting {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [silent, { reportedAtMs }] of this.#reporting) {
      if (nowMs - reportedAtMs < FORGET_AFTER_MS) break;
      this.#reporting.delete(silent);
    }
    const known = this.#reporting.get(key);
    const reporting: Reporting = known ?? {
      visits: new Map(),
      trouble: 'none',
      toldAtMs: nowMs,
      reportedAtMs: nowMs,
    };
    reporting.reportedAtMs = nowMs;
    this.#reporting.delete(key);
    this.#reporting.set(key, reporting);
    return reporting;
  }

  #tell({ room, peerId }: MediaPeer, reporting: Reporting, trouble: Reporting['trouble']): void {
    const nowMs = this.#options.clock.monotonicMs();
    const again = trouble === 'network' && nowMs - reporting.toldAtMs >= TELL_AGAIN_MS;
    if (trouble === reporting.trouble && !again) return;
    reporting.trouble = trouble;
    reporting.toldAtMs = nowMs;
    this.#options.tell(room, peerId, trouble);
  }
}

function visitOf(reporting: Reporting, visitId: string): Visit {
  const known = reporting.visits.get(visitId);
  if (known) return known;
  if (reporting.visits.size >= MAX_VISITS)
    throw new CallError('capacity', 'Too many pages of one seat report');
  const visit = { publications: new Set<string>() };
  reporting.visits.set(visitId, visit);
  return visit;
}

function isKnown(visit: Visit, state: RoomState, publicationId: string): boolean {
  if (visit.publications.has(publicationId)) return true;
  const exists = getEntity(state, 'publication', publicationId) !== undefined;
  if (!exists || visit.publications.size >= MAX_PUBLICATIONS) return false;
  visit.publications.add(publicationId);
  return true;
}
