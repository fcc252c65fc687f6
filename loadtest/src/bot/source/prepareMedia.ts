/**
 * Owns the media that all bots of a process send, made once, without an encoder and the same every time: VP8 in three sizes with
 * three temporal layers each, and Opus. Does not own when what is sent (VideoSource, AudioSource).
 */
import { Scratch } from '../rtp/wire.ts';
import { Wheel } from '../Wheel.ts';
import { seededRandom } from './random.ts';
import { type BlockPicture, encodeDeltaFrame, encodeKeyFrame } from './vp8Frames.ts';

/** Frames per second of every layer. */
export const FRAME_RATE = 30;
/** Temporal layer by place in the pattern: 7.5, 15 and 30 frames a second. All refer to the last frame of layer 0 and to nothing else. */
export const TEMPORAL_PATTERN: readonly number[] = [0, 2, 1, 2];
/** How long an Opus packet lasts. */
export const AUDIO_PACKET_MS = 20;

/** Most bytes of a frame in one packet; with all headers it stays below what networks carry in one piece. */
const MAX_PAYLOAD_BYTES = 1100;
/** After so many frames the picture repeats; a multiple of the pattern. */
const PERIOD = 120;
/** How many times an average frame a key frame weighs. */
const KEY_FRAME_WEIGHT = 5;
/** By place in the pattern: the lowest temporal layer has 40 % of the bit rate, as libvpx shares it out. */
const PATTERN_WEIGHTS: readonly number[] = [1.6, 0.8, 0.8, 0.8];
const BACKGROUND_LUMA = 70;
const SPRITE_LUMA = 200;

/** A frame, cut into what goes into one packet each. */
export type PreparedFrame = readonly Uint8Array[];

/** One simulcast layer. Frames are indexed by their place in the period; key frames exist where a pattern begins. */
export interface VideoLayer {
  readonly width: number;
  readonly height: number;
  readonly keyFrames: readonly PreparedFrame[];
  readonly deltaFrames: readonly PreparedFrame[];
}

/** What bots send, shared by all bots of a process: it never changes, only the wheel turns. */
export interface PreparedMedia {
  /** Smallest first. */
  readonly layers: readonly [VideoLayer, VideoLayer, VideoLayer];
  readonly period: number;
  /** What sends it, and where its packets are built. */
  readonly wheel: Wheel;
  readonly scratch: Scratch;
  /** Opus packets of somebody who speaks, of different sizes. */
  readonly speech: readonly Uint8Array[];
  /** The Opus packet of silence, which DTX sends now and then. */
  readonly silence: Uint8Array;
}

/** Makes it; takes a fraction of a second. */
export function prepareMedia(): PreparedMedia {
  const random = seededRandom(1);
  return {
    layers: [
      prepareLayer(320, 180, 120_000, random),
      prepareLayer(640, 360, 400_000, random),
      prepareLayer(1280, 720, 1_300_000, random),
    ],
    period: PERIOD,
    wheel: new Wheel(),
    scratch: new Scratch(),
    speech: Array.from({ length: 32 }, () => opusPacket(60 + Math.floor(random() * 60))),
    silence: Uint8Array.from([0xf8, ...OPUS_SILENCE]),
  };
}

function prepareLayer(width: number, height: number, bitRateBps: number, random: () => number): VideoLayer {
  const meanSize = bitRateBps / 8 / FRAME_RATE;
  const pictures = Array.from({ length: PERIOD }, (_, place) => pictureAt(place, width, height));
  const at = (place: number): BlockPicture =>
    pictures[(place + PERIOD) % PERIOD] ?? pictureAt(0, width, height);
  const keyFrames: PreparedFrame[] = [];
  const deltaFrames: PreparedFrame[] = [];
  for (let place = 0; place < PERIOD; place += 1) {
    const inPattern = place % TEMPORAL_PATTERN.length;
    const isBase = inPattern === 0;
    const reference = at(isBase ? place - TEMPORAL_PATTERN.length : place - inPattern);
    const size = meanSize * (PATTERN_WEIGHTS[inPattern] ?? 1) * (0.8 + 0.4 * random());
    deltaFrames.push(prepareFrame(encodeDeltaFrame(at(place), reference, isBase), size, random));
    if (!isBase) continue;
    const keyFrame = encodeKeyFrame(at(place), width, height);
    keyFrames[place] = prepareFrame(keyFrame, meanSize * KEY_FRAME_WEIGHT, random);
  }
  return { width, height, keyFrames, deltaFrames };
}

/** A bright square that goes from left to right and back, once per period. */
function pictureAt(place: number, width: number, height: number): BlockPicture {
  const [columns, rows] = [Math.ceil(width / 16), Math.ceil(height / 16)];
  const luma = new Uint8Array(columns * rows).fill(BACKGROUND_LUMA);
  const size = Math.ceil(rows / 4);
  const way = 1 - Math.abs((2 * place) / PERIOD - 1);
  const left = Math.round(way * (columns - size));
  for (let row = size; row < 2 * size; row += 1) {
    luma.fill(SPRITE_LUMA, row * columns + left, row * columns + left + size);
  }
  return { columns, rows, luma };
}

/** Brings a frame to a realistic size (a decoder stops reading where the picture is complete) and cuts it into equal parts. */
function prepareFrame(frame: Uint8Array, size: number, random: () => number): PreparedFrame {
  const padded = new Uint8Array(Math.max(frame.length, Math.round(size)));
  for (let index = frame.length; index < padded.length; index += 1) padded[index] = random() * 256;
  padded.set(frame);
  const count = Math.ceil(padded.length / MAX_PAYLOAD_BYTES);
  return Array.from({ length: count }, (_, part) =>
    padded.subarray(
      Math.floor((padded.length * part) / count),
      Math.floor((padded.length * (part + 1)) / count),
    ),
  );
}

/** What CELT decodes as silence. */
const OPUS_SILENCE = [0xff, 0xfe];

/**
 * 20 ms of Opus of a given size that sound like nothing: silence with padding (RFC 6716, section 3.2.5), which receivers pass over.
 * Who joins beside hundreds of bots is glad of it.
 */
function opusPacket(size: number): Uint8Array {
  const packet = new Uint8Array(size);
  // Full band, one channel, a counted number of frames; one frame, padding; so much of it.
  packet.set([0xfb, 0x41, size - 5, ...OPUS_SILENCE]);
  return packet;
}
