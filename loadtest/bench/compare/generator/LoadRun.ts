/**
 * Owns the peers of one case: joins all of them, sums up what they received, lets them leave.
 * Does not own how a peer talks to its server (Peer.ts) nor what the figures mean (report/).
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { PreparedMedia } from '../../../src/bot/index.ts';
import type { Load } from '../cases.ts';
import type { LoadSample } from './messages.ts';
import type { Connect, Peer, PeerOptions } from './Peer.ts';

/** At once; more only makes the generator's own event loop late. */
const JOINS_AT_ONCE = 8;
const FIRST_FRAME_LIMIT_MS = 10_000;
const NOTHING = { audio: false, video: false };

export interface LoadTarget {
  readonly url: string;
  readonly localAddress: string;
  readonly connect: Connect;
  readonly media: PreparedMedia;
}

export class LoadRun {
  readonly #target: LoadTarget;
  /** Rooms of a case are no other case's. */
  readonly #roomBase: number;
  readonly #peers: Peer[] = [];

  constructor(target: LoadTarget, roomBase: number) {
    this.#target = target;
    this.#roomBase = roomBase;
  }

  /** Joins everybody, who talks first (mediasoupPeer.ts relies on it) and publishers before viewers: each finds everything there. */
  async open(load: Load): Promise<void> {
    const { rooms, publishers, viewers, publish, talkers = publishers, layout } = load;
    const join = async (room: number, what: Pick<PeerOptions, 'publish' | 'subscribe' | 'talks'>) => {
      this.#peers.push(await this.#connect(room, { ...what, layout }));
    };
    const inAllRooms = (count: number): number[] =>
      Array.from({ length: rooms * count }, (_, index) => index % rooms);
    const subscribe = publishers > 1;
    await inBatches(inAllRooms(talkers), (room) => join(room, { publish, subscribe, talks: true }));
    await inBatches(inAllRooms(publishers - talkers), (room) =>
      join(room, { publish, subscribe, talks: false }),
    );
    await inBatches(inAllRooms(viewers), (room) =>
      join(room, { publish: NOTHING, subscribe: true, talks: false }),
    );
    await inBatches(this.#peers, (peer) => peer.subscribe());
  }

  /** Gives milliseconds from the first byte to the first picture of somebody who comes to the first room, and leaves again. */
  async joinOnce(): Promise<number> {
    const startedMs = performance.now();
    const visitor = { publish: NOTHING, subscribe: true, talks: false, layout: undefined };
    const peer = await this.#connect(0, visitor);
    try {
      await peer.subscribe();
      for (;;) {
        const firstFrameMs = peer.firstFrameMs();
        if (firstFrameMs !== undefined) return firstFrameMs - startedMs;
        if (performance.now() - startedMs > FIRST_FRAME_LIMIT_MS) throw new Error('no picture within 10 s');
        await delay(5);
      }
    } finally {
      await peer.leave();
    }
  }

  sample(): Omit<LoadSample, 'self'> {
    const sums = {
      tracks: 0,
      tracksFull: 0,
      packets: 0,
      audioPackets: 0,
      bytes: 0,
      sentPackets: 0,
      lost: 0,
      frames: 0,
    };
    for (const peer of this.#peers) {
      sums.sentPackets += peer.sentPackets?.() ?? 0;
      for (const { packets, isAudio, bytes, lost, frames, isFull } of peer.tracks()) {
        sums.tracks += 1;
        sums.tracksFull += Number(isFull);
        sums.packets += packets;
        if (isAudio) sums.audioPackets += packets;
        sums.bytes += bytes;
        sums.lost += lost;
        sums.frames += frames;
      }
    }
    return sums;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.#peers.splice(0).map((peer) => peer.leave()));
  }

  #connect(
    room: number,
    what: Pick<PeerOptions, 'publish' | 'subscribe' | 'talks' | 'layout'>,
  ): Promise<Peer> {
    const { url, localAddress, connect, media } = this.#target;
    const name = randomUUID().slice(0, 8);
    return connect({
      url,
      room: `bench-${this.#roomBase + room}`,
      name,
      localAddress,
      media,
      ...what,
    });
  }
}

async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += JOINS_AT_ONCE) {
    await Promise.all(items.slice(from, from + JOINS_AT_ONCE).map(work));
  }
}
