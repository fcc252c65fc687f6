/**
 * Owns the distribution of a time: how often which duration was seen, and its percentiles.
 * Does not own which times there are (figures.ts). Stands on Node's own HDR histogram: 0.1 % precise, constant memory.
 */
import { createHistogram } from 'node:perf_hooks';
import type { Percentiles } from './schema.ts';

/** Longest time that is told apart from longer ones. */
const MAX_MS = 3_600_000;

/** Times in milliseconds. */
export class Latencies {
  // Microseconds, because the histogram counts whole numbers above 0.
  readonly #histogram = createHistogram({ lowest: 1, highest: MAX_MS * 1000, figures: 3 });

  /** All of these times. */
  static of(timesMs: Iterable<number>): Latencies {
    const latencies = new Latencies();
    for (const timeMs of timesMs) latencies.record(timeMs);
    return latencies;
  }

  record(timeMs: number): void {
    this.#histogram.record(Math.max(1, Math.round(Math.min(timeMs, MAX_MS) * 1000)));
  }

  /** Undefined when there are none. */
  percentiles(): Percentiles | undefined {
    const { count } = this.#histogram;
    if (count === 0) return undefined;
    const at = (percent: number) => toMs(this.#histogram.percentile(percent));
    return {
      count,
      meanMs: toMs(this.#histogram.mean),
      p50Ms: at(50),
      p75Ms: at(75),
      p90Ms: at(90),
      p95Ms: at(95),
      p99Ms: at(99),
      p999Ms: at(99.9),
      maxMs: toMs(this.#histogram.max),
    };
  }
}

const toMs = (microseconds: number): number => Math.round(microseconds / 10) / 100;
