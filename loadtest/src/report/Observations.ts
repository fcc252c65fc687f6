/**
 * Owns everything that was seen in one run, as it was seen. Figures, verdicts and charts are made of it and of nothing else.
 * Does not own how it is seen (run/) nor what is made of it.
 */
import type { Failure, JoinPhases, TrackRow } from '../process/messages.ts';
import type { ChatVerdict } from './compareChatLogs.ts';
import { Latencies } from './Latencies.ts';
import type { Report, SeriesPoint } from './schema.ts';

/** A visit of a real browser. */
export interface Visit {
  /** Undefined when no picture came in time. */
  readonly firstFrameMs: number | undefined;
  readonly freezes: number;
  readonly frozenMs: number;
  readonly audioGaps: number;
  readonly audioGapMs: number;
}

/** Alike failures are counted, not kept: there may be very many. */
export class FailureTally {
  readonly #counts = new Map<string, Failure & { count: number }>();

  add(failures: readonly Failure[]): void {
    for (const failure of failures) {
      const key = `${failure.what} ${failure.code} ${failure.message}`;
      const known = this.#counts.get(key);
      if (known) known.count += 1;
      else this.#counts.set(key, { ...failure, count: 1 });
    }
  }

  /** The most frequent first. */
  list(): Report['failures'] {
    return [...this.#counts.values()].sort((a, b) => b.count - a.count);
  }
}

/** What was seen so far. Parts that a scenario has nothing to do with stay undefined. */
export interface Observations {
  readonly series: SeriesPoint[];
  readonly failures: FailureTally;
  readonly pings: Latencies;
  readonly notes: string[];
  /** The tool itself broke down, and what follows was not seen. */
  breakdown?: string;
  joins: JoinPhases[];
  joinsAsked: number;
  joinsFailed: number;
  leaves: number;
  /** When the load stood; undefined without media. */
  tracksPlanned?: { readonly received: number; readonly expected: number };
  tracks: TrackRow[];
  sockets?: { readonly asked: number; readonly held: number; readonly bytesEach: number | undefined };
  chat?: ChatVerdict;
  reconnects?: { asked: number; resumed: number; readonly backMs: number[] };
  visits?: Visit[];
}

/** Nothing was seen yet. */
export const noObservations = (): Observations => ({
  series: [],
  failures: new FailureTally(),
  pings: new Latencies(),
  notes: [],
  joins: [],
  joinsAsked: 0,
  joinsFailed: 0,
  leaves: 0,
  tracks: [],
});
