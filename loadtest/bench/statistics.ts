/**
 * Owns the few statistics that the benchmarks print. Does not own measuring.
 */
import { seededRandom } from '../src/bot/source/random.ts';

/** Nearest-rank percentile, rounded. @throws RangeError on no values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('no values');
  return Math.round(value);
}

/** The middle value, or the mean of the two in the middle. @throws RangeError on no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError('no values');
  return (lower + upper) / 2;
}

/** A median and where it lies with 95 % confidence. */
export interface Interval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 4000;

/**
 * The median with its 95 % interval by bootstrap (percentiles of the medians of resamples), the same for the same values.
 * @throws RangeError on no values.
 */
export function medianInterval(values: readonly number[]): Interval {
  const random = seededRandom(values.length);
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)] ?? 0)),
  ).sort((a, b) => a - b);
  const at = (share: number): number => medians[Math.floor(share * (RESAMPLES - 1))] ?? 0;
  return { median: median(values), low: at(0.025), high: at(0.975) };
}
