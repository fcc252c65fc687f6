/**
 * Owns media that exists on paper: transports and consumers by their ids, as a server in memory keeps them.
 * Does not own the room (FakeServer) nor the client's side of it (fakeMedia.ts).
 */
import {
  CallError,
  type ConsumerInfo,
  getEntity,
  kindOf,
  type RequestReply,
  type RoomState,
} from '@parley/protocol';
import { testFakeParameters } from 'mediasoup-client';

/** Consumers are c1, c2 ... in the order in which they are made, transports t1, t2 ... */
export class PaperMedia {
  readonly #transports = new Map<string, string>();
  readonly #consumers = new Map<string, { readonly publicationId: string; paused: boolean }>();
  readonly #refused = new Set<string>();
  #transportsMade = 0;
  #consumersMade = 0;

  /** From now on this publication cannot be consumed. */
  refuse(publicationId: string): void {
    this.#refused.add(publicationId);
  }

  /** It can be again. */
  allow(publicationId: string): void {
    this.#refused.delete(publicationId);
  }

  /** All of it is gone, as after a worker's death. */
  lose(): void {
    this.#transports.clear();
    this.#consumers.clear();
  }

  /** The seat has ended. */
  closeTransportsOf(peerId: string): void {
    for (const transportId of this.transportsOf(peerId)) this.#transports.delete(transportId);
  }

  transportsOf(peerId: string): string[] {
    return [...this.#transports].filter(([, owner]) => owner === peerId).map(([transportId]) => transportId);
  }

  /** Publication ids that a live consumer passes on. */
  flowing(): string[] {
    return [...this.#consumers.values()]
      .filter(({ paused }) => !paused)
      .map(({ publicationId }) => publicationId);
  }

  createTransport(peerId: string): RequestReply<'createTransport'> {
    this.#transportsMade += 1;
    const transportId = `t${this.#transportsMade}`;
    this.#transports.set(transportId, peerId);
    const { iceParameters, iceCandidates, dtlsParameters } =
      testFakeParameters.generateTransportRemoteParameters();
    return asOnWire({ transportId, iceParameters, iceCandidates, dtlsParameters });
  }

  /** @throws CallError `not-found` */
  assertTransport(transportId: string): void {
    if (this.#transports.has(transportId)) return;
    throw new CallError('not-found', 'No such transport', { details: { what: 'transport' } });
  }

  /** What a room's publications are consumed as; those that are not there, or refused, are not. */
  subscribe(room: RoomState, publicationIds: readonly string[]): RequestReply<'subscribe'> {
    const reply: RequestReply<'subscribe'> = { consumers: [], refused: [] };
    for (const publicationId of publicationIds) {
      const info = this.#consume(room, publicationId);
      if (info) reply.consumers.push(info);
      else reply.refused.push({ publicationId, code: 'not-found' });
    }
    return reply;
  }

  unsubscribe(consumerIds: readonly string[]): void {
    for (const consumerId of consumerIds) this.#consumers.delete(consumerId);
  }

  setPaused(consumerIds: readonly string[], paused: boolean): void {
    for (const consumerId of consumerIds) {
      const consumer = this.#consumers.get(consumerId);
      if (consumer) consumer.paused = paused;
    }
  }

  #consume(room: RoomState, publicationId: string): ConsumerInfo | undefined {
    const publication = getEntity(room, 'publication', publicationId);
    if (!publication || this.#refused.has(publicationId)) return undefined;
    const { peerId, source, generation } = publication;
    this.#consumersMade += 1;
    const consumerId = `c${this.#consumersMade}`;
    this.#consumers.set(consumerId, { publicationId, paused: true });
    const kind = kindOf(source);
    const codecMimeType = kind === 'audio' ? 'audio/opus' : 'video/VP8';
    const { rtpParameters } = testFakeParameters.generateConsumerRemoteParameters({ codecMimeType });
    return asOnWire({ consumerId, publicationId, peerId, source, generation, kind, rtpParameters });
  }
}

/** mediasoup-client's parameters as they come out of a frame: its types are wider than the protocol's. */
export const asOnWire = (value: unknown): ReturnType<typeof JSON.parse> => JSON.parse(JSON.stringify(value));
