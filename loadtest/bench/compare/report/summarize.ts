/**
 * Owns what follows from points: which count, the medians, what larger rooms would take.
 * Does not own the statistics themselves (statistics.ts).
 */
import { medianInterval, percentile } from '../../statistics.ts';
import { AUDIO_PACKETS_PER_S, type Case, type ContenderId, tracksOf } from '../cases.ts';
import type { CaseResult, Point, Row } from './result.ts';

/** A point counts from this delivery on. */
const NEEDED_PERCENT = 99.9;
/** From here on a late packet may be the generator's own fault. */
const BUSY_PERCENT = 90;

/** Why a point does not count; undefined when it does. */
export function refusal(point: Omit<Point, 'refused'>): string | undefined {
  const { cpuPercent, loopPercent } = point.generator;
  if (Math.max(cpuPercent, loopPercent) >= BUSY_PERCENT) {
    return `the generator is the limit (${Math.round(cpuPercent)} % of its core, event loop ${Math.round(loopPercent)} %)`;
  }
  if (point.tracks < point.tracksExpected) return `${point.tracks} of ${point.tracksExpected} tracks arrive`;
  if (point.deliveryPercent < NEEDED_PERCENT) return `delivers ${point.deliveryPercent.toFixed(2)} %`;
  return undefined;
}

/** The row of a contender under load. */
export function loadRow(contender: ContenderId, srtpProfile: string, points: readonly Point[]): Row {
  const counting = points.filter(({ round, refused }) => round > 0 && refused === undefined);
  const row = { kind: 'load' as const, contender, srtpProfile, points: [...points] };
  if (counting.length === 0) return row;
  const perMillion = (cpu: (point: Point) => number) =>
    medianInterval(counting.map((point) => (cpu(point) / point.packets) * 1e6));
  return {
    ...row,
    packetsPerS: medianInterval(counting.map(({ packets, seconds }) => packets / seconds)).median,
    cpuPerMillion: {
      total: perMillion((point) => point.mediaCpuSeconds + point.nodeCpuSeconds),
      media: perMillion((point) => point.mediaCpuSeconds),
      node: perMillion((point) => point.nodeCpuSeconds),
    },
  };
}

/** The row of a contender's joins; the first round's are left out already. */
export function joinsRow(
  contender: ContenderId,
  srtpProfile: string,
  firstFramesMs: readonly number[],
  failures: number,
): Row {
  const row = { kind: 'joins' as const, contender, srtpProfile, firstFramesMs: [...firstFramesMs], failures };
  if (firstFramesMs.length === 0) return row;
  return { ...row, interval: medianInterval(firstFramesMs), p95Ms: percentile(firstFramesMs, 95) };
}

/** What a contender that sends everything to everybody would take, from its largest measured room. */
export function computedRow(contender: ContenderId, { load }: Case, measured: readonly CaseResult[]): Row {
  const packetsPerS = tracksOf(load, contender).audio * AUDIO_PACKETS_PER_S;
  const base = measured
    .filter(({ family }) => family === 'audio')
    .flatMap(({ id, rows }) =>
      rows.flatMap((row) =>
        row.kind === 'load' && row.contender === contender && row.cpuPerMillion && row.packetsPerS
          ? [{ id, packetsPerS: row.packetsPerS, perMillion: row.cpuPerMillion.total.median }]
          : [],
      ),
    )
    .sort((a, b) => b.packetsPerS - a.packetsPerS)[0];
  return {
    kind: 'computed',
    contender,
    fromCase: base?.id ?? 'nothing',
    packetsPerS,
    ...(base && { cores: (base.perMillion * packetsPerS) / 1e6 }),
  };
}
