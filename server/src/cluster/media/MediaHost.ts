/**
 * Owns that other nodes use the media plane of this one: their calls become calls of the plane, what it tells goes to the node that has the
 * seat's session, and seats of which no node has the session any more end. Does not own media nor sockets.
 */
import { CallError } from '@parley/protocol';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import {
  type MediaEvents,
  type MediaPeer,
  type MediaPort,
  type RoomKey,
  roomKeyText,
} from '../../room/ports.ts';
import type { CallHandlers, MediaCallName, NoticeData, NoticeName } from '../rpc/calls.ts';
import { seatKey } from './seatKey.ts';

/** What a host works with. */
export interface MediaHostOptions {
  /** The plane of this process; it needs the host's `events`, so it is made after it. */
  readonly media: () => MediaPort;
  /** Tells a node, if it is there. */
  readonly tell: <N extends NoticeName>(nodeId: string, name: N, data: NoticeData<N>) => void;
  /** Whether a node is connected, and since when by the monotonic clock. */
  readonly presenceOf: (
    nodeId: string,
  ) => { readonly connected: boolean; readonly sinceMs: number } | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

interface HostedSeat {
  readonly peer: MediaPeer;
  /** The node that has its session. */
  owner: string;
  attachedAtMs: number;
}

/** A notice names at most so many seats: they fit a frame. */
const MAX_SEATS_TOLD = 500;
const SWEEP_MS = 5_000;
/** A session without a signaling node ends by itself long before. */
const OWNERLESS_MS = 2 * 60_000;
/** A node that came back has said by then which seats it still has. */
const RETURNED_MS = 10_000;

export class MediaHost {
  readonly handlers: CallHandlers<MediaCallName>;
  /** For the media plane of this process. */
  readonly events: MediaEvents;
  readonly #options: MediaHostOptions;
  readonly #seats = new Map<string, HostedSeat>();
  /** Room -> owner -> how many of its seats there. */
  readonly #owners = new Map<string, Map<string, number>>();
  #cancelSweep: () => void;

  constructor(options: MediaHostOptions) {
    this.#options = options;
    this.handlers = this.#makeHandlers();
    this.events = this.#makeEvents();
    this.#cancelSweep = options.clock.setTimeout(() => this.#sweep(), SWEEP_MS);
  }

  close(): void {
    this.#cancelSweep();
  }

  #makeHandlers(): CallHandlers<MediaCallName> {
    const media = this.#options.media;
    return {
      attachSeat: async ({ seat, view, again }, { nodeId }) => {
        this.#attach(seat, nodeId, again);
        if (view) await media().setView(seat, view);
        const { rtpCapabilities, transportIds } = await media().attach(seat);
        return { rtpCapabilities, transportIds: [...transportIds] };
      },
      outlook: async ({ seat }) => {
        const { audioPool, encodingsWanted } = await media().outlook(seat);
        const wanted = encodingsWanted.map((one) => ({ ...one, active: [...one.active] }));
        return { audioPool: [...audioPool], encodingsWanted: wanted };
      },
      undecodable: async ({ seat, rtpCapabilities }) => ({
        codecs: await media().undecodable(seat, rtpCapabilities),
      }),
      createTransport: async ({ seat, transportId, direction, rtpCapabilities }) =>
        media().createTransport(seat, {
          transportId,
          direction,
          ...(rtpCapabilities && { rtpCapabilities }),
        }),
      connectTransport: async ({ seat, transportId, dtlsParameters }) => {
        await media().connectTransport(seat, transportId, dtlsParameters);
        return {};
      },
      restartIce: async ({ seat, transportId }) => ({
        iceParameters: await media().restartIce(seat, transportId),
      }),
      produce: async ({ seat, ...options }) => {
        await media().produce(seat, options);
        return {};
      },
      setProducerPaused: async ({ seat, source, paused }) => {
        await media().setProducerPaused(seat, source, paused);
        return {};
      },
      closeProducer: async ({ seat, source }) => {
        await media().closeProducer(seat, source);
        return {};
      },
      consume: ({ seat, transportId, publicationId }) => media().consume(seat, transportId, publicationId),
      closeConsumer: async ({ seat, consumerId }) => {
        await media().closeConsumer(seat, consumerId);
        return {};
      },
      setConsumerPaused: async ({ seat, consumerId, paused }) => {
        await media().setConsumerPaused(seat, consumerId, paused);
        return {};
      },
      setView: async ({ seat, publications }) => {
        await media().setView(seat, publications);
        return {};
      },
      speechBegins: async ({ seat }) => {
        await media().speechBegins(seat);
        return {};
      },
      closePeer: async ({ seat }) => {
        this.#detach(seatKey(seat));
        await media().closePeer(seat);
        return {};
      },
    };
  }

  #makeEvents(): MediaEvents {
    const { tell } = this.#options;
    const toOwner = <N extends NoticeName>(peer: MediaPeer, name: N, data: NoticeData<N>) => {
      const seat = this.#seats.get(seatKey(peer));
      if (seat) tell(seat.owner, name, data);
    };
    const toRoom = <N extends NoticeName>(room: RoomKey, name: N, data: NoticeData<N>) => {
      for (const owner of this.#owners.get(roomKeyText(room))?.keys() ?? []) tell(owner, name, data);
    };
    return {
      moved: (peers) => {
        const byOwner = Map.groupBy(peers, (peer) => this.#seats.get(seatKey(peer))?.owner);
        for (const [owner, seats] of byOwner) {
          if (owner === undefined) continue;
          for (let from = 0; from < seats.length; from += MAX_SEATS_TOLD) {
            tell(owner, 'moved', { seats: seats.slice(from, from + MAX_SEATS_TOLD) });
          }
        }
      },
      consumersClosed: (seat, consumerIds) =>
        toOwner(seat, 'consumersClosed', { seat, consumerIds: [...consumerIds] }),
      activeSpeakers: (room, peerIds) => toRoom(room, 'activeSpeakers', { room, peerIds: [...peerIds] }),
      audioPool: (room, publicationIds) =>
        toRoom(room, 'audioPool', { room, publicationIds: [...publicationIds] }),
      encodingsWanted: (seat, { source, generation, active }) =>
        toOwner(seat, 'encodingsWanted', { seat, wanted: { source, generation, active: [...active] } }),
      quality: (room, scores) =>
        toRoom(room, 'quality', { room, scores: [...scores].map(([peerId, score]) => ({ peerId, score })) }),
    };
  }

  /** @throws CallError `invalid-state`: a node that lost its connection comes back to a session that went on elsewhere. */
  #attach(peer: MediaPeer, owner: string, again: boolean): void {
    const key = seatKey(peer);
    const known = this.#seats.get(key);
    if (again && known && known.owner !== owner) {
      throw new CallError('invalid-state', `the session of the seat is on node ${known.owner} now`);
    }
    this.#detach(key);
    this.#seats.set(key, { peer, owner, attachedAtMs: this.#options.clock.monotonicMs() });
    const room = roomKeyText(peer.room);
    const owners = this.#owners.get(room) ?? new Map<string, number>();
    this.#owners.set(room, owners.set(owner, (owners.get(owner) ?? 0) + 1));
  }

  #detach(key: string): void {
    const seat = this.#seats.get(key);
    if (!seat) return;
    this.#seats.delete(key);
    const room = roomKeyText(seat.peer.room);
    const owners = this.#owners.get(room);
    const left = (owners?.get(seat.owner) ?? 0) - 1;
    if (left > 0) owners?.set(seat.owner, left);
    else owners?.delete(seat.owner);
    if (owners?.size === 0) this.#owners.delete(room);
  }

  #sweep(): void {
    const { clock, media, log } = this.#options;
    for (const [key, seat] of this.#seats) {
      if (!this.#isForsaken(seat)) continue;
      this.#detach(key);
      media()
        .closePeer(seat.peer)
        .catch((error: unknown) => log.warn({ err: error }, 'a seat that nobody has did not end in order'));
    }
    this.#cancelSweep = clock.setTimeout(() => this.#sweep(), SWEEP_MS);
  }

  #isForsaken({ owner, attachedAtMs }: HostedSeat): boolean {
    const { clock, presenceOf } = this.#options;
    const presence = presenceOf(owner) ?? { connected: false, sinceMs: attachedAtMs };
    const sinceMs = clock.monotonicMs() - presence.sinceMs;
    if (!presence.connected) return sinceMs > OWNERLESS_MS;
    return attachedAtMs < presence.sinceMs && sinceMs > RETURNED_MS;
  }
}
