/**
 * Owns the media commands of a seat: each in the seat's turn, only while the seat is in the room, log and media plane in step.
 * Does not own who may ask (signaling checks grants) nor mediasoup (MediaPort).
 */
import {
  CallError,
  type ConsumerInfo,
  type DtlsParameters,
  getEntity,
  getSeated,
  type IceParameters,
  publicationIdOf,
  type RoomState,
  type RtpCapabilities,
  type RtpParameters,
  type Source,
  type TransportInfo,
  type ViewedPublication,
} from '@parley/protocol';
import type { MediaPeer, MediaPort } from './ports.ts';
import { ignoreGone, type RoomEngine } from './RoomEngine.ts';

/** What a subscription gave, publication by publication. */
export interface Subscribed {
  consumers: ConsumerInfo[];
  refused: { publicationId: string; code: string }[];
}

/** Media commands over one engine and one media plane. */
export class SeatMedia {
  readonly #engine: RoomEngine;
  readonly #media: MediaPort;

  constructor(engine: RoomEngine, media: MediaPort) {
    this.#engine = engine;
    this.#media = media;
  }

  /** A device that is to receive takes what it cannot decode out of the room's codecs. */
  createTransport(
    seat: MediaPeer,
    options: { transportId: string; direction: 'send' | 'recv'; rtpCapabilities?: RtpCapabilities },
  ): Promise<TransportInfo> {
    return this.#seated(seat, async () => {
      const info = await this.#media.createTransport(seat, options);
      const { rtpCapabilities } = options;
      const codecs = rtpCapabilities ? await this.#media.undecodable(seat, rtpCapabilities) : [];
      if (codecs.length > 0) await this.#engine.change(seat.room, { type: 'excludeCodecs', codecs });
      return info;
    });
  }

  connectTransport(seat: MediaPeer, transportId: string, dtlsParameters: DtlsParameters): Promise<void> {
    return this.#seated(seat, () => this.#media.connectTransport(seat, transportId, dtlsParameters));
  }

  restartIce(seat: MediaPeer, transportId: string): Promise<IceParameters> {
    return this.#seated(seat, () => this.#media.restartIce(seat, transportId));
  }

  /**
   * Produces, then shows it to the room. What was produced for a publication that did not come to be is closed again. Done
   * twice (a retry that reached another node) it makes one more generation of the same publication, which harms nobody.
   */
  publish(
    seat: MediaPeer,
    options: { transportId: string; source: Source; rtpParameters: RtpParameters; muted: boolean },
  ): Promise<{ publicationId: string; generation: number }> {
    return this.#seated(seat, async (state) => {
      const { source, muted } = options;
      const { peerId, room } = seat;
      const publicationId = publicationIdOf(peerId, source);
      const before = getEntity(state, 'publication', publicationId);
      // Above every earlier one of this epoch, also of a publication that was ended in between: a reader that folds the end
      // and the new beginning in one step must still see another generation.
      const generation = Math.max((before?.generation ?? 0) + 1, state.version + 1);
      await this.#media.produce(seat, { ...options, generation });
      try {
        await this.#engine.change(room, { type: 'publish', peerId, source, generation, muted });
      } catch (error) {
        await this.#media.closeProducer(seat, source).catch(ignoreGone);
        throw error;
      }
      return { publicationId, generation };
    });
  }

  unpublish(seat: MediaPeer, source: Source): Promise<void> {
    return this.#seated(seat, async () => {
      await this.#engine.change(seat.room, { type: 'unpublish', peerId: seat.peerId, source });
      await this.#media.closeProducer(seat, source).catch(ignoreGone);
    });
  }

  setMuted(seat: MediaPeer, source: Source, muted: boolean): Promise<void> {
    return this.#seated(seat, async () => {
      await this.#engine.change(seat.room, { type: 'setMuted', peerId: seat.peerId, source, muted });
      await this.#media.setProducerPaused(seat, source, muted).catch(ignoreGone);
    });
  }

  /** Only publications of the seat's own room are looked up, and never its own. */
  subscribe(seat: MediaPeer, transportId: string, publicationIds: readonly string[]): Promise<Subscribed> {
    return this.#seated(seat, async (state) => {
      const result: Subscribed = { consumers: [], refused: [] };
      const consume = async (publicationId: string) => {
        try {
          const publication = getEntity(state, 'publication', publicationId);
          if (!publication || publication.peerId === seat.peerId) throw noPublication();
          result.consumers.push(await this.#media.consume(seat, transportId, publicationId));
        } catch (error) {
          if (!(error instanceof CallError)) throw error;
          // Without the transport nothing can be had: the request itself is wrong.
          if (error.details?.what === 'transport') throw error;
          result.refused.push({ publicationId, code: error.code });
        }
      };
      await Promise.all([...new Set(publicationIds)].map(consume));
      return result;
    });
  }

  async unsubscribe(seat: MediaPeer, consumerIds: readonly string[]): Promise<void> {
    await this.#seated(seat, () =>
      Promise.all(consumerIds.map((id) => this.#media.closeConsumer(seat, id).catch(ignoreGone))),
    );
  }

  /** A consumer that ended meanwhile is passed over: the client learns of its end on its own. */
  async setConsumersPaused(seat: MediaPeer, consumerIds: readonly string[], paused: boolean): Promise<void> {
    await this.#seated(seat, () =>
      Promise.all(consumerIds.map((id) => this.#media.setConsumerPaused(seat, id, paused).catch(ignoreGone))),
    );
  }

  /** What the seat shows. Gives the ids that are not in the room (any more), or are its own. */
  setView(seat: MediaPeer, publications: readonly ViewedPublication[]): Promise<string[]> {
    return this.#seated(seat, async (state) => {
      const others = (publicationId: string) => {
        const publication = getEntity(state, 'publication', publicationId);
        return publication !== undefined && publication.peerId !== seat.peerId;
      };
      await this.#media.setView(
        seat,
        publications.filter(({ publicationId }) => others(publicationId)),
      );
      return publications.map(({ publicationId }) => publicationId).filter((id) => !others(id));
    });
  }

  /** A hint of the talker's. @throws CallError `invalid-state` without an open microphone. */
  speechBegins(seat: MediaPeer): Promise<void> {
    return this.#seated(seat, () => this.#media.speechBegins(seat));
  }

  /** The race: a host removes the seat while its request waits for its turn; nothing may be made for it then. */
  #seated<T>(seat: MediaPeer, task: (state: RoomState) => Promise<T>): Promise<T> {
    return this.#engine.inTurn(seat, async () => {
      const state = await this.#engine.readHeld(seat.room);
      if (!getSeated(state, seat.peerId)) throw new CallError('invalid-state', 'The seat has ended');
      return task(state);
    });
  }
}

const noPublication = (): CallError =>
  new CallError('not-found', 'No such publication in this room', { details: { what: 'publication' } });
