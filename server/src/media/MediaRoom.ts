/**
 * Owns what the seats of one room share on its worker: the publications, who speaks, quality, ended consumers.
 * Does not own placement (MediaPlane) nor what each seat has (Seat).
 */
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { type MediaEvents, type MediaPeer, type RoomKey, roomKeyText } from '../room/ports.ts';
import type { MediaWorker } from './MediaWorker.ts';
import { QualityReporter } from './QualityReporter.ts';
import { Seat } from './Seat.ts';
import { SpeakerObserver } from './SpeakerObserver.ts';
import type { Publication, SeatConsumer, SeatHandle, SeatRoom } from './seatModel.ts';

export class MediaRoom implements SeatRoom {
  readonly key: RoomKey;
  readonly worker: MediaWorker;
  readonly #events: MediaEvents;
  readonly #seats = new Map<string, Seat>();
  readonly #publications = new Map<string, Publication>();
  readonly #speakers: SpeakerObserver;
  readonly #quality: QualityReporter;
  /** Consumers that ended in this turn of the event loop: told in one call per seat, not one per consumer. */
  readonly #ended = new Map<SeatHandle, string[]>();
  #closed = false;

  constructor(options: {
    key: RoomKey;
    worker: MediaWorker;
    events: MediaEvents;
    clock: Clock;
    log: Logger;
  }) {
    const { key, worker, events, clock } = options;
    this.key = key;
    this.worker = worker;
    this.#events = events;
    this.#speakers = new SpeakerObserver({
      worker,
      clock,
      log: options.log.child({ room: roomKeyText(key), worker: worker.index }),
      onChange: (peerIds) => events.activeSpeakers(key, peerIds),
    });
    this.#quality = new QualityReporter(clock, (scores) => events.quality(key, scores));
  }

  /** No seat has or is about to have anything here. */
  get empty(): boolean {
    return [...this.#seats.values()].every((seat) => seat.idle);
  }

  /** A measure of what the room costs its worker; at least 1. */
  get load(): number {
    return [...this.#seats.values()].reduce((sum, seat) => sum + seat.load, 1);
  }

  seat(peerId: string): Seat | undefined {
    return this.#seats.get(peerId);
  }

  takeSeat(peer: MediaPeer): Seat {
    let seat = this.#seats.get(peer.peerId);
    if (!seat) {
      seat = new Seat(peer, this);
      this.#seats.set(peer.peerId, seat);
      this.#quality.tellAll();
    }
    return seat;
  }

  /** Ends everything of a seat. */
  closeSeat(peerId: string): void {
    const seat = this.#seats.get(peerId);
    if (!seat) return;
    this.#seats.delete(peerId);
    seat.close();
    this.#ended.delete(seat);
    this.#quality.remove(peerId);
  }

  /** Ends the room here, everything in it included. */
  close(): void {
    for (const peerId of [...this.#seats.keys()]) this.closeSeat(peerId);
    this.#end();
  }

  /** The worker is gone. Returns whose media went with it. */
  abandon(): MediaPeer[] {
    const seats = [...this.#seats.values()].filter((seat) => seat.transportIds.length > 0);
    for (const seat of this.#seats.values()) seat.abandon();
    this.#seats.clear();
    this.#publications.clear();
    this.#end();
    return seats.map(({ peer }) => peer);
  }

  findPublication(publicationId: string): Publication | undefined {
    return this.#publications.get(publicationId);
  }

  published(publication: Publication): void {
    this.#publications.set(publication.id, publication);
    if (publication.source === 'mic') {
      void this.#speakers.add(publication.seat.peer.peerId, publication.producer);
    }
    this.scoreChanged(publication.seat);
  }

  unpublished(publication: Publication): void {
    this.#publications.delete(publication.id);
    if (publication.source === 'mic') {
      this.#speakers.remove(publication.seat.peer.peerId, publication.producer);
    }
    this.scoreChanged(publication.seat);
  }

  pausedChanged({ seat, source, producer }: Publication): void {
    if (source === 'mic' && producer.paused) this.#speakers.silence(seat.peer.peerId);
    this.scoreChanged(seat);
  }

  scoreChanged(seat: SeatHandle): void {
    if (this.#seats.get(seat.peer.peerId) === seat) this.#quality.set(seat.peer.peerId, seat.score);
  }

  consumerEnded({ seat, info }: SeatConsumer): void {
    if (this.#ended.size === 0) queueMicrotask(() => this.#tellEnded());
    this.#ended.set(seat, [...(this.#ended.get(seat) ?? []), info.consumerId]);
  }

  #tellEnded(): void {
    const ended = [...this.#ended];
    this.#ended.clear();
    if (this.#closed) return;
    for (const [seat, consumerIds] of ended) this.#events.consumersClosed(seat.peer, consumerIds);
  }

  #end(): void {
    this.#closed = true;
    this.#speakers.close();
    this.#quality.close();
  }
}
