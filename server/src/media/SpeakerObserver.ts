/**
 * Owns a room's AudioLevelObserver on one worker: made with the first microphone that is published there.
 * Does not own what counts as speaking (ActiveSpeakers) nor the room's other workers (RoomSpeakers).
 */
import type { types } from 'mediasoup';
import type { Logger } from '../log.ts';
import type { Level } from './ActiveSpeakers.ts';
import type { MediaWorker } from './MediaWorker.ts';

// The worker ignores who sent fewer than 10 packets in an interval: Opus sends 50 a second, so 200 ms would be exactly
// 10, and a late packet would make the loudest speaker vanish.
const INTERVAL_MS = 300;
const THRESHOLD_DBOV = -55;
/** Who is measured: where many speak at once, nobody may seem silent for being the ninth. */
const MAX_MEASURED = 256;

export class SpeakerObserver {
  readonly #worker: MediaWorker;
  readonly #log: Logger;
  readonly #onLevels: (levels: readonly Level[]) => void;
  readonly #peerIds = new Map<string, string>();
  #observer: Promise<types.AudioLevelObserver> | undefined;
  #closed = false;

  constructor(options: {
    worker: MediaWorker;
    log: Logger;
    /** Everybody above the threshold, loudest first, each interval; not called in silence. */
    onLevels: (levels: readonly Level[]) => void;
  }) {
    this.#worker = options.worker;
    this.#log = options.log;
    this.#onLevels = options.onLevels;
  }

  /** Listens to a microphone until it is removed or closed. Never fails: without marks on speakers a call is still a call. */
  async add(peerId: string, producer: types.Producer): Promise<void> {
    this.#peerIds.set(producer.id, peerId);
    try {
      this.#observer ??= this.#create();
      const observer = await this.#observer;
      if (this.#closed || producer.closed) return;
      await this.#worker.call('addProducer', () => observer.addProducer({ producerId: producer.id }));
    } catch (error) {
      if (this.#worker.live && !producer.closed) this.#log.warn({ err: error }, 'cannot listen for speakers');
    }
  }

  /** A microphone is gone. */
  remove(producer: types.Producer): void {
    this.#peerIds.delete(producer.id);
  }

  /** Stops. */
  close(): void {
    this.#closed = true;
    this.#observer?.then(
      (observer) => observer.close(),
      () => {}, // Reported to whoever added.
    );
  }

  async #create(): Promise<types.AudioLevelObserver> {
    const observer = await this.#worker.call('createAudioLevelObserver', () =>
      this.#worker.router.createAudioLevelObserver({
        interval: INTERVAL_MS,
        threshold: THRESHOLD_DBOV,
        maxEntries: MAX_MEASURED,
      }),
    );
    observer.on('volumes', (volumes) => {
      if (this.#closed) return;
      this.#onLevels(
        volumes.flatMap(({ producer, volume }) => {
          const peerId = this.#peerIds.get(producer.id);
          return peerId === undefined ? [] : [{ peerId, dBov: volume }];
        }),
      );
    });
    return observer;
  }
}
