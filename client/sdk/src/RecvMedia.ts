/**
 * Owns what this client receives: a consumer for the current generation of every wanted publication, over every transport that it
 * takes. Does not own what is wanted (the call) nor where tracks are shown.
 */
import type { ConsumerInfo, RequestReply } from '@parley/protocol';
import type { types } from 'mediasoup-client';
import { MediaLink, type MediaPort, type MediaSeat } from './MediaLink.ts';
import type { StreamIdentity } from './quality/readStats.ts';
import { Reconciler } from './Reconciler.ts';
import { toDeviceParameters } from './rtpTypes.ts';

/** As many as one `subscribe` or `unsubscribe` takes. */
const BATCH = 64;
/** A publication may be in the log a moment before or after its media: it is asked for again. */
const REFUSED_RETRY_MS = 1000;
const REFUSED_RETRY_MAX_MS = 16_000;

/** From a first packet to its picture on the screen, while the page is still being built. */
const DECODE_MS = 150;

/** What receiving tells. */
export interface RecvMediaEvents {
  /** A track is there to be shown (or, null, its publication is gone). A new generation replaces the track before. */
  trackChanged(publicationId: string, track: MediaStreamTrack | null): void;
  stateChanged(): void;
}

interface Received {
  readonly generation: number;
  readonly consumer: types.Consumer;
}

interface Refused {
  readonly generation: number;
  readonly times: number;
  /** Whether its pause is over. */
  due: boolean;
}

/** Receiving of one call. */
export class RecvMedia {
  readonly #ask: MediaPort;
  readonly #events: RecvMediaEvents;
  readonly #link: MediaLink;
  readonly #reconciler: Reconciler;
  #wanted: ReadonlyMap<string, number> = new Map();
  readonly #received = new Map<string, Received>();
  readonly #refused = new Map<string, Refused>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  /** Consumers of what is not wanted any more while it goes on: the server is still to close them. */
  readonly #unwanted = new Set<string>();
  /** Consumers that ended before the answer that names them came. */
  readonly #endedEarly = new Set<string>();
  #seat: MediaSeat | undefined;

  constructor(ask: MediaPort, events: RecvMediaEvents) {
    this.#ask = ask;
    this.#events = events;
    this.#reconciler = new Reconciler(() => this.#pass());
    this.#link = new MediaLink('recv', ask, {
      opened: () => {
        this.#received.clear();
        this.#unwanted.clear();
      },
      lost: () => this.#reconciler.poke(),
      stateChanged: () => this.#events.stateChanged(),
    });
  }

  /** The transport, for its state and stats. */
  get transport(): types.Transport | undefined {
    return this.#link.transport;
  }

  /** The publication behind a stream of the transport's stats. */
  publicationOf({ ssrc }: StreamIdentity): string | undefined {
    for (const [publicationId, { consumer }] of this.#received) {
      if (consumer.rtpParameters.encodings?.some((encoding) => encoding.ssrc === ssrc)) return publicationId;
    }
    return undefined;
  }

  /**
   * What to receive: publication id -> generation, as the room shows it.
   * @param published all that there is: of what has ended the server closes the consumers by itself.
   */
  setWanted(wanted: ReadonlyMap<string, number>, published: Pick<ReadonlySet<string>, 'has'>): void {
    for (const publicationId of this.#wanted.keys()) {
      if (wanted.has(publicationId)) continue;
      this.#refused.delete(publicationId);
      const consumer = this.#received.get(publicationId)?.consumer;
      // Its part of the session description is free for the next one of its kind.
      consumer?.close();
      if (consumer && published.has(publicationId)) this.#unwanted.add(consumer.id);
      this.#received.delete(publicationId);
      this.#events.trackChanged(publicationId, null);
    }
    this.#wanted = wanted;
    this.#reconciler.poke();
  }

  /** The seat is taken (again). */
  handleSeated(seat: MediaSeat, liveTransportIds: readonly string[]): void {
    this.#seat = seat;
    this.#link.handleSeated(liveTransportIds);
    this.#reconciler.poke();
  }

  /** The media behind the transport is gone. */
  handleMoved(): void {
    this.#link.discard();
    this.#refused.clear();
    this.#reconciler.poke();
  }

  /** The server ended consumers. Their publications are mostly ending too: only those that stay are asked for again. */
  handleConsumersClosed(consumerIds: readonly string[]): void {
    const ids = new Set(consumerIds);
    for (const id of ids) this.#endedEarly.add(id);
    for (const [publicationId, { consumer, generation }] of this.#received) {
      if (!ids.has(consumer.id)) continue;
      this.#endedEarly.delete(consumer.id);
      consumer.close();
      this.#received.delete(publicationId);
      this.#refuse(publicationId, generation);
    }
    this.#reconciler.poke();
  }

  /** The network changed. */
  handleNetworkChanged(): void {
    this.#link.handleNetworkChanged();
  }

  /** Resolves when everything wanted has been tried. */
  settled(): Promise<void> {
    return this.#reconciler.settled();
  }

  /** Resolves soon after the first picture of what is wanted now arrives; at once where there is no picture to come. */
  async showing(): Promise<void> {
    await this.settled();
    const videos = [...this.#received.values()].filter(({ consumer }) => consumer.kind === 'video');
    if (videos.length === 0) return;
    await Promise.race(videos.map(({ consumer }) => unmuted(consumer.track)));
    await new Promise((resolve) => setTimeout(resolve, DECODE_MS));
  }

  /** Ends all receiving. Idempotent. */
  close(): void {
    this.#reconciler.stop();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#link.discard();
  }

  async #pass(): Promise<void> {
    if (!this.#seat) return;
    const transport = await this.#link.ready(this.#seat);
    // First, because the server gives who subscribes twice the consumer that it has.
    await this.#unsubscribe();
    const missing = [...this.#wanted].filter(([id, generation]) => this.#isMissing(id, generation));
    const batches = inBatches(missing.map(([id]) => id));
    await Promise.all(batches.map((publicationIds) => this.#subscribe(transport, publicationIds)));
    this.#endedEarly.clear();
    await this.#unsubscribe();
  }

  async #unsubscribe(): Promise<void> {
    const asked = inBatches([...this.#unwanted]).map(async (consumerIds) => {
      await this.#ask('unsubscribe', { consumerIds });
      for (const id of consumerIds) this.#unwanted.delete(id);
    });
    await Promise.all(asked);
  }

  #isMissing(publicationId: string, generation: number): boolean {
    const received = this.#received.get(publicationId);
    if (received && received.generation >= generation) return false;
    const refused = this.#refused.get(publicationId);
    return !refused || refused.due || refused.generation < generation;
  }

  async #subscribe(transport: types.Transport, publicationIds: string[]): Promise<void> {
    let reply: RequestReply<'subscribe'>;
    try {
      reply = await this.#ask('subscribe', { transportId: transport.id, publicationIds });
    } catch (error) {
      this.#link.handleRefusal(error, transport);
      throw error;
    }
    for (const { publicationId } of reply.refused) {
      this.#refuse(publicationId, this.#wanted.get(publicationId) ?? 0);
    }
    const outcomes = await Promise.all(reply.consumers.map((info) => this.#consume(transport, info)));
    const consumerIds = outcomes.filter((id) => id !== undefined);
    if (consumerIds.length > 0) await this.#ask('setConsumersPaused', { consumerIds, paused: false });
  }

  /** Gives the id of the consumer if it is to be resumed: the track is in place then. */
  async #consume(transport: types.Transport, info: ConsumerInfo): Promise<string | undefined> {
    const { consumerId: id, publicationId, peerId, source, generation, kind } = info;
    const rtpParameters = toDeviceParameters(info.rtpParameters);
    // Not wanted any more since it was asked for, or gone.
    if (!this.#wanted.has(publicationId)) {
      this.#unwanted.add(id);
      return undefined;
    }
    if (this.#endedEarly.has(id)) {
      this.#refuse(publicationId, generation);
      return undefined;
    }
    // Same stream: the browser keeps lips and voice together, and a screen with its sound.
    const streamId = `${peerId}-${source.startsWith('screen') ? 'screen' : 'person'}`;
    const consumer = await transport.consume({
      id,
      producerId: publicationId,
      kind,
      rtpParameters,
      streamId,
    });
    if (!this.#wanted.has(publicationId)) {
      consumer.close();
      this.#unwanted.add(id);
      return undefined;
    }
    this.#received.get(publicationId)?.consumer.close();
    this.#received.set(publicationId, { generation, consumer });
    this.#refused.delete(publicationId);
    this.#events.trackChanged(publicationId, consumer.track);
    return id;
  }

  #refuse(publicationId: string, generation: number): void {
    if (!this.#wanted.has(publicationId)) return;
    const before = this.#refused.get(publicationId);
    const times = before?.generation === generation ? before.times + 1 : 1;
    const refused = { generation, times, due: false };
    this.#refused.set(publicationId, refused);
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        refused.due = true;
        this.#reconciler.poke();
      },
      Math.min(REFUSED_RETRY_MAX_MS, REFUSED_RETRY_MS * 2 ** (times - 1)),
    );
    this.#timers.add(timer);
  }
}

function inBatches(ids: readonly string[]): string[][] {
  const batches: string[][] = [];
  for (let at = 0; at < ids.length; at += BATCH) batches.push(ids.slice(at, at + BATCH));
  return batches;
}

/** Resolves when media arrives on the track; never, if it never does. */
function unmuted(track: MediaStreamTrack): Promise<void> {
  if (!track.muted) return Promise.resolve();
  return new Promise((resolve) => track.addEventListener('unmute', () => resolve(), { once: true }));
}
