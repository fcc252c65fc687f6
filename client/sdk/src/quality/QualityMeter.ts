/**
 * Owns when quality is measured and told: every two seconds the stats are read, judged and summed up; what lasts is told at once,
 * the sums to the server every ten seconds and at the end. Does not own the stats, the verdicts nor the sums themselves.
 */
import type { OwnTrouble, QualityReport } from '@parley/protocol';
import { isPageHidden } from '../pageLifecycle.ts';
import { visitId } from '../randomIds.ts';
import type { Participant } from '../types.ts';
import { intervalBetween, type Reading, stepsBetween } from './compareReadings.ts';
import { JoinTimes } from './JoinTimes.ts';
import { PeerTroubles } from './PeerTroubles.ts';
import { QualityTotals } from './QualityTotals.ts';
import { readPath, readStreams, type StreamIdentity, type StreamStats } from './readStats.ts';
import { TroubleWatch } from './TroubleWatch.ts';
import { qualityOf, troubleSign } from './verdict.ts';

const EVERY_MS = 2_000;
const REPORT_EVERY_MS = 10_000;
/** A page that slept measures nothing about the network. */
const SLEPT_MS = 3 * EVERY_MS;
/** Until then an encoder that is held back is congestion control finding its way. */
const SETTLED_AFTER_MS = 10_000;
/** From the first packet of a picture to the picture; looked for so often, so many times, and with each reading after that. */
const FIRST_FRAME_EVERY_MS = 50;
const FIRST_FRAME_TRIES = 20;

/** Stats of both transports. */
export interface TransportStats {
  readonly send: RTCStatsReport | undefined;
  readonly recv: RTCStatsReport | undefined;
}

/** What the meter measures. */
export interface QualitySource {
  /** Fails, or takes long, without harm. */
  getStats(): Promise<TransportStats>;
  /** See readStreams. */
  publicationOf(direction: 'sent' | 'received', identity: StreamIdentity): string | undefined;
}

/** What the meter tells. */
export interface QualityEvents {
  /** How good the own connection is. */
  qualityChanged(quality: Participant['quality']): void;
  /** What is put down to whom; with each measurement, changed or not. */
  troublesMeasured(own: OwnTrouble | undefined, weakPeerIds: ReadonlySet<string>): void;
  /** A report is due. */
  reportDue(): void;
}

/** Quality of one call. */
export class QualityMeter {
  readonly times = new JoinTimes();
  readonly peers = new PeerTroubles();
  readonly #source: QualitySource;
  readonly #events: QualityEvents;
  readonly #visitId = visitId();
  readonly #totals = new QualityTotals();
  readonly #watch = new TroubleWatch<OwnTrouble>();
  readonly #seenSinceMs = new Map<string, number>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #firstFrameTimer: ReturnType<typeof setTimeout> | undefined;
  #last: Reading | undefined;
  #quality: Participant['quality'] = 'unknown';
  #reportedAtMs = Number.NEGATIVE_INFINITY;
  #measuring = false;
  #closed = false;

  constructor(source: QualitySource, events: QualityEvents) {
    this.#source = source;
    this.#events = events;
  }

  /** Begins to measure. Idempotent. */
  start(): void {
    if (!this.#closed) this.#timer ??= setInterval(() => void this.#measure(), EVERY_MS);
  }

  /** Somebody's picture is about to come: its first frame is the end of the join. */
  handleTrack(track: MediaStreamTrack | null): void {
    if (track?.kind !== 'video' || this.times.has('firstFrameMs')) return;
    if (track.muted) track.addEventListener('unmute', () => this.#lookForFrame(), { once: true });
    else this.#lookForFrame();
  }

  /** What to tell the server now: cumulative, and of publications only those with news. */
  report(): QualityReport {
    this.#reportedAtMs = performance.now();
    const trouble = this.#watch.trouble;
    return {
      visitId: this.#visitId,
      phases: this.times.phases,
      ...(trouble && { trouble }),
      ...this.#totals.report(),
    };
  }

  /** Stops. Idempotent. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#firstFrameTimer);
  }

  async #measure(): Promise<void> {
    // Stats of a busy browser can take longer than the time between two readings.
    if (this.#measuring) return;
    this.#measuring = true;
    const reading = await this.#read();
    this.#measuring = false;
    if (!reading || this.#closed) return;
    const before = this.#last;
    this.#last = reading;
    const { streams } = reading;
    if (streams.some(isShown)) this.times.mark('firstFrameMs');
    const steps = stepsBetween(before, reading);
    const lengthMs = Math.min(SLEPT_MS, before ? reading.atMs - before.atMs : EVERY_MS);
    const troubleBefore = this.#watch.trouble;
    if (before) this.#judge(before, reading, steps);
    const trouble = this.#watch.trouble;
    this.#totals.add(reading, steps, lengthMs, trouble);
    this.#events.troublesMeasured(trouble, this.peers.tick(reading.atMs));
    const isDue = reading.atMs - this.#reportedAtMs >= REPORT_EVERY_MS;
    if (isDue || trouble !== troubleBefore) this.#events.reportDue();
  }

  async #read(): Promise<Reading | undefined> {
    const stats = await this.#source.getStats().catch(() => undefined);
    if (!stats) return undefined;
    const publicationOf = this.#source.publicationOf.bind(this.#source);
    return {
      atMs: performance.now(),
      send: readPath(stats.send),
      recv: readPath(stats.recv),
      streams: [...readStreams(stats.send, publicationOf), ...readStreams(stats.recv, publicationOf)],
    };
  }

  #judge(before: Reading, reading: Reading, steps: ReturnType<typeof stepsBetween>): void {
    const isSettled = ({ key, limitation }: StreamStats): boolean => {
      if (limitation === undefined) this.#seenSinceMs.delete(key);
      else if (!this.#seenSinceMs.has(key)) this.#seenSinceMs.set(key, reading.atMs);
      const sinceMs = this.#seenSinceMs.get(key);
      return sinceMs !== undefined && reading.atMs - sinceMs >= SETTLED_AFTER_MS;
    };
    const arrivesWhole = ({ publicationId }: StreamStats): boolean =>
      !this.peers.sendsBadly(publicationId.slice(0, publicationId.lastIndexOf('.')), reading.atMs);
    const interval = intervalBetween(before, reading, steps, isSettled, arrivesWhole);
    if (interval.lengthMs > SLEPT_MS) return;
    this.#watch.add(troubleSign(interval, isPageHidden()));
    const quality = qualityOf(interval);
    if (quality === this.#quality) return;
    this.#quality = quality;
    this.#events.qualityChanged(quality);
  }

  #lookForFrame(tries = FIRST_FRAME_TRIES): void {
    if (this.#closed || tries === 0 || this.times.has('firstFrameMs')) return;
    clearTimeout(this.#firstFrameTimer);
    this.#firstFrameTimer = setTimeout(async () => {
      const reading = await this.#read();
      if (reading?.streams.some(isShown)) this.times.mark('firstFrameMs');
      else this.#lookForFrame(tries - 1);
    }, FIRST_FRAME_EVERY_MS);
  }
}

const isShown = ({ direction, kind, frames = 0 }: StreamStats): boolean =>
  direction === 'received' && kind === 'video' && frames > 0;
