/**
 * Owns the choice of a codec for what this device sends: the first of the room's order that it sends well, else VP8.
 * Does not own the order (the room), nor how a codec's layers are made (encodings.ts).
 */
import { type VideoCodec, videoCodecOf } from '@parley/protocol';
import type { types } from 'mediasoup-client';

/** Says whether a codec can be sent without the call suffering from it. */
export type EncoderCheck = (codec: VideoCodec) => Promise<boolean>;

/**
 * Codecs that carry their layers in one stream (SVC). VP9's are independent but for key frames: a receiver gets and decodes one layer, not
 * all below it too, and in the other mode lost packets freeze Chromium's pictures (mediasoup#1616). AV1 has no small pictures: mediasoup
 * passes on neither what a receiver needs to decode some of several spatial layers (measured: it freezes at the first change), nor simulcast.
 */
export const layeredModes: Partial<Record<VideoCodec, string>> = { vp9: 'L3T3_KEY', av1: 'L1T3' };

/** Logical cores from which on three layers of 720p in software leave room for a call. */
const CORES_FOR_SOFTWARE: Partial<Record<VideoCodec, number>> = { vp9: 6, av1: 8 };

/** The codec to send video in, as the device names it; undefined where it sends no video at all. */
export async function chooseCodec(
  order: readonly VideoCodec[],
  { codecs = [] }: types.RtpCapabilities,
  sendsWell: EncoderCheck,
): Promise<{ codec: VideoCodec; capability: types.RtpCodecCapability } | undefined> {
  for (const codec of [...order, 'vp8'] as const) {
    const capability = codecs.find(({ mimeType }) => videoCodecOf(mimeType) === codec);
    if (capability && (codec === 'vp8' || (await sendsWell(codec)))) return { codec, capability };
  }
  return undefined;
}

/** The check of this browser; asks it about each codec once. */
export function browserEncoders(): EncoderCheck {
  const known = new Map<VideoCodec, Promise<boolean>>();
  return (codec) => {
    const answer = known.get(codec) ?? encodesWell(codec);
    known.set(codec, answer);
    return answer;
  };
}

async function encodesWell(codec: VideoCodec): Promise<boolean> {
  const cores = CORES_FOR_SOFTWARE[codec];
  // H264: whoever lists it has it in hardware, or an encoder as cheap as VP8's.
  if (!cores) return true;
  try {
    const { supported, smooth, powerEfficient } = await navigator.mediaCapabilities.encodingInfo({
      type: 'webrtc',
      video: {
        contentType: `video/${codec.toUpperCase()}`,
        scalabilityMode: layeredModes[codec] ?? 'L1T3',
        width: 1280,
        height: 720,
        framerate: 30,
        bitrate: 1_500_000,
      },
    });
    if (!supported) return false;
    // In hardware it costs next to nothing. In software a phone gets hot, however many cores it has.
    return powerEfficient || (smooth && !isPhone() && navigator.hardwareConcurrency >= cores);
  } catch {
    // A browser that cannot even be asked makes no layers either.
    return false;
  }
}

// Tablets that call themselves desktops have hardware encoders, or few cores.
const isPhone = (): boolean => /Android|iPhone|iPad|Mobile/.test(navigator.userAgent);
