/**
 * Owns one published track of a bot: its streams on the send transport and the source behind them.
 * Does not own what is negotiated about it (sendingParameters.ts) nor the transport (NativeHandler).
 */
import type { types } from 'mediasoup-client';
import { OutgoingStream } from './rtp/OutgoingStream.ts';
import { extensionIdsOf, RtpHeader } from './rtp/rtpHeader.ts';
import type { SendSession } from './rtp/SendSession.ts';
import { AudioSource } from './source/AudioSource.ts';
import type { PreparedMedia, VideoLayer } from './source/prepareMedia.ts';
import { Turns } from './source/Turns.ts';
import { VideoSource } from './source/VideoSource.ts';
import type { Speech } from './types.ts';

/** What bots of a process, and all senders of one bot, have in common. */
export interface SenderContext {
  readonly media: PreparedMedia;
  readonly speech: Speech;
  readonly session: SendSession;
  readonly isOpen: () => boolean;
}

/** An SSRC, and that of its retransmissions, for each encoding. */
export interface EncodingSsrcs {
  readonly ssrc: number;
  readonly rtxSsrc: number;
}

/** Sends until it is closed. */
export class Sender {
  readonly #session: SendSession;
  readonly #streams: readonly OutgoingStream[];
  readonly #source: VideoSource | AudioSource;

  constructor(context: SenderContext, parameters: types.RtpParameters, ssrcs: readonly EncodingSsrcs[]) {
    const { media, speech, session, isOpen } = context;
    const encodings = parameters.encodings ?? [];
    this.#session = session;
    this.#streams = encodings.map((encoding, index) =>
      createStream(session, parameters, encoding, ssrcs[index] ?? { ssrc: 0, rtxSsrc: 0 }),
    );
    const [first] = this.#streams;
    const isVideo = parameters.codecs[0]?.mimeType.startsWith('video/') ?? false;
    if (isVideo) {
      const layers = encodings.flatMap((encoding, index) => {
        const stream = this.#streams[index];
        return stream ? [{ stream, prepared: layerOf(media, encoding.scaleResolutionDownBy ?? 1) }] : [];
      });
      const video = new VideoSource(layers, media.period, Math.random(), isOpen);
      for (const [index, stream] of this.#streams.entries())
        session.add(stream, () => video.requestKeyFrame(index));
      this.#source = video;
    } else if (first) {
      session.add(first);
      this.#source = new AudioSource(first, media, new Turns(speech, performance.now()), isOpen);
    } else throw new Error('a sender needs an encoding');
    media.wheel.add(this.#source, 1);
  }

  /** Whether anything is sent at all. */
  setRunning(running: boolean): void {
    this.#source.setRunning(running);
  }

  /** Layers above are stopped. */
  setMaxLayer(layer: number): void {
    for (const index of this.#streams.keys()) this.#setLayerActive(index, index <= layer);
  }

  /** Starts or stops all encodings. */
  setActive(active: boolean): void {
    for (const index of this.#streams.keys()) this.setEncodingActive(index, active);
  }

  /** Starts or stops one encoding; a sound has one. */
  setEncodingActive(index: number, active: boolean): void {
    if (this.#source instanceof AudioSource) this.#source.setRunning(active);
    else this.#setLayerActive(index, active);
  }

  /** Idempotent. */
  close(): void {
    this.#source.close();
    for (const stream of this.#streams) this.#session.remove(stream);
  }

  #setLayerActive(index: number, active: boolean): void {
    if (this.#source instanceof VideoSource) this.#source.setLayerActive(index, active);
  }
}

function createStream(
  session: SendSession,
  { mid = '', codecs, headerExtensions }: types.RtpParameters,
  encoding: types.RtpEncodingParameters,
  { ssrc, rtxSsrc }: EncodingSsrcs,
): OutgoingStream {
  const [codec, rtxCodec] = codecs;
  if (!codec) throw new Error('a sender needs a codec');
  const ids = extensionIdsOf(headerExtensions);
  const { rid } = encoding;
  const hasAudioLevel = codec.mimeType.startsWith('audio/');
  const { payloadType, clockRate } = codec;
  return new OutgoingStream({
    path: session,
    header: new RtpHeader({ payloadType, ssrc, ids, mid, rid, hasAudioLevel }),
    rtx:
      rtxCodec &&
      new RtpHeader({ payloadType: rtxCodec.payloadType, ssrc: rtxSsrc, ids, mid, repairedRid: rid }),
    clockRate,
    random: Math.random,
  });
}

/** The prepared layer of the size that the full picture, scaled down, comes closest to. */
function layerOf({ layers }: PreparedMedia, scaleDownBy: number): VideoLayer {
  const [small, middle, large] = layers;
  if (scaleDownBy >= 3) return small;
  return scaleDownBy >= 1.5 ? middle : large;
}
