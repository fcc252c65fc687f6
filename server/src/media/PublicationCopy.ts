/**
 * Owns a publication on one other worker: what goes into the pipe and what comes out of it, muted alike, ended together.
 * Does not own when it is needed (PublicationRelay) nor the pipe (WorkerPipes).
 */
import type { types } from 'mediasoup';
import type { MediaWorker } from './MediaWorker.ts';
import { SerialQueue } from './SerialQueue.ts';
import { notFound } from './toCallError.ts';
import type { Pipe } from './WorkerPipes.ts';

/** What is copied, and the worker on which it is published. */
export interface Origin {
  readonly producer: types.Producer;
  readonly worker: MediaWorker;
}

export class PublicationCopy {
  /** As the other worker's seats consume it. */
  readonly producer: Promise<types.Producer>;
  readonly #origin: types.Producer;
  readonly #parts: { close(): void }[] = [];
  #holders = 0;
  #closed = false;

  constructor(origin: types.Producer, pipe: Promise<Pipe>) {
    this.#origin = origin;
    this.producer = this.#make(pipe);
  }

  /** Counts somebody who consumes it. @returns the way to end that, idempotent; the last one to do so calls `onIdle`. */
  hold(onIdle: () => void): () => void {
    let held = true;
    this.#holders += 1;
    return () => {
      if (!held) return;
      held = false;
      this.#holders -= 1;
      if (this.#holders === 0) onIdle();
    };
  }

  /** Ends it, also while it is being made. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#closeParts();
  }

  async #make(pipe: Promise<Pipe>): Promise<types.Producer> {
    const ends = await pipe;
    try {
      return await this.#send(ends);
    } catch (error) {
      this.#closeParts();
      // The SSRCs in a pipe are drawn at random, and the far end refuses one that it knows: rare, and hardly twice in a row.
      if (this.#closed || !ends.near.worker.live || !ends.far.worker.live) throw error;
      return await this.#send(ends);
    }
  }

  async #send({ near, far }: Pipe): Promise<types.Producer> {
    const origin = this.#origin;
    const sent = this.#keep(await near.send(origin.id));
    const { kind, rtpParameters } = sent;
    const received = this.#keep(await far.receive({ kind, rtpParameters, paused: origin.paused }));
    this.#mirrorPaused(received, far.worker);
    return received;
  }

  /** Follows the origin itself: what the pipe tells of it may come before the reply that made the pipe's end. */
  #mirrorPaused(copy: types.Producer, worker: MediaWorker): void {
    const origin = this.#origin;
    const queue = new SerialQueue();
    const mirror = () => {
      const done = queue.run(async () => {
        if (this.#closed || copy.paused === origin.paused) return;
        const request = () => (origin.paused ? copy.pause() : copy.resume());
        await worker.call('pause or resume behind a pipe', request);
      });
      // Only a worker that is gone does not do it, and the copy goes with it.
      done.catch(() => {});
    };
    origin.observer.on('pause', mirror);
    origin.observer.on('resume', mirror);
    this.#parts.push({
      close: () => {
        origin.observer.off('pause', mirror);
        origin.observer.off('resume', mirror);
      },
    });
    mirror();
  }

  /** It was ended while a worker made a part of it: nobody else would close that. */
  #keep<T extends { close(): void }>(part: T): T {
    if (this.#closed) {
      part.close();
      throw notFound('publication');
    }
    this.#parts.push(part);
    return part;
  }

  #closeParts(): void {
    for (const part of this.#parts.splice(0)) part.close();
  }
}
