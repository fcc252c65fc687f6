/**
 * Owns what the bench knows of a contender: how it is started, whether it can be had here.
 * Does not own how one of them does that (parley.ts, bareMediasoup.ts, janus.ts).
 */
import type { ContenderId } from '../cases.ts';
import type { Machine, Machines } from '../network/machines.ts';

/** How the generator speaks with it. */
export type Dialect = 'parley' | 'mediasoup' | 'janus';

/** A server that runs, pinned, until it is stopped. */
export interface RunningServer {
  /** Where the generator connects to. */
  readonly url: string;
  /** Processes that forward media, and those that only signal; either may be empty. */
  readonly pids: { readonly media: readonly number[]; readonly node: readonly number[] };
  /** Ends it and all that it started. Idempotent. */
  stop(): Promise<void>;
}

/** Somebody who competes. */
export interface Contender {
  readonly id: ContenderId;
  readonly dialect: Dialect;
  /** One line with what to do when it cannot be had here; undefined when it can. */
  missing(machines: Machines): string | undefined;
  start(machine: Machine): Promise<RunningServer>;
}
