/**
 * Owns when the quality of a room's peers is told: changes only, and all of it after somebody came, at most once a second.
 * Does not own the scores: Seat computes them from mediasoup's.
 */
import type { Clock } from '../clock.ts';

const INTERVAL_MS = 1000;

export class QualityReporter {
  readonly #clock: Clock;
  readonly #onReport: (scores: ReadonlyMap<string, number>) => void;
  readonly #scores = new Map<string, number>();
  readonly #told = new Map<string, number>();
  #cancelTimer: (() => void) | undefined;

  /** @param onReport gets the peers whose score changed since the report before. */
  constructor(clock: Clock, onReport: (scores: ReadonlyMap<string, number>) => void) {
    this.#clock = clock;
    this.#onReport = onReport;
  }

  /** A peer's score, 0-10; undefined while it sends nothing that could be scored. */
  set(peerId: string, score: number | undefined): void {
    if (score === undefined) this.#scores.delete(peerId);
    else this.#scores.set(peerId, score);
    if (score !== undefined && score !== this.#told.get(peerId)) this.#reportSoon();
  }

  /** Somebody came who has not been told anything: the next report has everybody. */
  tellAll(): void {
    this.#told.clear();
    this.#reportSoon();
  }

  /** A peer is gone. */
  remove(peerId: string): void {
    this.#scores.delete(peerId);
    this.#told.delete(peerId);
  }

  /** Stops; nothing is told any more. */
  close(): void {
    this.#cancelTimer?.();
    this.#scores.clear();
  }

  /** Waits even for the first change: scores move several times while a stream starts. */
  #reportSoon(): void {
    this.#cancelTimer ??= this.#clock.setTimeout(() => this.#report(), INTERVAL_MS);
  }

  #report(): void {
    this.#cancelTimer = undefined;
    const changed = new Map([...this.#scores].filter(([peerId, score]) => this.#told.get(peerId) !== score));
    if (changed.size === 0) return;
    for (const [peerId, score] of changed) this.#told.set(peerId, score);
    this.#onReport(changed);
  }
}
