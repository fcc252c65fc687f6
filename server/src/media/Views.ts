/**
 * Owns what each seat shows, as its client said last: also of seats that have no media yet, or lost it with a worker.
 * Does not own what follows from it (RoomAudio, RoomVideo).
 */
import type { ViewedPublication } from '@parley/protocol';
import { type MediaPeer, roomKeyText } from '../room/ports.ts';

/** Publication id -> how it is shown. */
export type View = ReadonlyMap<string, ViewedPublication>;

/** More of them are not more important than those of others: what is `high` goes on when the server is full. */
const MAX_HIGH = 4;

export class Views {
  readonly #views = new Map<string, View>();

  /** Replaces the view of a seat. */
  set(peer: MediaPeer, publications: readonly ViewedPublication[]): void {
    let high = 0;
    const view = publications.map((viewed) => {
      if (viewed.priority !== 'high') return viewed;
      high += 1;
      return high > MAX_HIGH ? { ...viewed, priority: 'normal' as const } : viewed;
    });
    this.#views.set(keyOf(peer), new Map(view.map((viewed) => [viewed.publicationId, viewed])));
  }

  /** Undefined: the client has not said anything. */
  get(peer: MediaPeer): View | undefined {
    return this.#views.get(keyOf(peer));
  }

  /** The seat has ended. */
  drop(peer: MediaPeer): void {
    this.#views.delete(keyOf(peer));
  }
}

const keyOf = ({ room, peerId }: MediaPeer): string => `${roomKeyText(room)}/${peerId}`;
