/**
 * Owns what one seat has in a worker: its transports, what it publishes, and in which order its calls run.
 * Does not own what it receives (SeatConsumers), what the room shares (MediaRoom) nor whether the seat may do this (the room engine decided).
 */
import {
  CallError,
  type ConsumerInfo,
  type DtlsParameters,
  type IceParameters,
  kindOf,
  publicationIdOf,
  type RtpCapabilities,
  type RtpParameters,
  type Source,
  type TransportInfo,
} from '@parley/protocol';
import type { MediaPeer } from '../room/ports.ts';
import { checkRtpCapabilities, checkRtpParameters, streamsCollide } from './checkRtpParameters.ts';
import type { MediaWorker } from './MediaWorker.ts';
import { type ConsumingSeat, SeatConsumers } from './SeatConsumers.ts';
import { SerialQueue } from './SerialQueue.ts';
import type { Publication, SeatConsumer, SeatRoom, SeatTransport } from './seatModel.ts';
import { invalidRequest, notFound } from './toCallError.ts';
import { transportInfo } from './wireInfo.ts';

// Before the bandwidth estimation knows better: a bit more than one 720p picture.
const INITIAL_OUTGOING_BITRATE_BPS = 1_000_000;
// After this long without an ICE consent check the path counts as lost. The transport stays: the client may restart ICE.
const ICE_CONSENT_TIMEOUT_S = 10;

/** What is to be published of a source. */
interface NextPublication {
  readonly source: Source;
  readonly generation: number;
  readonly rtpParameters: RtpParameters;
  readonly muted: boolean;
}

export class Seat implements ConsumingSeat {
  readonly peer: MediaPeer;
  readonly worker: MediaWorker;
  readonly #room: SeatRoom;
  readonly #transports = new Map<string, SeatTransport>();
  readonly #publications = new Map<Source, Publication>();
  readonly #consumers: SeatConsumers;
  #closed = false;
  /**
   * Calls of one seat run one after another. The races behind it: two `createTransport` of one direction would both
   * see no earlier one, two `consume` of one publication no consumer, and two generations of one source could stand in
   * the wrong order. Closing does not wait here: it takes effect at once, and what was under way looks after each
   * answer whether it still has a place (`keepOrClose`).
   */
  readonly #queue = new SerialQueue();

  constructor(peer: MediaPeer, room: SeatRoom, worker: MediaWorker) {
    this.peer = peer;
    this.worker = worker;
    this.#room = room;
    this.#consumers = new SeatConsumers(this, room);
  }

  get transportIds(): string[] {
    return [...this.#transports.keys()];
  }

  /** Neither has anything nor is about to. */
  get idle(): boolean {
    return this.#transports.size === 0 && this.#queue.length === 0;
  }

  /** The worst of what it sends, 0-10; undefined when nothing is sent that could be scored. */
  get score(): number | undefined {
    const scores = [...this.#publications.values()].flatMap((publication) => {
      const { paused, score } = publication.producer;
      const silent = paused || score.length === 0 || !this.#room.isWanted(publication);
      // Of several encodings the best counts: the others are off because nobody needs them.
      return silent ? [] : [Math.max(...score.map((s) => s.score))];
    });
    return scores.length === 0 ? undefined : Math.min(...scores);
  }

  get publications(): Iterable<Publication> {
    return this.#publications.values();
  }

  get consumers(): Iterable<SeatConsumer> {
    return this.#consumers.all;
  }

  createTransport(options: {
    transportId: string;
    direction: 'send' | 'recv';
    rtpCapabilities?: RtpCapabilities;
  }): Promise<TransportInfo> {
    const { transportId: id, direction, rtpCapabilities } = options;
    return this.#queue.run(async () => {
      const existing = this.#transports.get(id);
      if (existing) {
        if (existing.direction !== direction) throw invalidRequest(`transport is for ${existing.direction}`);
        return transportInfo(id, existing.transport);
      }
      if (direction === 'recv') checkRtpCapabilities(rtpCapabilities);
      const { worker } = this;
      const transport = await this.call('createWebRtcTransport', 'unavailable', () =>
        worker.router.createWebRtcTransport({
          webRtcServer: worker.webRtcServer,
          enableUdp: true,
          enableTcp: true,
          preferUdp: true,
          enableSctp: false,
          initialAvailableOutgoingBitrate: INITIAL_OUTGOING_BITRATE_BPS,
          iceConsentTimeout: ICE_CONSENT_TIMEOUT_S,
        }),
      );
      this.keepOrClose(transport);
      const earlier = [...this.#transports.values()].filter((other) => other.direction === direction);
      this.#transports.set(id, {
        id,
        direction,
        transport,
        rtpCapabilities,
        connectedWith: undefined,
        replaced: false,
      });
      for (const other of earlier) {
        other.replaced = true;
        this.#closeIfDone(other);
      }
      return transportInfo(id, transport);
    });
  }

  connectTransport(transportId: string, dtlsParameters: DtlsParameters): Promise<void> {
    return this.#queue.run(async () => {
      const transport = this.#transport(transportId);
      const parameters = JSON.stringify(dtlsParameters);
      if (transport.connectedWith === parameters) return;
      if (transport.connectedWith !== undefined) {
        throw new CallError('invalid-state', 'the transport is connected with other parameters');
      }
      await this.call('connect', 'invalid-request', () => transport.transport.connect({ dtlsParameters }));
      transport.connectedWith = parameters;
    });
  }

  restartIce(transportId: string): Promise<IceParameters> {
    return this.#queue.run(async () => {
      const { transport } = this.#transport(transportId);
      return await this.call('restartIce', 'unavailable', () => transport.restartIce());
    });
  }

  produce(options: NextPublication & { transportId: string }): Promise<void> {
    const { transportId, ...next } = options;
    const { source, generation, rtpParameters } = next;
    return this.#queue.run(async () => {
      const transport = this.#transport(transportId, 'send');
      checkRtpParameters(kindOf(source), rtpParameters);
      const earlier = this.#publications.get(source);
      // A retry after a lost reply.
      if (earlier?.generation === generation) return;
      if (earlier && earlier.generation > generation) {
        throw new CallError('invalid-state', `generation ${earlier.generation} is published already`);
      }
      if (transport.replaced) throw notFound('transport');
      if (earlier?.transportId === transportId && streamsCollide(earlier.rtpParameters, rtpParameters)) {
        await this.#produceInstead(transport, earlier, next);
      } else {
        await this.#produce(transport, next);
      }
    });
  }

  /** An earlier publication of the source ends once the new one stands. */
  async #produce(transport: SeatTransport, next: NextPublication): Promise<void> {
    const { source, generation, rtpParameters, muted } = next;
    const id = publicationIdOf(this.peer.peerId, source);
    const producer = await this.call('produce', 'invalid-request', () =>
      transport.transport.produce({
        id: `${id}.${generation}`,
        kind: kindOf(source),
        rtpParameters,
        paused: muted,
      }),
    );
    this.keepOrClose(producer, transport);
    const earlier = this.#publications.get(source);
    if (earlier) this.#closePublication(earlier);
    const publication: Publication = {
      id,
      seat: this,
      source,
      generation,
      rtpParameters,
      transportId: transport.id,
      producer,
      consumers: new Set(),
    };
    this.#publications.set(source, publication);
    producer.on('score', () => this.#room.scoreChanged(this));
    this.#room.published(publication);
  }

  /**
   * The same sender published again (its page lost the reply, or its session resumed): the worker refuses a second producer
   * with the same mid or SSRC, so here the earlier one has to go first. If the new one is refused it stands again, because
   * the room still shows it.
   */
  async #produceInstead(
    transport: SeatTransport,
    earlier: Publication,
    next: NextPublication,
  ): Promise<void> {
    const { source, generation, rtpParameters, producer } = earlier;
    this.#closePublication(earlier);
    try {
      await this.#produce(transport, next);
    } catch (error) {
      await this.#produce(transport, { source, generation, rtpParameters, muted: producer.paused });
      throw error;
    }
  }

  setProducerPaused(source: Source, paused: boolean): Promise<void> {
    return this.#queue.run(async () => {
      const publication = this.#publications.get(source);
      if (!publication) throw notFound('publication');
      const { producer } = publication;
      await this.call('pause or resume', 'not-found', () => (paused ? producer.pause() : producer.resume()));
      this.#room.pausedChanged(publication);
    });
  }

  /** Nothing happens when the source is not published. */
  closeProducer(source: Source): Promise<void> {
    return this.#queue.run(async () => {
      const publication = this.#publications.get(source);
      if (publication) this.#closePublication(publication);
    });
  }

  consume(transportId: string, publicationId: string): Promise<ConsumerInfo> {
    return this.#queue.run(() =>
      this.#consumers.consume(this.#transport(transportId, 'recv'), publicationId),
    );
  }

  closeConsumer(consumerId: string): Promise<void> {
    return this.#queue.run(async () => this.#consumers.close(consumerId));
  }

  setConsumerPaused(consumerId: string, paused: boolean): Promise<void> {
    return this.#queue.run(() => this.#consumers.setPaused(consumerId, paused));
  }

  forgetConsumer(consumer: SeatConsumer): void {
    this.#consumers.forget(consumer);
  }

  /** Ends everything of the seat, at once, whether or not its worker still lives. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const transport of this.#transports.values()) this.#closeTransport(transport);
  }

  #closeTransport(seatTransport: SeatTransport): void {
    const { id, transport } = seatTransport;
    this.#transports.delete(id);
    // Closing it closes its producers and consumers in the worker; here they leave the books.
    transport.close();
    for (const publication of this.#publications.values()) {
      if (publication.transportId === id) this.#forgetPublication(publication);
    }
    this.#consumers.forgetAllOf(id);
  }

  #closePublication(publication: Publication): void {
    // Already gone when the transport that carried it was closed meanwhile.
    if (this.#publications.get(publication.source) !== publication) return;
    publication.producer.close();
    this.#forgetPublication(publication);
    const transport = this.#transports.get(publication.transportId);
    if (transport) this.#closeIfDone(transport);
  }

  /**
   * A replaced transport goes at once, except that one to send on stays while it carries publications: the room shows them
   * until they are published again or ended, and what it shows must be there to be consumed.
   */
  #closeIfDone(transport: SeatTransport): void {
    const { id, replaced } = transport;
    const carries = [...this.#publications.values()].some(({ transportId }) => transportId === id);
    if (replaced && !carries) this.#closeTransport(transport);
  }

  #forgetPublication(publication: Publication): void {
    this.#publications.delete(publication.source);
    this.#room.unpublished(publication);
    for (const consumer of publication.consumers) {
      consumer.seat.forgetConsumer(consumer);
      this.#room.consumerEnded(consumer);
    }
    publication.consumers.clear();
  }

  #transport(transportId: string, direction?: 'send' | 'recv'): SeatTransport {
    const transport = this.#transports.get(transportId);
    if (!transport) throw notFound('transport');
    if (direction && transport.direction !== direction) {
      throw invalidRequest(`transport is for ${transport.direction}`);
    }
    return transport;
  }

  async call<T>(
    what: string,
    refusedAs: 'invalid-request' | 'not-found' | 'unavailable',
    request: () => Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw notFound('peer');
    return await this.worker.call(what, request, refusedAs);
  }

  /** The seat, or the transport that was to carry it, was closed while the worker made it: nobody else would close it. */
  keepOrClose(made: { close(): void }, transport?: SeatTransport): void {
    if (!this.#closed && !transport?.transport.closed) return;
    made.close();
    throw notFound(this.#closed ? 'peer' : 'transport');
  }
}
