/**
 * Owns how much a worker sheds, from how loaded it is: fast down, slowly up, and slower each time that up was too much.
 * Does not own what is shed at which level (video/videoCap.ts) nor the looking (LoadWatch). Pure.
 */
import type { Load } from './readLoad.ts';

/** The last level: at 0 nothing is shed, at each further one what those before it do, and something that matters more. */
export const MAX_SHED_LEVEL = 7;

/** It does not rest any more: what comes in faster than this stays in its sockets. */
const SATURATED = 0.9;
/** Only below this is there room for more. */
const ROOM = 0.8;
/** Some thirty packets: more than come in together. */
const BACKLOG_BYTES = 64 * 1024;
/** Half of the smallest socket buffer that machines have by default: what comes in is a tenth of a second late, and soon lost. */
const FLOODED_BYTES = 200 * 1024;
/** Less would be noise. */
const SHRINKING = 0.9;
/** Looks until a backlog that drops nothing counts: a burst of joins is over by then. */
const STRAINED_LOOKS = 2;
const STEP = 1;
/** When sound is being lost. */
const FAST_STEP = 2;
const QUIET_MS = 5000;
const MAX_QUIET_MS = 60_000;

/** Decides for one worker. */
export class ShedPolicy {
  #level = 0;
  #strainedLooks = 0;
  #queuedBytes = 0;
  /** How long it must have had room before it sheds less. */
  #quietMs = QUIET_MS;
  #quietSinceMs: number | undefined;
  /** When it last shed less, unless that is known to have been too much. */
  #raisedAtMs: number | undefined;

  /** 0 to {@link MAX_SHED_LEVEL}. */
  get level(): number {
    return this.#level;
  }

  /** Takes what was seen. @param nowMs monotonic. */
  look(load: Load, nowMs: number): void {
    const grows = load.queuedBytes >= this.#queuedBytes * SHRINKING;
    this.#queuedBytes = load.queuedBytes;
    const isBehind = load.busy >= SATURATED && load.queuedBytes >= BACKLOG_BYTES && grows;
    const isFlooded = load.busy >= ROOM && load.queuedBytes >= FLOODED_BYTES && grows;
    if (load.dropped > 0 || isBehind || isFlooded) this.#strained(load, nowMs);
    else this.#unstrained(load, nowMs);
  }

  #strained({ dropped, queuedBytes }: Load, nowMs: number): void {
    this.#quietSinceMs = undefined;
    this.#strainedLooks += 1;
    const isLosing = dropped > 0 || queuedBytes >= FLOODED_BYTES;
    const isTrial = this.#raisedAtMs !== undefined && nowMs - this.#raisedAtMs < QUIET_MS;
    if (!isLosing && !isTrial && this.#strainedLooks < STRAINED_LOOKS) return;
    this.#strainedLooks = 0;
    if (isTrial) this.#quietMs = Math.min(2 * this.#quietMs, MAX_QUIET_MS);
    this.#raisedAtMs = undefined;
    // What was too much is taken back; more than that is for what comes unexpected.
    this.#move(isLosing && !isTrial ? FAST_STEP : STEP);
  }

  #unstrained({ busy }: Load, nowMs: number): void {
    this.#strainedLooks = 0;
    if (busy >= ROOM || this.#level === 0) {
      this.#quietSinceMs = undefined;
      return;
    }
    this.#quietSinceMs ??= nowMs;
    if (nowMs - this.#quietSinceMs < this.#quietMs) return;
    // The step before held.
    if (this.#raisedAtMs !== undefined) this.#quietMs = QUIET_MS;
    this.#raisedAtMs = nowMs;
    this.#quietSinceMs = nowMs;
    this.#move(-1);
  }

  #move(by: number): void {
    this.#level = Math.max(0, Math.min(this.#level + by, MAX_SHED_LEVEL));
  }
}
