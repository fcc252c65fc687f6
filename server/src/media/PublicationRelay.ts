/**
 * Owns the copies of one publication on other workers: made when the first seat there wants it, gone with the last one or the publication.
 * Does not own the pipes that they go through (WorkerPipes) nor the consumers behind them (Seat).
 */
import type { types } from 'mediasoup';
import type { MediaWorker } from './MediaWorker.ts';
import { type Origin, PublicationCopy } from './PublicationCopy.ts';
import type { Pipe } from './WorkerPipes.ts';

/** A publication where a seat can consume it. */
export interface Outlet {
  /** Lives on the seat's worker. */
  readonly producer: types.Producer;
  /** The seat does not consume it any more, or could not. Idempotent. */
  readonly release: () => void;
}

export class PublicationRelay {
  readonly #origin: Origin;
  readonly #pipeTo: (worker: MediaWorker) => Promise<Pipe>;
  readonly #copies = new Map<MediaWorker, PublicationCopy>();

  /** @param pipeTo gives the pipe from the origin's worker to another. */
  constructor(origin: Origin, pipeTo: (worker: MediaWorker) => Promise<Pipe>) {
    this.#origin = origin;
    this.#pipeTo = pipeTo;
  }

  /**
   * The publication on a worker, to be consumed there until it is released.
   * @throws CallError `not-found` when the publication ended meanwhile, `unavailable` or `timeout` as the workers fail.
   */
  async outlet(worker: MediaWorker): Promise<Outlet> {
    if (worker === this.#origin.worker) return { producer: this.#origin.producer, release: () => {} };
    let copy = this.#copies.get(worker);
    if (!copy) {
      copy = new PublicationCopy(this.#origin.producer, this.#pipeTo(worker));
      this.#copies.set(worker, copy);
    }
    const taken = copy;
    const release = taken.hold(() => this.#drop(worker, taken));
    try {
      return { producer: await taken.producer, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** The publication ended, and with it all copies. */
  close(): void {
    for (const [worker, copy] of this.#copies) this.#drop(worker, copy);
  }

  #drop(worker: MediaWorker, copy: PublicationCopy): void {
    if (this.#copies.get(worker) === copy) this.#copies.delete(worker);
    copy.close();
  }
}
