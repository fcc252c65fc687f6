/**
 * Owns the pipes between the workers of this process: one pair of ends per pair of workers, made when first needed, kept while both live.
 * Does not own what goes through them (PublicationRelay).
 */
import { CallError } from '@parley/protocol';
import type { Logger } from '../log.ts';
import type { MediaWorker } from './MediaWorker.ts';
import { PipeEnd } from './PipeEnd.ts';

/** Within one machine: nobody else can reach it, so nothing is encrypted. */
const LOOPBACK = '127.0.0.1';
// Above Linux' ephemeral ports, which end at 60999, and above the ports that media workers are given unless they are told.
const PIPE_PORTS = { min: 61_000, max: 65_535 };

/** The way from one worker to another. */
export interface Pipe {
  readonly near: PipeEnd;
  readonly far: PipeEnd;
}

export class WorkerPipes {
  readonly #portRange: { readonly min: number; readonly max: number };
  readonly #log: Logger;
  readonly #pairs = new Set<PipePair>();

  /** @param mediaPorts what the workers listen on for clients: never taken for a pipe, also while a worker is being replaced. */
  constructor(mediaPorts: { readonly first: number; readonly count: number }, log: Logger) {
    this.#portRange = pipePorts(mediaPorts);
    this.#log = log;
  }

  /** The pipe between two workers; asked at the same time, also from the other side, it is made once. */
  async between(from: MediaWorker, to: MediaWorker): Promise<Pipe> {
    const existing = [...this.#pairs].find(({ workers }) => workers.includes(from) && workers.includes(to));
    const pair = existing ?? this.#open(from, to);
    const [one, other] = await pair.made;
    return one.worker === from ? { near: one, far: other } : { near: other, far: one };
  }

  /** A worker is gone: what came from it or went to it ends on the others too. */
  drop(worker: MediaWorker): void {
    for (const pair of this.#pairs) {
      if (!pair.workers.includes(worker)) continue;
      this.#pairs.delete(pair);
      pair.close();
    }
  }

  /** The transports that pipes are made of on a worker, by mediasoup's ids. */
  transportIds(worker: MediaWorker): ReadonlySet<string> {
    const ends = [...this.#pairs].flatMap((pair) => pair.ends).filter((end) => end.worker === worker);
    return new Set(ends.map(({ transportId }) => transportId));
  }

  #open(from: MediaWorker, to: MediaWorker): PipePair {
    const pair = new PipePair([from, to], this.#portRange);
    this.#pairs.add(pair);
    // Whoever asked is told; who asks next tries anew.
    pair.made.catch((error: unknown) => {
      this.#pairs.delete(pair);
      if (!from.live || !to.live) return;
      this.#log.warn({ err: error, workers: [from.index, to.index] }, 'no pipe between media workers');
    });
    return pair;
  }
}

class PipePair {
  readonly workers: readonly [MediaWorker, MediaWorker];
  readonly made: Promise<[PipeEnd, PipeEnd]>;
  readonly ends: PipeEnd[] = [];
  #closed = false;

  constructor(
    workers: readonly [MediaWorker, MediaWorker],
    portRange: { readonly min: number; readonly max: number },
  ) {
    this.workers = workers;
    this.made = this.#make(portRange);
  }

  close(): void {
    this.#closed = true;
    for (const end of this.ends) end.close();
  }

  async #make(portRange: { readonly min: number; readonly max: number }): Promise<[PipeEnd, PipeEnd]> {
    const [from, to] = this.workers;
    const open = async (worker: MediaWorker): Promise<PipeEnd> => {
      const end = await PipeEnd.create(worker, { ip: LOOPBACK, portRange });
      this.ends.push(end);
      if (this.#closed) end.close();
      return end;
    };
    try {
      const [one, other] = await Promise.all([open(from), open(to)]);
      await Promise.all([one.connect(other.address), other.connect(one.address)]);
      if (this.#closed) throw new CallError('unavailable', 'a media worker is gone');
      return [one, other];
    } catch (error) {
      this.close();
      throw error;
    }
  }
}

/** The larger part of the range that the media ports leave. */
export function pipePorts(mediaPorts: { readonly first: number; readonly count: number }): {
  min: number;
  max: number;
} {
  const { min, max } = PIPE_PORTS;
  const below = { min, max: Math.min(max, mediaPorts.first - 1) };
  const above = { min: Math.max(min, mediaPorts.first + mediaPorts.count), max };
  return below.max - below.min > above.max - above.min ? below : above;
}
