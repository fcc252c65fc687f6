/**
 * Owns quality records on their way to the disk, off the call's path: the newest of each key waits in memory, is written in batches,
 * and is deleted when its time is over. Does not own what reports may say (QualityService) nor the store.
 */
import type { Clock } from '../clock.ts';
import type { QualityLog, QualityStore, StoredQuality } from './ports.ts';

/** What records are made of. */
export interface QualityRecordsOptions {
  readonly store: QualityStore;
  readonly clock: Clock;
  readonly log: QualityLog;
  readonly retentionDays: number;
}

/** How much a killed process loses at most. */
const WRITE_EVERY_MS = 2_000;
const RETRY_MS = 10_000;
/** Small enough that chat messages in the same commit wait some milliseconds only. */
const BATCH = 200;
/** Records that wait while the disk does not answer; more are lost. Some 20 MB. */
const MAX_WAITING = 20_000;
const SWEEP_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Records that are written soon. */
export class QualityRecords {
  readonly #options: QualityRecordsOptions;
  readonly #waiting = new Map<string, StoredQuality>();
  #cancelWrite: (() => void) | undefined;
  #cancelSweep: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #lost = 0;
  #closed = false;

  /** Starts the sweep, too. */
  constructor(options: QualityRecordsOptions) {
    this.#options = options;
    void this.#sweep();
  }

  /** Keeps records, each in place of an older one of its key. Never waits, never fails. */
  put(records: readonly StoredQuality[]): void {
    for (const record of records) this.#wait(record);
    this.#writeIn(WRITE_EVERY_MS);
  }

  /** Writes what waits, once, and stops. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelWrite?.();
    this.#cancelSweep?.();
    await this.#writing;
    await this.#write();
  }

  #wait(record: StoredQuality): void {
    const key = keyOf(record);
    if (this.#waiting.has(key) || this.#waiting.size < MAX_WAITING) this.#waiting.set(key, record);
    else this.#lost += 1;
  }

  #writeIn(ms: number): void {
    if (this.#closed || this.#writing || this.#cancelWrite) return;
    this.#cancelWrite = this.#options.clock.setTimeout(() => {
      this.#cancelWrite = undefined;
      this.#writing = this.#write().then((done) => {
        this.#writing = undefined;
        if (this.#waiting.size > 0) this.#writeIn(done ? WRITE_EVERY_MS : RETRY_MS);
      });
    }, ms);
  }

  /** Writes batch after batch until nothing waits or one fails. Says whether all went well. */
  async #write(): Promise<boolean> {
    const { store, log } = this.#options;
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting.values()].slice(0, BATCH);
      for (const record of batch) this.#waiting.delete(keyOf(record));
      try {
        await store.putQuality(batch);
      } catch (error) {
        log.warn(
          { err: error, lost: this.#lost },
          'quality records were not stored and are tried again later',
        );
        // A newer one of the same key may have come meanwhile.
        for (const record of batch) if (!this.#waiting.has(keyOf(record))) this.#wait(record);
        return false;
      }
    }
    if (this.#lost > 0) log.warn({ lost: this.#lost }, 'quality records were lost: the store was too slow');
    this.#lost = 0;
    return true;
  }

  async #sweep(): Promise<void> {
    const { store, clock, log, retentionDays } = this.#options;
    try {
      const deleted = await store.deleteQualityBefore(Math.floor(clock.now() - retentionDays * DAY_MS));
      if (deleted > 0) log.info({ deleted, retentionDays }, 'quality records past their retention deleted');
    } catch (error) {
      log.warn({ err: error }, 'the sweep of quality records failed and is tried again later');
    }
    if (!this.#closed) this.#cancelSweep = clock.setTimeout(() => void this.#sweep(), SWEEP_EVERY_MS);
  }
}

const keyOf = ({ room, callId, peerId, visitId, publicationId }: StoredQuality): string =>
  [room.tenant, room.roomId, callId, peerId, visitId, publicationId].join('/');
