/**
 * Owns the few statistics that the benchmarks print. Does not own measuring.
 */

/** Nearest-rank percentile, rounded. @throws RangeError on no values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('no values');
  return Math.round(value);
}
