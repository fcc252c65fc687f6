/**
 * Owns the books of the seats whose sessions are on this node: the media node of each, what it shows, and which rooms are watched for them.
 * Does not own any call (ClusterMedia).
 */
import type { ViewedPublication } from '@parley/protocol';
import { type MediaHomes, type MediaPeer, type RoomKey, roomKeyText } from '../../room/ports.ts';
import { seatKey } from './seatKey.ts';

/** A seat of one of this node's sessions. */
export interface AttachedSeat {
  readonly peer: MediaPeer;
  /** The media node that knows it; undefined: none yet, or it is lost. */
  nodeId: string | undefined;
  /** As far as this node knows. */
  hasTransports: boolean;
  /** What it shows, as its client said last. */
  view: readonly ViewedPublication[] | undefined;
  /** Its client has heard, by its join or later, how the media stands. */
  told: boolean;
}

interface Room {
  readonly seats: Map<string, AttachedSeat>;
  readonly stopWatching: () => void;
}

export class AttachedSeats {
  readonly #homes: Pick<MediaHomes, 'watch'>;
  readonly #onMoved: (room: RoomKey, nodeId: string | undefined) => void;
  readonly #rooms = new Map<string, Room>();

  /** @param onMoved a room with seats here has gone to another node. */
  constructor(
    homes: Pick<MediaHomes, 'watch'>,
    onMoved: (room: RoomKey, nodeId: string | undefined) => void,
  ) {
    this.#homes = homes;
    this.#onMoved = onMoved;
  }

  get(peer: MediaPeer): AttachedSeat | undefined {
    return this.#rooms.get(roomKeyText(peer.room))?.seats.get(seatKey(peer));
  }

  /** The seat, a new one if it is not known. */
  add(peer: MediaPeer): AttachedSeat {
    const known = this.get(peer);
    if (known) return known;
    const seat = { peer, nodeId: undefined, hasTransports: false, view: undefined, told: false };
    const key = roomKeyText(peer.room);
    const room = this.#rooms.get(key) ?? {
      seats: new Map(),
      stopWatching: this.#homes.watch(peer.room, (nodeId) => this.#onMoved(peer.room, nodeId)),
    };
    this.#rooms.set(key, room);
    room.seats.set(seatKey(peer), seat);
    return seat;
  }

  delete(peer: MediaPeer): void {
    const key = roomKeyText(peer.room);
    const room = this.#rooms.get(key);
    if (!room?.seats.delete(seatKey(peer)) || room.seats.size > 0) return;
    this.#rooms.delete(key);
    room.stopWatching();
  }

  /** Those on a media node. */
  on(nodeId: string): AttachedSeat[] {
    return [...this.#rooms.values()].flatMap(({ seats }) =>
      [...seats.values()].filter((seat) => seat.nodeId === nodeId),
    );
  }

  /** Those of a room. */
  in(room: RoomKey): AttachedSeat[] {
    return [...(this.#rooms.get(roomKeyText(room))?.seats.values() ?? [])];
  }

  close(): void {
    for (const { stopWatching } of this.#rooms.values()) stopWatching();
    this.#rooms.clear();
  }
}
