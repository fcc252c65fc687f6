/**
 * Owns what came of one publication of somebody else, over all the consumers that it has had: a worker that dies in between shows as a
 * freeze, not as a new beginning. Does not own the streams' own figures (rtp/, account/).
 */
import type { Source } from '@parley/protocol';
import type { IncomingStream } from './rtp/IncomingStream.ts';
import type { TrackReport } from './types.ts';

/** Widths up to which a picture is of the lower layers, as the SDK scales a camera of 1280 down. */
const LAYER_WIDTHS = [320, 640] as const;

/** One publication, as a bot gets it. */
export class ReceivedPublication {
  readonly peerId: string;
  readonly source: Source;
  readonly #wantedSinceMs: number;
  readonly #shownWidth: number;
  #streams: readonly IncomingStream[] = [];
  #isMuted = true;
  #goneSinceMs: number | undefined;

  /** @param shownWidth how wide it is shown, when the bot says so. */
  constructor(peerId: string, source: Source, nowMs: number, shownWidth = Number.POSITIVE_INFINITY) {
    this.#shownWidth = shownWidth;
    this.peerId = peerId;
    this.source = source;
    this.#wantedSinceMs = nowMs;
  }

  /** Whether media of it should come. */
  get isExpected(): boolean {
    return !this.#isMuted && this.#goneSinceMs === undefined;
  }

  /** Since when its peer is not in the room; undefined while it is. */
  get goneSinceMs(): number | undefined {
    return this.#goneSinceMs;
  }

  /** Whether the newest consumer shows a picture, or has brought sound. */
  get isReceived(): boolean {
    const stream = this.#streams.at(-1);
    return stream?.video ? stream.video.frames > 0 : stream?.firstPacketMs !== undefined;
  }

  /** When its first picture could be shown; undefined for sound. */
  get firstFrameMs(): number | undefined {
    return this.#streams[0]?.video?.firstFrameMs;
  }

  get lost(): number {
    return this.#sum((stream) => stream.sequences.lost);
  }

  get recovered(): number {
    return this.#sum((stream) => stream.sequences.recovered);
  }

  get audioGaps(): number {
    return this.#streams.at(-1)?.audio?.gaps ?? 0;
  }

  freezes(nowMs: number): number {
    return this.#streams.at(-1)?.video?.freezes.count(this.#goneSinceMs ?? nowMs) ?? 0;
  }

  /** Its peer is not in the room any more: nothing is missed from now on. */
  setGone(nowMs: number): void {
    this.#goneSinceMs ??= nowMs;
  }

  /** Its packets come on this stream from now on. */
  addStream(stream: IncomingStream, nowMs: number): void {
    const before = this.#streams.at(-1);
    this.#streams = [...this.#streams, stream];
    if (before) stream.continueFrom(before);
    stream.video?.setExpected(this.isExpected, nowMs);
  }

  has(stream: IncomingStream): boolean {
    return this.#streams.includes(stream);
  }

  /** Its peer is in the room. If it was gone for a while (a server that was restarted), who waited missed it: that counts. */
  setMuted(muted: boolean, nowMs: number): void {
    this.#goneSinceMs = undefined;
    if (muted === this.#isMuted) return;
    this.#isMuted = muted;
    const stream = this.#streams.at(-1);
    stream?.video?.setExpected(!muted, nowMs);
    stream?.audio?.restart();
  }

  report(timeMs: number): TrackReport {
    const nowMs = this.#goneSinceMs ?? timeMs;
    const stream = this.#streams.at(-1);
    const { video, audio } = stream ?? {};
    const firstPacketMs = this.#streams[0]?.firstPacketMs;
    const spatialLayers = stream?.spatialLayers ?? 1;
    return {
      peerId: this.peerId,
      source: this.source,
      packets: this.#sum(({ sequences }) => sequences.packets),
      bytes: this.#sum(({ bytes }) => bytes),
      lost: this.lost,
      duplicated: this.#sum(({ sequences }) => sequences.duplicated),
      reordered: this.#sum(({ sequences }) => sequences.reordered),
      recovered: this.recovered,
      jitterMs: stream?.jitterMs ?? 0,
      frames: this.#sum((item) => item.video?.frames ?? 0),
      freezes: video?.freezes.count(nowMs) ?? 0,
      frozenMs: video?.freezes.sumMs(nowMs) ?? 0,
      longestFreezeMs: video?.freezes.longestMs(nowMs) ?? 0,
      audioGaps: audio?.gaps ?? 0,
      longestGapMs: audio?.longestGapMs ?? 0,
      ...(video && video.width > 0 && { spatialLayer: layerOf(video.width, spatialLayers) }),
      ...(spatialLayers > 1 && { askedSpatialLayer: layerOf(this.#shownWidth, spatialLayers) }),
      ...(firstPacketMs !== undefined && { firstPacketAfterMs: firstPacketMs - this.#wantedSinceMs }),
    };
  }

  #sum(count: (stream: IncomingStream) => number): number {
    let sum = 0;
    for (const stream of this.#streams) sum += count(stream);
    return sum;
  }
}

function layerOf(width: number, layers: number): number {
  const layer = LAYER_WIDTHS.findIndex((limit) => width <= limit);
  return Math.min(layer < 0 ? LAYER_WIDTHS.length : layer, layers - 1);
}
