/**
 * Owns what one seat receives: its consumers, each found by its id among the seat's own, and the way to what they consume.
 * Does not own transports (Seat), which calls run when (Seat's queue), nor what a consumer is sent (ConsumerControl, MediaRoom).
 */
import { CallError, type ConsumerInfo } from '@parley/protocol';
import type { types } from 'mediasoup';
import { ConsumerControl } from './ConsumerControl.ts';
import type { Publication, SeatConsumer, SeatHandle, SeatRoom, SeatTransport } from './seatModel.ts';
import { notFound } from './toCallError.ts';
import { consumerInfo } from './wireInfo.ts';

const MAX_CONSUMERS = 512;

/** What the consumers need of their seat. */
export interface ConsumingSeat extends SeatHandle {
  /** Makes a call to the seat's worker. @throws CallError `not-found` once the seat is closed, else as the worker's call does. */
  call<T>(
    what: string,
    refusedAs: 'invalid-request' | 'not-found' | 'unavailable',
    request: () => Promise<T>,
  ): Promise<T>;
  /** Closes what was made while its seat or transport went away. @throws CallError `not-found` then. */
  keepOrClose(made: { close(): void }, transport: SeatTransport): void;
}

export class SeatConsumers {
  readonly #seat: ConsumingSeat;
  readonly #room: SeatRoom;
  readonly #consumers = new Map<string, SeatConsumer>();

  constructor(seat: ConsumingSeat, room: SeatRoom) {
    this.#seat = seat;
    this.#room = room;
  }

  get all(): Iterable<SeatConsumer> {
    return this.#consumers.values();
  }

  /** The consumer of a publication; the one that there is, if it is consumed already. */
  async consume(transport: SeatTransport, publicationId: string): Promise<ConsumerInfo> {
    const publication = this.#room.findPublication(publicationId);
    if (!publication) throw notFound('publication');
    const existing = [...publication.consumers].find((consumer) => consumer.seat === this.#seat);
    if (existing) return existing.info;
    if (this.#consumers.size >= MAX_CONSUMERS) {
      throw new CallError('capacity', `a peer consumes at most ${MAX_CONSUMERS} publications`);
    }
    const consumer = await this.#make(transport, publication);
    this.#seat.keepOrClose(consumer, transport);
    // Its publisher closed it, or published the next generation, while the worker answered.
    if (this.#room.findPublication(publicationId) !== publication) {
      consumer.close();
      throw notFound('publication');
    }
    const info = consumerInfo(publication, consumer);
    const control = new ConsumerControl(consumer, (what, request) =>
      this.#seat.call(what, 'not-found', request),
    );
    const mine: SeatConsumer = {
      info,
      seat: this.#seat,
      transportId: transport.id,
      publication,
      consumer,
      control,
    };
    this.#consumers.set(consumer.id, mine);
    publication.consumers.add(mine);
    this.#room.consumerAdded(mine);
    return info;
  }

  close(consumerId: string): void {
    const mine = this.#find(consumerId);
    mine.consumer.close();
    this.#leaveBooks(mine);
  }

  async setPaused(consumerId: string, paused: boolean): Promise<void> {
    const mine = this.#find(consumerId);
    const done = mine.control.setClientPaused(paused);
    this.#room.consumerChanged(mine);
    await done;
  }

  /** Its publication ended: mediasoup has closed the consumer, it only leaves the books. */
  forget({ info }: SeatConsumer): void {
    this.#consumers.delete(info.consumerId);
  }

  /** Their transport was closed, and they with it. */
  forgetAllOf(transportId: string): void {
    for (const consumer of this.#consumers.values()) {
      if (consumer.transportId === transportId) this.#leaveBooks(consumer);
    }
  }

  #leaveBooks(consumer: SeatConsumer): void {
    this.#consumers.delete(consumer.info.consumerId);
    consumer.publication.consumers.delete(consumer);
    this.#room.consumerRemoved(consumer);
  }

  #find(consumerId: string): SeatConsumer {
    const consumer = this.#consumers.get(consumerId);
    if (!consumer) throw notFound('consumer');
    return consumer;
  }

  /** Consumes the publication where the seat lives; the way there is let go with the consumer, however that ends. */
  async #make(transport: SeatTransport, publication: Publication): Promise<types.Consumer> {
    const { worker } = this.#seat;
    const { producer, release } = await this.#room.outlet(publication, worker);
    try {
      // Ended on its way here: mediasoup would say that the device cannot consume it.
      if (producer.closed) throw notFound('publication');
      const rtpCapabilities = transport.rtpCapabilities ?? {};
      if (!worker.router.canConsume({ producerId: producer.id, rtpCapabilities })) {
        throw new CallError('unsupported', 'this device cannot decode what is published');
      }
      const consumer = await this.#seat.call('consume', 'invalid-request', () =>
        transport.transport.consume({
          producerId: producer.id,
          rtpCapabilities,
          // Until its control lets it flow: a picture once the client's track is in place, so that no key frame is wasted.
          paused: true,
          // Lost packets are sent again, for Opus too.
          enableRtx: true,
        }),
      );
      consumer.observer.once('close', release);
      return consumer;
    } catch (error) {
      release();
      throw error;
    }
  }
}
