/**
 * Percentiles are those of what was recorded.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Latencies } from './Latencies.ts';

test('there are none of nothing', () => {
  expect(Latencies.of([]).percentiles()).toBeUndefined();
});

test('percentiles are those of the sorted times, give or take one of them and 0.2 %', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.01, max: 600_000, noNaN: true }), { minLength: 1 }), (times) => {
      const sorted = times.toSorted((a, b) => a - b);
      const at = (rank: number) => sorted[Math.min(sorted.length, Math.max(1, rank)) - 1] ?? 0;
      const { count, p50Ms, p95Ms, maxMs } = Latencies.of(times).percentiles() ?? {};
      expect(count).toBe(times.length);
      for (const [found = 0, percent] of [
        [p50Ms, 50],
        [p95Ms, 95],
        [maxMs, 100],
      ] as const) {
        const rank = Math.ceil((percent / 100) * sorted.length);
        expect(found).toBeGreaterThanOrEqual(at(rank - 1) * 0.998 - 0.011);
        expect(found).toBeLessThanOrEqual(at(rank) * 1.002 + 0.011);
      }
    }),
  );
});
