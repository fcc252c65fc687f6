/**
 * Owns what the seats of one room share, on whichever workers they live: the publications, who speaks, quality, ended consumers.
 * Does not own placement (MediaPlane), what each seat has (Seat), what is sent of it (RoomAudio, RoomVideo) nor the ways between workers
 * (PublicationRelay).
 */
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import {
  type MediaEvents,
  type MediaPeer,
  type RoomKey,
  roomKeyText,
  type WantedEncodings,
} from '../room/ports.ts';
import { RoomAudio } from './audio/RoomAudio.ts';
import type { MediaWorker } from './MediaWorker.ts';
import { type Outlet, PublicationRelay } from './PublicationRelay.ts';
import { QualityReporter } from './QualityReporter.ts';
import { RoomSpeakers } from './RoomSpeakers.ts';
import { Seat } from './Seat.ts';
import type { Publication, SeatConsumer, SeatHandle, SeatRoom } from './seatModel.ts';
import { notFound } from './toCallError.ts';
import type { Views } from './Views.ts';
import { RoomVideo } from './video/RoomVideo.ts';
import type { WorkerPipes } from './WorkerPipes.ts';

export class MediaRoom implements SeatRoom {
  readonly key: RoomKey;
  readonly #pipes: WorkerPipes;
  readonly #events: MediaEvents;
  readonly #seats = new Map<string, Seat>();
  readonly #publications = new Map<string, Publication>();
  readonly #relays = new Map<Publication, PublicationRelay>();
  readonly #speakers: RoomSpeakers;
  readonly #audio: RoomAudio;
  readonly #video: RoomVideo;
  readonly #quality: QualityReporter;
  /** Consumers that ended in this turn of the event loop: told in one call per seat, not one per consumer. */
  readonly #ended = new Map<SeatHandle, string[]>();
  #closed = false;

  constructor(options: {
    key: RoomKey;
    pipes: WorkerPipes;
    events: MediaEvents;
    clock: Clock;
    log: Logger;
    views: Views;
    /** How many microphones each listener hears. */
    loudest: number;
  }) {
    const { key, pipes, events, clock, views, loudest } = options;
    this.key = key;
    this.#pipes = pipes;
    this.#events = events;
    this.#speakers = new RoomSpeakers({
      clock,
      log: options.log.child({ room: roomKeyText(key) }),
      onLevels: (levels) => this.#audio.report(levels),
      onChange: (peerIds) => {
        this.#video.speakerChanged(peerIds[0]);
        events.activeSpeakers(key, peerIds);
      },
    });
    const viewOf = ({ seat }: SeatConsumer) => views.get(seat.peer);
    this.#audio = new RoomAudio({
      clock,
      loudest,
      viewOf,
      onPool: (publicationIds) => events.audioPool(key, publicationIds),
    });
    this.#video = new RoomVideo({
      clock,
      viewOf,
      onDemand: ({ seat, source, generation }, active) => {
        events.encodingsWanted(seat.peer, { source, generation, active });
        this.scoreChanged(seat);
      },
    });
    this.#quality = new QualityReporter(clock, (scores) => events.quality(key, scores));
  }

  /** No seat has or is about to have anything here. */
  get empty(): boolean {
    return [...this.#seats.values()].every((seat) => seat.idle);
  }

  /** The worker of each of its seats. */
  get homes(): MediaWorker[] {
    return [...this.#seats.values()].map(({ worker }) => worker);
  }

  /** How many of its seats live on a worker. */
  seatsOn(worker: MediaWorker): number {
    return this.#seatsOn(worker).length;
  }

  seat(peerId: string): Seat | undefined {
    return this.#seats.get(peerId);
  }

  /** A seat for somebody who has none. */
  takeSeat(peer: MediaPeer, worker: MediaWorker): Seat {
    const seat = new Seat(peer, this, worker);
    this.#seats.set(peer.peerId, seat);
    this.#quality.tellAll();
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
    this.#closed = true;
    this.#speakers.close();
    this.#audio.stop();
    this.#video.stop();
    this.#quality.close();
  }

  /**
   * A worker is gone. Its seats end; the others keep what was not published there, and are told what they do not receive any more.
   * Returns whose media went with it.
   */
  lose(worker: MediaWorker): MediaPeer[] {
    const lost = this.#seatsOn(worker);
    const moved = lost.filter((seat) => seat.transportIds.length > 0).map(({ peer }) => peer);
    for (const { peer } of lost) this.closeSeat(peer.peerId);
    this.#speakers.drop(worker);
    return moved;
  }

  /** A worker sheds more or less. */
  loadChanged(worker: MediaWorker): void {
    this.#video.loadChanged(worker);
  }

  findPublication(publicationId: string): Publication | undefined {
    return this.#publications.get(publicationId);
  }

  published(publication: Publication): void {
    const { seat, producer } = publication;
    this.#publications.set(publication.id, publication);
    const pipeTo = (worker: MediaWorker) => this.#pipes.between(seat.worker, worker);
    this.#relays.set(publication, new PublicationRelay({ producer, worker: seat.worker }, pipeTo));
    if (publication.source === 'mic') {
      this.#speakers.add(publication);
      this.#audio.published(publication);
    } else if (producer.kind === 'video') {
      this.#video.published(publication);
    }
    this.scoreChanged(seat);
  }

  unpublished(publication: Publication): void {
    this.#publications.delete(publication.id);
    this.#relays.get(publication)?.close();
    this.#relays.delete(publication);
    if (publication.source === 'mic') {
      this.#speakers.remove(publication);
      this.#audio.unpublished(publication);
    }
    this.#video.unpublished(publication);
    this.scoreChanged(publication.seat);
  }

  async outlet(publication: Publication, worker: MediaWorker): Promise<Outlet> {
    const relay = this.#relays.get(publication);
    if (!relay) throw notFound('publication');
    return await relay.outlet(worker);
  }

  pausedChanged(publication: Publication): void {
    if (publication.source === 'mic') {
      if (publication.producer.paused) this.#speakers.silence(publication);
      this.#audio.pausedChanged(publication);
    }
    this.#video.pausedChanged(publication);
    this.scoreChanged(publication.seat);
  }

  scoreChanged(seat: SeatHandle): void {
    if (this.#seats.get(seat.peer.peerId) === seat) this.#quality.set(seat.peer.peerId, seat.score);
  }

  isWanted(publication: Publication): boolean {
    return publication.producer.kind === 'audio' || this.#video.active(publication).includes(true);
  }

  consumerAdded(consumer: SeatConsumer): void {
    if (consumer.info.kind === 'audio') this.#audio.review(consumer);
    else this.#video.added(consumer);
  }

  consumerChanged(consumer: SeatConsumer): void {
    if (consumer.info.kind === 'video') this.#video.review(consumer);
  }

  consumerRemoved(consumer: SeatConsumer): void {
    this.#video.removed(consumer);
  }

  /** The seat shows something else. */
  viewChanged(peerId: string): void {
    for (const consumer of this.#seats.get(peerId)?.consumers ?? []) {
      if (consumer.info.kind === 'audio') this.#audio.review(consumer);
      else this.#video.review(consumer);
    }
  }

  /** @returns false when the peer has no open microphone. */
  speechBegins(peerId: string): boolean {
    return this.#audio.speechBegins(peerId);
  }

  /** Publication ids of the microphones worth subscribing to. */
  get audioPool(): readonly string[] {
    return this.#audio.pool;
  }

  /** Of each video publication of a seat. */
  encodingsWanted(peerId: string): WantedEncodings[] {
    return [...(this.#seats.get(peerId)?.publications ?? [])]
      .filter(({ producer }) => producer.kind === 'video')
      .map((publication) => {
        const { source, generation } = publication;
        return { source, generation, active: this.#video.active(publication) };
      });
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

  #seatsOn(worker: MediaWorker): Seat[] {
    return [...this.#seats.values()].filter((seat) => seat.worker === worker);
  }
}
