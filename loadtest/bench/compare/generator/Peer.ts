/**
 * Owns what the generator needs of a peer, whichever server it talks to. All peers send the same prepared packets and account for
 * what they receive with the same code (src/bot). Does not own how one talks to its server (parleyPeer, mediasoupPeer, janusPeer).
 */

import type { PreparedMedia } from '../../../src/bot/index.ts';
import type { IncomingStream } from '../../../src/bot/rtp/IncomingStream.ts';
import type { Load } from '../cases.ts';

/** One peer. */
export interface PeerOptions {
  readonly url: string;
  readonly room: string;
  readonly name: string;
  readonly localAddress: string;
  readonly publish: { readonly audio: boolean; readonly video: boolean };
  readonly subscribe: boolean;
  /** Whether it speaks all the time, or is silent. */
  readonly talks: boolean;
  readonly layout: Load['layout'];
  readonly media: PreparedMedia;
}

/** What came of one track, cumulative. */
export interface TrackFigures {
  readonly isAudio: boolean;
  readonly packets: number;
  readonly bytes: number;
  readonly lost: number;
  readonly frames: number;
  /** It is what it should be: sound, or a picture of the largest layer. */
  readonly isFull: boolean;
}

/** A peer that has joined and publishes. */
export interface Peer {
  /** Asks for what the others in its room publish by now; once, after all of them have joined. */
  subscribe(): Promise<void>;
  tracks(): TrackFigures[];
  /** RTP packets that it sent; absent where nobody counts them. */
  sentPackets?(): number;
  /** When the first picture of somebody else could be shown, on the clock of `performance.now()`. */
  firstFrameMs(): number | undefined;
  leave(): Promise<void>;
}

export type Connect = (options: PeerOptions) => Promise<Peer>;

/** Width of the largest simulcast layer. */
const FULL_WIDTH = 1280;

/** The figures of a stream. */
export function figuresOf({ sequences, bytes, video }: IncomingStream): TrackFigures {
  return {
    isAudio: video === undefined,
    packets: sequences.packets,
    lost: sequences.lost,
    bytes,
    frames: video?.frames ?? 0,
    isFull: video ? video.width === FULL_WIDTH : sequences.packets > 0,
  };
}

/** The earliest first frame of streams. */
export function firstFrameOf(streams: readonly IncomingStream[]): number | undefined {
  const times = streams.flatMap(({ video }) => video?.firstFrameMs ?? []);
  return times.length > 0 ? Math.min(...times) : undefined;
}
