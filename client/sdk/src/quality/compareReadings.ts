/**
 * Owns what happened between two readings of the stats: how far each stream's counters went, and the sums that bear on how good
 * the connection is. Does not own the reading (readStats.ts) nor the verdict (verdict.ts).
 */
import type { PathStats, StreamStats } from './readStats.ts';

/** All stats of a moment. */
export interface Reading {
  readonly atMs: number;
  readonly send: PathStats;
  readonly recv: PathStats;
  readonly streams: readonly StreamStats[];
}

const counters = [
  'packets',
  'lost',
  'frames',
  'framesDropped',
  'freezes',
  'freezeS',
  'concealedSamples',
  'samples',
  'bandwidthLimitedS',
  'cpuLimitedS',
] as const;
type Counter = (typeof counters)[number];

/** A stream, and how far each of its counters went. A counter that the browser does not have is undefined. */
export interface StreamStep {
  readonly stream: StreamStats;
  readonly by: Readonly<Record<Counter, number | undefined>>;
}

/** What bears on how good the connection was, over the time between two readings. */
export interface Interval {
  readonly lengthMs: number;
  /** The slower of both paths; undefined before the first measurement. */
  readonly rttS: number | undefined;
  /** Packets that should have come, and those that did not. */
  readonly expected: number;
  readonly lost: number;
  /** Packets that were sent and reported on, and those that did not arrive. */
  readonly sent: number;
  readonly sentLost: number;
  /** The longest that any picture's encoder was held back. */
  readonly bandwidthLimitedMs: number;
  readonly cpuLimitedMs: number;
  readonly framesDecoded: number;
  readonly framesDropped: number;
}

/** How far each stream went. One that was not there before began at zero. */
export function stepsBetween(before: Reading | undefined, after: Reading): StreamStep[] {
  const known = new Map(before?.streams.map((stream) => [stream.key, stream]));
  return after.streams.map((stream) => {
    const earlier = known.get(stream.key);
    // The same SSRC on another transport counts from zero again.
    const base = earlier && earlier.packets <= stream.packets ? earlier : undefined;
    const by = Object.fromEntries(
      counters.map((counter) => {
        const now = stream[counter];
        return [counter, now === undefined ? undefined : now - (base?.[counter] ?? 0)];
      }),
    ) as Record<Counter, number | undefined>;
    return { stream, by };
  });
}

/**
 * Sums up the time between two readings.
 * @param isSettled whether a stream flows for long enough that an encoder which is held back says something: congestion control
 *   takes some seconds to find out how much there is room for.
 * @param arrivesWhole whether the server gets all of what it passes on as this stream: what is missing there is missing here too.
 */
export function intervalBetween(
  before: Reading,
  after: Reading,
  steps: readonly StreamStep[],
  isSettled: (stream: StreamStats) => boolean,
  arrivesWhole: (stream: StreamStats) => boolean = () => true,
): Interval {
  const sum = (counter: Counter, which: (step: StreamStep) => boolean): number =>
    steps.reduce((total, step) => total + (which(step) ? Math.max(0, step.by[counter] ?? 0) : 0), 0);
  const isReceived = ({ stream }: StreamStep): boolean => stream.direction === 'received';
  const isReported = ({ stream }: StreamStep): boolean =>
    stream.direction === 'sent' && stream.lost !== undefined;
  const isVideo = (step: StreamStep): boolean => isReceived(step) && step.stream.kind === 'video';
  const longest = (counter: 'bandwidthLimitedS' | 'cpuLimitedS'): number => {
    const settled = steps.filter(({ stream }) => isSettled(stream));
    return 1000 * Math.max(0, ...settled.map(({ by }) => by[counter] ?? 0));
  };
  const isOwn = (step: StreamStep): boolean => isReceived(step) && arrivesWhole(step.stream);
  const lost = sum('lost', isOwn);
  const rtts = [after.send.rttS, after.recv.rttS].filter((rttS) => rttS !== undefined);
  return {
    lengthMs: after.atMs - before.atMs,
    rttS: rtts.length > 0 ? Math.max(...rtts) : undefined,
    expected: sum('packets', isOwn) + lost,
    lost,
    sent: sum('packets', isReported),
    sentLost: sum('lost', isReported),
    bandwidthLimitedMs: longest('bandwidthLimitedS'),
    cpuLimitedMs: longest('cpuLimitedS'),
    framesDecoded: sum('frames', isVideo),
    framesDropped: sum('framesDropped', isVideo),
  };
}
