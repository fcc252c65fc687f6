/**
 * Owns the media plane as the room engine of a cluster sees it: on which media node each seat of this node's sessions is, the way of its calls
 * there, what comes back, and what follows when a node is lost. Does not own media, links (MediaNodes), the choice of a node (chooseNode) nor
 * where a room is (MediaHomes). All seats of a room are on one node.
 */
import {
  CallError,
  type ConsumerInfo,
  type DtlsParameters,
  type IceParameters,
  type RtpCapabilities,
  type RtpParameters,
  type Source,
  type TransportInfo,
  type VideoCodec,
  type ViewedPublication,
} from '@parley/protocol';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import type {
  MediaEvents,
  MediaHomes,
  MediaPeer,
  MediaPort,
  RoomKey,
  SeatOutlook,
  SeatStanding,
} from '../../room/ports.ts';
import { chooseNode } from '../chooseNode.ts';
import type { NodeRecord } from '../directory.ts';
import type {
  CallData,
  CallReply,
  MediaCallName,
  NoticeData,
  NoticeHandlers,
  NoticeName,
} from '../rpc/calls.ts';
import type { DialOptions } from '../rpc/dialNode.ts';
import { type AttachedSeat, AttachedSeats } from './AttachedSeats.ts';
import { type LocalMedia, MediaNodes } from './MediaNodes.ts';

/** What it works with. */
export interface ClusterMediaOptions {
  readonly dial: DialOptions;
  /** Nodes that are listed now. */
  readonly nodes: () => readonly NodeRecord[];
  /** The media plane of this process, if it has one. */
  readonly local: LocalMedia | undefined;
  readonly homes: MediaHomes;
  readonly region: string;
  readonly events: MediaEvents;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A node may die while it is chosen; that all of these do is no accident. */
const PLACEMENT_TRIES = 4;
/** After a broken connection all seats are looked at again, so many at a time. */
const RETURN_BATCH = 64;

export class ClusterMedia implements MediaPort {
  readonly #options: ClusterMediaOptions;
  readonly #seats: AttachedSeats;
  readonly #nodes: MediaNodes;
  /** Of the last node that told: they hardly differ, and a client may join while no media node is there. */
  #rtpCapabilities: RtpCapabilities | undefined;

  constructor(options: ClusterMediaOptions) {
    this.#options = options;
    this.#seats = new AttachedSeats(options.homes, (room, nodeId) => this.#roomMoved(room, nodeId));
    this.#nodes = new MediaNodes(options, {
      noticesFrom: (nodeId) => this.#noticesFrom(nodeId),
      onReturned: (nodeId) => void this.#returned(nodeId),
      onLost: (nodeId) => this.#moved(this.#seats.on(nodeId)),
      isUsed: (nodeId) => this.#seats.on(nodeId).length > 0,
    });
  }

  async attach(peer: MediaPeer): Promise<SeatStanding> {
    const seat = this.#seats.add(peer);
    try {
      const standing = await this.#place(seat);
      seat.told = true;
      return standing;
    } catch (error) {
      const rtpCapabilities = this.#rtpCapabilities;
      if (!rtpCapabilities || !(error instanceof CallError) || !error.retryable) throw error;
      this.#options.log.warn({ err: error }, 'joined without a media node');
      return { rtpCapabilities, transportIds: [] };
    }
  }

  async outlook(peer: MediaPeer): Promise<SeatOutlook> {
    const nodeId = await this.#nodeOf(peer);
    if (nodeId === undefined) return { audioPool: [], encodingsWanted: [] };
    return await this.#nodes.call(nodeId, 'outlook', { seat: peer });
  }

  async undecodable(peer: MediaPeer, rtpCapabilities: RtpCapabilities): Promise<VideoCodec[]> {
    return (await this.#ask(peer, 'undecodable', { seat: peer, rtpCapabilities })).codecs;
  }

  async createTransport(
    peer: MediaPeer,
    options: { transportId: string; direction: 'send' | 'recv'; rtpCapabilities?: RtpCapabilities },
  ): Promise<TransportInfo> {
    const seat = this.#seats.get(peer) ?? this.#seats.add(peer);
    if (seat.nodeId === undefined) await this.#placeLate(seat);
    const info = await this.#ask(peer, 'createTransport', { seat: peer, ...options });
    seat.hasTransports = true;
    return info;
  }

  async connectTransport(
    peer: MediaPeer,
    transportId: string,
    dtlsParameters: DtlsParameters,
  ): Promise<void> {
    await this.#ask(peer, 'connectTransport', { seat: peer, transportId, dtlsParameters });
  }

  async restartIce(peer: MediaPeer, transportId: string): Promise<IceParameters> {
    return (await this.#ask(peer, 'restartIce', { seat: peer, transportId })).iceParameters;
  }

  async produce(
    peer: MediaPeer,
    options: {
      transportId: string;
      source: Source;
      generation: number;
      rtpParameters: RtpParameters;
      muted: boolean;
    },
  ): Promise<void> {
    await this.#ask(peer, 'produce', { seat: peer, ...options });
  }

  async setProducerPaused(peer: MediaPeer, source: Source, paused: boolean): Promise<void> {
    await this.#ask(peer, 'setProducerPaused', { seat: peer, source, paused });
  }

  async closeProducer(peer: MediaPeer, source: Source): Promise<void> {
    if ((await this.#nodeOf(peer)) !== undefined)
      await this.#ask(peer, 'closeProducer', { seat: peer, source });
  }

  async consume(peer: MediaPeer, transportId: string, publicationId: string): Promise<ConsumerInfo> {
    return await this.#ask(peer, 'consume', { seat: peer, transportId, publicationId });
  }

  async closeConsumer(peer: MediaPeer, consumerId: string): Promise<void> {
    await this.#ask(peer, 'closeConsumer', { seat: peer, consumerId });
  }

  async setConsumerPaused(peer: MediaPeer, consumerId: string, paused: boolean): Promise<void> {
    await this.#ask(peer, 'setConsumerPaused', { seat: peer, consumerId, paused });
  }

  async setView(peer: MediaPeer, publications: readonly ViewedPublication[]): Promise<void> {
    const seat = this.#seats.get(peer);
    // Kept for the next node: a view outlives the media that it is of.
    if (seat) seat.view = publications;
    const nodeId = await this.#nodeOf(peer);
    if (nodeId === undefined) return;
    await this.#nodes.call(nodeId, 'setView', { seat: peer, publications: [...publications] });
  }

  async speechBegins(peer: MediaPeer): Promise<void> {
    await this.#ask(peer, 'speechBegins', { seat: peer });
  }

  async closePeer(peer: MediaPeer): Promise<void> {
    const nodeId = await this.#nodeOf(peer);
    this.#seats.delete(peer);
    if (nodeId !== undefined) await this.#closeOn(nodeId, peer);
  }

  ready(): boolean {
    return this.#options.nodes().some(({ roles }) => roles.includes('media'));
  }

  /** For the media plane of this process. */
  tellLocally<N extends NoticeName>(name: N, data: NoticeData<N>): void {
    this.#nodes.tellLocally(name, data);
  }

  async close(): Promise<void> {
    this.#seats.close();
    this.#nodes.close();
  }

  async #ask<N extends MediaCallName>(peer: MediaPeer, name: N, data: CallData<N>): Promise<CallReply<N>> {
    const nodeId = await this.#nodeOf(peer);
    if (nodeId === undefined) {
      throw new CallError('not-found', 'The seat has no media', { details: { what: 'transport' } });
    }
    return await this.#nodes.call(nodeId, name, data);
  }

  /** Where a seat is; one of another node's sessions is where its room is. */
  async #nodeOf(peer: MediaPeer): Promise<string | undefined> {
    const seat = this.#seats.get(peer);
    if (seat) return seat.nodeId;
    const home = await this.#options.homes.homeOf(peer.room);
    return home !== undefined && this.#nodes.mayReach(home) ? home : undefined;
  }

  /** Puts a seat where its room is, and the room somewhere else when that node is lost. @throws CallError `unavailable`. */
  async #place(seat: AttachedSeat): Promise<SeatStanding> {
    const { homes, log } = this.#options;
    const { peer, view } = seat;
    const without = this.#nodes.lostOfLate();
    for (let attempt = 1; ; attempt += 1) {
      const home = await homes.homeOf(peer.room);
      const stays = home !== undefined && !without.has(home) && this.#nodes.mayReach(home);
      const nodeId = stays ? home : await homes.place(peer.room, this.#choose(without), home);
      try {
        const data = { seat: peer, again: false, ...(view && { view: [...view] }) };
        const standing = await this.#nodes.call(nodeId, 'attachSeat', data);
        seat.nodeId = nodeId;
        seat.hasTransports = standing.transportIds.length > 0;
        this.#rtpCapabilities = standing.rtpCapabilities;
        return standing;
      } catch (error) {
        const gone = error instanceof CallError && error.code === 'unavailable';
        if (!gone || attempt === PLACEMENT_TRIES) throw error;
        log.warn({ node: nodeId, err: error }, 'a media node was not there');
        without.add(nodeId);
      }
    }
  }

  /** A seat that came when there was no media node, or lost its own: its client has not been told how the media stands there. */
  async #placeLate(seat: AttachedSeat): Promise<void> {
    await this.#place(seat);
    if (seat.told) return;
    seat.told = true;
    const { events } = this.#options;
    const { audioPool } = await this.outlook(seat.peer);
    if (audioPool.length > 0) events.audioPool(seat.peer.room, audioPool);
  }

  /** @throws CallError `unavailable` when there is none. */
  #choose(without: ReadonlySet<string>): string {
    const { nodes, region } = this.#options;
    const node = chooseNode(nodes(), { region, without });
    if (!node) throw new CallError('unavailable', 'no media node is there');
    return node.nodeId;
  }

  /** Its seats lost their media; each begins anew, on the next node, as soon as its client asks. */
  #moved(seats: readonly AttachedSeat[]): void {
    if (seats.length === 0) return;
    for (const seat of seats) {
      seat.nodeId = undefined;
      seat.hasTransports = false;
    }
    this.#options.events.moved(seats.map(({ peer }) => peer));
  }

  /** Another node could not reach the room's media any more. Those who can go too: a room is in one place. */
  #roomMoved(room: RoomKey, nodeId: string | undefined): void {
    const left = this.#seats.in(room).filter((seat) => seat.nodeId !== undefined && seat.nodeId !== nodeId);
    const closing = left.map((seat) => ({ from: seat.nodeId ?? '', peer: seat.peer }));
    this.#moved(left);
    for (const { from, peer } of closing) void this.#closeOn(from, peer);
  }

  /** A node that is gone has nothing to close, and one that comes back ends what nobody has (MediaHost). */
  async #closeOn(nodeId: string, seat: MediaPeer): Promise<void> {
    try {
      await this.#nodes.call(nodeId, 'closePeer', { seat });
    } catch (error) {
      this.#options.log.warn({ node: nodeId, err: error }, 'a seat was not closed on its media node');
    }
  }

  /** What the node told meanwhile is lost: it is asked how things stand. */
  async #returned(nodeId: string): Promise<void> {
    const seats = this.#seats.on(nodeId);
    for (let from = 0; from < seats.length; from += RETURN_BATCH) {
      await Promise.all(seats.slice(from, from + RETURN_BATCH).map((seat) => this.#lookAgain(nodeId, seat)));
    }
  }

  async #lookAgain(nodeId: string, seat: AttachedSeat): Promise<void> {
    const { events, log } = this.#options;
    const { peer, view } = seat;
    try {
      const data = { seat: peer, again: true, ...(view && { view: [...view] }) };
      const { transportIds } = await this.#nodes.call(nodeId, 'attachSeat', data);
      if (seat.nodeId !== nodeId) return;
      if (seat.hasTransports && transportIds.length === 0) return this.#moved([seat]);
      const { audioPool, encodingsWanted } = await this.#nodes.call(nodeId, 'outlook', { seat: peer });
      for (const wanted of encodingsWanted) events.encodingsWanted(peer, wanted);
      if (this.#seats.in(peer.room)[0] === seat) events.audioPool(peer.room, audioPool);
    } catch (error) {
      if (error instanceof CallError && error.code === 'invalid-state') this.#seats.delete(peer);
      else log.warn({ node: nodeId, err: error }, 'a seat could not be looked at again');
    }
  }

  /** News of a node count for the seats that are there. */
  #noticesFrom(nodeId: string): NoticeHandlers {
    const { events } = this.#options;
    const isHere = (peer: MediaPeer) => this.#seats.get(peer)?.nodeId === nodeId;
    const hasRoom = (room: RoomKey) => this.#seats.in(room).some((seat) => seat.nodeId === nodeId);
    return {
      // Of a worker: the node has others.
      moved: ({ seats }) => {
        const here = seats.filter(isHere);
        for (const peer of here) {
          const seat = this.#seats.get(peer);
          if (seat) seat.hasTransports = false;
        }
        if (here.length > 0) events.moved(here);
      },
      consumersClosed: ({ seat, consumerIds }) => {
        if (isHere(seat)) events.consumersClosed(seat, consumerIds);
      },
      activeSpeakers: ({ room, peerIds }) => {
        if (hasRoom(room)) events.activeSpeakers(room, peerIds);
      },
      audioPool: ({ room, publicationIds }) => {
        if (hasRoom(room)) events.audioPool(room, publicationIds);
      },
      encodingsWanted: ({ seat, wanted }) => {
        if (isHere(seat)) events.encodingsWanted(seat, wanted);
      },
      quality: ({ room, scores }) => {
        if (hasRoom(room)) events.quality(room, new Map(scores.map(({ peerId, score }) => [peerId, score])));
      },
    };
  }
}
