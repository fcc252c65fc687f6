/**
 * Owns the shapes that the rest of the load tool sees of a bot: what it is asked to do, and what it tells about what it got.
 * Does not own behaviour (Bot.ts) nor what is made of many bots' figures (report/).
 */
import type { Source } from '@parley/protocol';
import type { PreparedMedia } from './source/prepareMedia.ts';

/** When a bot speaks. */
export interface Speech {
  /** Same seed, same turns. */
  readonly seed: number;
  /** `turns`: a few seconds of speech, longer silences; `silent`: an open microphone in a quiet room (Opus DTX). */
  readonly pattern: 'continuous' | 'turns' | 'silent';
}

/** What a bot shows: so many cameras, all of one size, beginning with who joined after it, and round to who joined first. */
export interface BotView {
  readonly tiles: number;
  /** In device pixels. */
  readonly width: number;
  readonly height: number;
}

/** One bot. */
export interface BotOptions {
  /** Address of the server: `http://host:3000`, or the signaling address itself, `ws://host:3000/ws`. */
  readonly url: string;
  readonly roomId: string;
  readonly displayName: string;
  /** Absent for guests. */
  readonly token?: string;
  /** Source address of its socket and its media (127.0.0.2, ...). Default: the system chooses. */
  readonly localAddress?: string;
  /** Video is VP8 in three simulcast layers with three temporal ones each. */
  readonly publish: { readonly audio: boolean; readonly video: boolean };
  /** Whether it receives the others. */
  readonly subscribe: boolean;
  /** Default: every camera in full. */
  readonly view?: BotView;
  readonly speech: Speech;
  /** Made once per process by `prepareMedia()`. */
  readonly media: PreparedMedia;
}

/** Milliseconds from `Bot.join` to the end of each phase; undefined while it lasts (or never comes). */
export interface JoinPhases {
  /** The WebSocket is open. */
  readonly connectMs: number;
  /** The answer to `hello` is there. */
  readonly welcomeMs: number;
  /** The seat is taken. */
  readonly joinMs: number;
  /** ICE and DTLS of the first transport stand. */
  readonly mediaMs: number | undefined;
  /** The first picture of somebody else could be shown. */
  readonly firstFrameMs: number | undefined;
}

/** What arrived of one publication, cumulative over all its consumers. */
export interface TrackReport {
  readonly peerId: string;
  readonly source: Source;
  /** RTP packets, each counted once, RTX included when it brought something new. */
  readonly packets: number;
  /** Their size with headers. */
  readonly bytes: number;
  /** Given up: neither they nor a retransmission came. */
  readonly lost: number;
  /** Came more than once. What the network duplicates never gets here: SRTP drops it (see `countSrtpRepeats`). */
  readonly duplicated: number;
  /** Came after a later one, not as a retransmission. */
  readonly reordered: number;
  /** Came by retransmission. */
  readonly recovered: number;
  /** Interarrival jitter as in RFC 3550. */
  readonly jitterMs: number;
  /** Video: complete frames that a decoder could have shown. Audio: 0. */
  readonly frames: number;
  /** Times without a complete frame for more than 200 ms, one that lasts included. */
  readonly freezes: number;
  readonly frozenMs: number;
  readonly longestFreezeMs: number;
  /** Times in which more than 60 ms of due sound were missing; silence by DTX is none. */
  readonly audioGaps: number;
  readonly longestGapMs: number;
  /** Simulcast layer that arrives, by the size of the last key frame; undefined before one and for audio. */
  readonly spatialLayer?: number;
  /** Layer that was asked for. */
  readonly askedSpatialLayer?: number;
  /** From the subscription to the first packet; undefined while none came. */
  readonly firstPacketAfterMs?: number;
}

/** Sums over a bot's life; cheap enough for every second. */
export interface BotSample {
  readonly sentPackets: number;
  readonly sentBytes: number;
  /** Packets that were asked for again and sent again. */
  readonly retransmitted: number;
  /** What the server's receiver reports say was lost on the way to it. */
  readonly sentLost: number;
  readonly receivedPackets: number;
  readonly receivedBytes: number;
  readonly lost: number;
  readonly recovered: number;
  readonly freezes: number;
  readonly audioGaps: number;
  /** Of the expected ones, those that show a picture or have brought a packet of sound. */
  readonly tracksReceived: number;
  /** Cameras that it shows, and as many microphones as the server lets it hear; unmuted. */
  readonly tracksExpected: number;
}
