/**
 * Owns what each consumer of a picture in one room is sent: whether, which layers, how much it matters; and from all of them together
 * which encodings publishers are asked for. Does not own the choice of layers (layers.ts, videoCap.ts) nor counting and lingering
 * (VideoDemand).
 */
import type { ViewedPublication, ViewPriority } from '@parley/protocol';
import type { Clock } from '../../clock.ts';
import type { Steering } from '../ConsumerControl.ts';
import type { MediaWorker } from '../MediaWorker.ts';
import type { Publication, SeatConsumer } from '../seatModel.ts';
import type { View } from '../Views.ts';
import { allLayers, type LayerChoice, layersFor, layersOf, type VideoLayers } from './layers.ts';
import { VideoDemand } from './VideoDemand.ts';
import { capped, type Rank } from './videoCap.ts';

/** For mediasoup: when the network does not carry all, the highest gets its layers first. */
const PRIORITIES: Readonly<Record<ViewPriority, number>> = { low: 10, normal: 50, high: 200 };
/** Whoever speaks, for those who pinned somebody else. */
const SPEAKER_PRIORITY = 100;

interface Picture {
  readonly layers: VideoLayers;
  readonly demand: VideoDemand;
  /** What each consumer needs, as bits of encodings. */
  readonly needs: Map<SeatConsumer, number>;
}

/** Consumers of one room's cameras and screens. */
export class RoomVideo {
  readonly #clock: Clock;
  readonly #viewOf: (consumer: SeatConsumer) => View | undefined;
  readonly #onDemand: (publication: Publication, active: readonly boolean[]) => void;
  readonly #pictures = new Map<Publication, Picture>();
  #speaker: string | undefined;

  constructor(options: {
    clock: Clock;
    viewOf: (consumer: SeatConsumer) => View | undefined;
    /** Which encodings of a publication somebody watches, lowest first, when that changed. */
    onDemand: (publication: Publication, active: readonly boolean[]) => void;
  }) {
    this.#clock = options.clock;
    this.#viewOf = options.viewOf;
    this.#onDemand = options.onDemand;
  }

  published(publication: Publication): void {
    const layers = layersOf(publication.rtpParameters);
    const demand = new VideoDemand({
      clock: this.#clock,
      encodings: layers.encodings,
      muted: publication.producer.paused,
      onChange: (active) => this.#onDemand(publication, active),
      isUrgent: () => publication.seat.worker.shedLevel > 0,
    });
    this.#pictures.set(publication, { layers, demand, needs: new Map() });
  }

  unpublished(publication: Publication): void {
    this.#pictures.get(publication)?.demand.stop();
    this.#pictures.delete(publication);
  }

  /** A camera is turned off or on. */
  pausedChanged(publication: Publication): void {
    this.#pictures.get(publication)?.demand.setMuted(publication.producer.paused);
  }

  /** Which encodings the publisher is to send, lowest first. */
  active(publication: Publication): readonly boolean[] {
    return this.#pictures.get(publication)?.demand.active ?? [];
  }

  /** Who speaks loudest. */
  speakerChanged(peerId: string | undefined): void {
    const before = this.#speaker;
    if (before === peerId) return;
    this.#speaker = peerId;
    for (const { source, seat, consumers } of this.#pictures.keys()) {
      const concerned = seat.peer.peerId === before || seat.peer.peerId === peerId;
      if (source !== 'camera' || !concerned) continue;
      for (const consumer of consumers) this.review(consumer);
    }
  }

  /** A new consumer. */
  added(consumer: SeatConsumer): void {
    consumer.consumer.on('layerschange', () => this.#reviewNeed(consumer));
    this.review(consumer);
  }

  removed(consumer: SeatConsumer): void {
    const picture = this.#pictures.get(consumer.publication);
    picture?.demand.move(picture.needs.get(consumer) ?? 0, 0);
    picture?.needs.delete(consumer);
  }

  /** Its viewer shows something else, or said whether it wants it at all. */
  review(consumer: SeatConsumer): void {
    const picture = this.#pictures.get(consumer.publication);
    if (!picture) return;
    consumer.control.steer(this.#steering(consumer, picture.layers));
    this.#reviewNeed(consumer);
  }

  /** A worker sheds more or less. */
  loadChanged(worker: MediaWorker): void {
    for (const { seat, consumers } of this.#pictures.keys()) {
      for (const consumer of consumers) {
        if (seat.worker === worker || consumer.seat.worker === worker) this.review(consumer);
      }
    }
  }

  /** Stops; nothing is told after that. */
  stop(): void {
    for (const { demand } of this.#pictures.values()) demand.stop();
    this.#pictures.clear();
  }

  #steering(consumer: SeatConsumer, layers: VideoLayers): Steering {
    const choice = this.#choice(consumer, layers);
    if (!choice) return { flows: false };
    const viewed = this.#viewOf(consumer)?.get(consumer.publication.id);
    const atLeast = this.#speaks(consumer) ? SPEAKER_PRIORITY : 0;
    return {
      flows: true,
      priority: Math.max(PRIORITIES[viewed?.priority ?? 'normal'], atLeast),
      // Without layers there is nothing to choose from.
      ...(consumer.consumer.type !== 'simple' && { layers: choice }),
    };
  }

  /** Layers that a consumer is to be sent: those that fill what is shown, as far as the workers that carry it can; undefined: none. */
  #choice(consumer: SeatConsumer, layers: VideoLayers): LayerChoice | undefined {
    const { publication, seat } = consumer;
    const view = this.#viewOf(consumer);
    const viewed = view?.get(publication.id);
    if (view && !viewed?.visible) return undefined;
    const wanted = viewed ? layersFor(viewed, layers) : allLayers(layers);
    const level = Math.max(seat.worker.shedLevel, publication.seat.worker.shedLevel);
    return capped(wanted, layers, this.#rank(consumer, viewed), level);
  }

  #rank(consumer: SeatConsumer, viewed: ViewedPublication | undefined): Rank {
    if (consumer.publication.source === 'screen') return 'screen';
    return viewed?.priority === 'high' || this.#speaks(consumer) ? 'speaker' : 'ordinary';
  }

  #speaks({ publication: { source, seat } }: SeatConsumer): boolean {
    return source === 'camera' && seat.peer.peerId === this.#speaker;
  }

  #reviewNeed(consumer: SeatConsumer): void {
    const picture = this.#pictures.get(consumer.publication);
    if (!picture || !consumer.publication.consumers.has(consumer)) return;
    const need = this.#need(consumer, picture.layers);
    picture.demand.move(picture.needs.get(consumer) ?? 0, need);
    picture.needs.set(consumer, need);
  }

  /**
   * Encodings that a consumer needs. Beside the one that it is to be sent the lowest, which congestion falls back to at once. Those between
   * carry it for as long as it gets less than it should: the worker takes seconds to climb to an encoding that was off.
   */
  #need(consumer: SeatConsumer, layers: VideoLayers): number {
    const choice = consumer.control.refused ? undefined : this.#choice(consumer, layers);
    if (!choice) return 0;
    if (layers.encodings === 1) return 1;
    const { spatialLayer } = choice;
    const upTo = 2 ** (spatialLayer + 1) - 1;
    if (!this.#viewOf(consumer)) return upTo;
    const sent = consumer.consumer.currentLayers?.spatialLayer;
    const arrived = sent !== undefined && sent >= spatialLayer;
    return arrived ? 1 | (1 << spatialLayer) : upTo;
  }
}
