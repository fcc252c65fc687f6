/**
 * Owns what a decoder could make of a VP8 stream: complete frames whose references came too, freezes, the layer that arrives.
 * Does not decode, and does not own packets (SequenceAccount).
 */
import { Pauses } from './Pauses.ts';
import { AFTER_GAP, CONTENT_SHIFT, LATE, RECEIVED, type SequenceAccount, WINDOW } from './SequenceAccount.ts';

/** Longer without a complete frame is a freeze. */
const FREEZE_MS = 200;
/** A stream that comes and shows nothing for so long needs a key frame; asked for as often. */
const STUCK_MS = 300;
const ASK_AGAIN_MS = 1000;

const MASK = WINDOW - 1;
const START = 1 << CONTENT_SHIFT;
const MARKER = 2 << CONTENT_SHIFT;
const KEY = 4 << CONTENT_SHIFT;
const HAS_LAYERS = 8 << CONTENT_SHIFT;
const COUNTED = 16 << CONTENT_SHIFT;
const TID_SHIFT = CONTENT_SHIFT + 5;
/** A key frame of another size than the one before: another layer begins. */
const SWITCH = 128 << CONTENT_SHIFT;

/** The frames of one stream. */
export class VideoAccount {
  /** Shared with the stream that this one continues. */
  freezes = new Pauses(FREEZE_MS);
  frames = 0;
  /** When the first frame could be shown. */
  firstFrameMs: number | undefined;
  /** Width of the last key frame. */
  width = 0;
  readonly #sequences: SequenceAccount;
  /** TL0PICIDX of the frame that begins with a packet of the window. */
  readonly #tl0 = new Uint8Array(WINDOW);
  /** Start of the frame that is coming in, -1 when a part of it is missing. */
  #start = -1;
  #hasKeyFrame = false;
  #lastTl0 = 0;
  #lastEnd = -1;
  #lastFrameMs = 0;
  #lastPacketMs = 0;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(sequences: SequenceAccount) {
    this.#sequences = sequences;
  }

  /**
   * A packet that is no duplicate. Its place is `sequences.current`.
   * @param arrival what `SequenceAccount.arrived` said.
   * @param at where the VP8 payload descriptor begins in `packet`, and `end` where the payload ends.
   */
  packet(packet: Uint8Array, at: number, end: number, marker: boolean, arrival: number, nowMs: number): void {
    const { current, flags } = this.#sequences;
    const slot = current & MASK;
    this.#lastPacketMs = nowMs;
    const isStart = at < end && ((packet[at] ?? 0) & 0x17) === 0x10;
    let content = marker ? MARKER : 0;
    if (isStart) content |= START | this.#readStart(packet, at, end, slot);
    flags[slot] = (flags[slot] ?? 0) | content;
    if (arrival === LATE) {
      this.#complete(current, nowMs);
      return;
    }
    if (isStart) this.#start = current;
    else if (arrival === AFTER_GAP) this.#start = -1;
    if (marker && this.#start >= 0) this.#frame(this.#start, current, nowMs);
  }

  /** Whether a key frame has to be asked for; true at most once a second. */
  needsKeyFrame(nowMs: number): boolean {
    const isStuck = nowMs - this.#lastFrameMs > STUCK_MS && nowMs - this.#lastPacketMs < STUCK_MS;
    if (!isStuck || nowMs - this.#askedAtMs < ASK_AGAIN_MS) return false;
    this.#askedAtMs = nowMs;
    return true;
  }

  /** It shows what another stream showed. */
  continueFrom(before: VideoAccount): void {
    this.freezes = before.freezes;
  }

  /**
   * Whether a number that never came was never given: mediasoup leaves one out when it changes the layer in the middle of a frame, so that
   * decoders see that the frame stays incomplete (SimulcastConsumer, mediasoup#408). Nobody can send it again.
   */
  isLeftOut(sequence: number): boolean {
    const flagOf = (at: number): number => this.#sequences.flags[at & MASK] ?? 0;
    return (flagOf(sequence + 1) & SWITCH) !== 0 && (flagOf(sequence - 1) & (RECEIVED | MARKER)) === RECEIVED;
  }

  /** From now on frames should come (or not: muted). */
  setExpected(expected: boolean, nowMs: number): void {
    if (expected) this.freezes.expect(nowMs);
    else this.freezes.excuse(nowMs);
    this.#lastFrameMs = nowMs;
  }

  /** Reads the descriptor (RFC 7741, section 4.2) and what says whether it is a key frame; gives flags. */
  #readStart(packet: Uint8Array, descriptor: number, end: number, slot: number): number {
    let at = descriptor + 1;
    let content = 0;
    if ((packet[descriptor] ?? 0) & 0x80) {
      const fields = packet[at] ?? 0;
      at += 1;
      if (fields & 0x80) at += (packet[at] ?? 0) & 0x80 ? 2 : 1;
      if (fields & 0x40) {
        this.#tl0[slot] = packet[at] ?? 0;
        at += 1;
        if (fields & 0x20) content |= HAS_LAYERS;
      }
      if (fields & 0x30) {
        content |= ((packet[at] ?? 0) >> 6) << TID_SHIFT;
        at += 1;
      }
    }
    if (at >= end || (packet[at] ?? 1) & 1) return content;
    if (at + 8 > end) return content | KEY;
    const width = ((packet[at + 6] ?? 0) | ((packet[at + 7] ?? 0) << 8)) & 0x3fff;
    const isSwitch = this.width > 0 && width !== this.width;
    this.width = width;
    return content | KEY | (isSwitch ? SWITCH : 0);
  }

  /** A late packet came: its frame may be complete now, and with it frames behind that wait for it. */
  #complete(sequence: number, nowMs: number): void {
    const { flags, highest } = this.#sequences;
    const oldest = Math.max(this.#sequences.first, highest - WINDOW + 1);
    let start = sequence;
    while (start > oldest && ((flags[start & MASK] ?? 0) & (RECEIVED | START)) === RECEIVED) start -= 1;
    if (((flags[start & MASK] ?? 0) & (RECEIVED | START)) !== (RECEIVED | START)) return;
    for (let at = start; at <= highest; at += 1) {
      const flag = flags[at & MASK] ?? 0;
      if (!(flag & RECEIVED)) start = -1;
      else if (flag & START) start = at;
      if (!(flag & MARKER) || start < 0) continue;
      this.#frame(start, at, nowMs);
      start = -1;
    }
    // The newest frame may still be coming in: it goes on as if nothing had been missing.
    this.#start = start;
  }

  /** All packets of a frame are there: it counts if what it refers to was there too. */
  #frame(start: number, end: number, nowMs: number): void {
    const { flags } = this.#sequences;
    const slot = start & MASK;
    const flag = flags[slot] ?? 0;
    if (flag & COUNTED) return;
    const tl0 = this.#tl0[slot] ?? 0;
    if (flag & KEY) this.#hasKeyFrame = true;
    else if (!this.#hasKeyFrame) return;
    else if (flag & HAS_LAYERS) {
      const isBase = ((flag >> TID_SHIFT) & 3) === 0;
      if (tl0 !== (isBase ? (this.#lastTl0 + 1) & 0xff : this.#lastTl0)) return;
    } else if (start !== this.#lastEnd + 1) return;
    flags[slot] = flag | COUNTED;
    this.#lastTl0 = tl0;
    this.#lastEnd = end;
    this.frames += 1;
    this.firstFrameMs ??= nowMs;
    this.#lastFrameMs = nowMs;
    this.freezes.came(nowMs);
  }
}
