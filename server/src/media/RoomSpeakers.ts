/**
 * Owns who speaks in a room, wherever its microphones are published: one observer per worker, their levels put together.
 * Does not own the measuring (SpeakerObserver) nor what counts as speaking (ActiveSpeakers).
 */
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { ActiveSpeakers, type Level } from './ActiveSpeakers.ts';
import type { MediaWorker } from './MediaWorker.ts';
import { SpeakerObserver } from './SpeakerObserver.ts';
import type { Publication } from './seatModel.ts';

/** Of each worker: who is shown as speaking. */
const MAX_SHOWN = 8;

export class RoomSpeakers {
  readonly #log: Logger;
  readonly #onLevels: (levels: readonly Level[]) => void;
  readonly #speakers: ActiveSpeakers;
  readonly #observers = new Map<MediaWorker, SpeakerObserver>();

  constructor(options: {
    clock: Clock;
    log: Logger;
    /** Levels of one worker's microphones, of everybody above the threshold. */
    onLevels: (levels: readonly Level[]) => void;
    /** The peers who speak, loudest first; only when changed. */
    onChange: (peerIds: readonly string[]) => void;
  }) {
    this.#log = options.log;
    this.#onLevels = options.onLevels;
    this.#speakers = new ActiveSpeakers(options.clock, options.onChange);
  }

  /** Listens to a microphone until it is removed. */
  add({ seat, producer }: Publication): void {
    void this.#observer(seat.worker).add(seat.peer.peerId, producer);
  }

  /** A microphone is muted: its peer stops speaking now. The worker itself leaves paused producers out. */
  silence({ seat }: Publication): void {
    this.#speakers.remove(seat.peer.peerId);
  }

  /** A microphone is gone. */
  remove({ seat, producer }: Publication): void {
    this.#observers.get(seat.worker)?.remove(producer);
    this.#speakers.remove(seat.peer.peerId);
  }

  /** A worker is gone, and every microphone there has been removed. */
  drop(worker: MediaWorker): void {
    this.#observers.get(worker)?.close();
    this.#observers.delete(worker);
  }

  /** Stops; whoever was said to speak is said not to any more. */
  close(): void {
    for (const observer of this.#observers.values()) observer.close();
    this.#speakers.close();
  }

  #observer(worker: MediaWorker): SpeakerObserver {
    let observer = this.#observers.get(worker);
    if (!observer) {
      observer = new SpeakerObserver({
        worker,
        log: this.#log.child({ worker: worker.index }),
        onLevels: (levels) => {
          this.#onLevels(levels);
          this.#speakers.report(levels.slice(0, MAX_SHOWN), worker);
        },
      });
      this.#observers.set(worker, observer);
    }
    return observer;
  }
}
