/**
 * Owns one stream of RTP that a bot sends: sequence numbers, packets built from prepared frames, what is sent again on NACK (as RTX
 * where there is such a stream), and what its sender reports say. Does not own what is sent when (source/) nor the path (SendSession).
 */
import type { RtpHeader } from './rtpHeader.ts';
import { writeUint16 } from './wire.ts';

/** A bit more than a second of the largest layer; what is asked for later is worth nothing any more. */
const HISTORY = 512;
/** Sequence number, timestamp, descriptor. */
const FIELDS = 3;

/** What a packet says about its frame (RFC 7741), packed, so that history is plain numbers: picture id, TL0PICIDX, layer, flags. */
const TL0_SHIFT = 15;
const TID_SHIFT = 23;
const START = 1 << 25;
const MARKER = 1 << 26;
const SYNC = 1 << 27;
const UNREFERENCED = 1 << 28;
const IS_VP8 = 1 << 29;
const DESCRIPTOR_BYTES = 6;

/** Packs what all packets of a frame have in common. */
export const vp8Frame = (pictureId: number, tl0: number, temporalLayer: number): number =>
  (pictureId & 0x7fff) |
  ((tl0 & 0xff) << TL0_SHIFT) |
  (temporalLayer << TID_SHIFT) |
  IS_VP8 |
  // Upper layers refer to the base only (they can be switched on anywhere), and nothing refers to the topmost.
  (temporalLayer > 0 ? SYNC | UNREFERENCED : 0);

/** What carries packets away. */
export interface PacketPath {
  /** Where the next packet is to be built. */
  readonly packet: Uint8Array;
  /** Sends what was built. */
  send(header: RtpHeader, length: number): void;
}

/** One SSRC, with its RTX companion. */
export class OutgoingStream {
  readonly header: RtpHeader;
  readonly #clockRate: number;
  readonly #timestampOffset: number;
  readonly #rtx: RtpHeader | undefined;
  readonly #path: PacketPath;
  readonly #payloads: (Uint8Array | undefined)[] = new Array(HISTORY);
  readonly #fields = new Int32Array(HISTORY * FIELDS).fill(-1);
  #sequence: number;
  #rtxSequence: number;
  #packets = 0;
  #octets = 0;
  #retransmitted = 0;

  constructor(options: {
    path: PacketPath;
    header: RtpHeader;
    rtx: RtpHeader | undefined;
    clockRate: number;
    random: () => number;
  }) {
    this.#path = options.path;
    this.header = options.header;
    this.#rtx = options.rtx;
    this.#clockRate = options.clockRate;
    this.#timestampOffset = Math.floor(options.random() * 2 ** 32);
    // Not close to the end: receivers that begin with a lost packet would take the wrap for reordering (RFC 3550, section 5.1).
    this.#sequence = Math.floor(options.random() * 0x8000);
    this.#rtxSequence = Math.floor(options.random() * 0x8000);
  }

  get packets(): number {
    return this.#packets;
  }

  get octets(): number {
    return this.#octets;
  }

  get retransmitted(): number {
    return this.#retransmitted;
  }

  /** The stream's timestamp of a moment (as of `performance.now()`). */
  timestampAt(timeMs: number): number {
    return (this.#timestampOffset + Math.round((timeMs * this.#clockRate) / 1000)) | 0;
  }

  /**
   * Sends one part of a VP8 frame.
   * @param frame see {@link vp8Frame}.
   */
  sendVp8(part: Uint8Array, frame: number, timestamp: number, isFirst: boolean, isLast: boolean): void {
    const descriptor = frame | (isFirst ? START : 0) | (isLast ? MARKER : 0);
    this.#path.send(this.header, this.#buildNew(part, descriptor, timestamp));
  }

  /**
   * Sends a packet of audio.
   * @param level see {@link RtpHeader.setAudioLevel}.
   * @param begins whether it is the first one after silence.
   */
  sendAudio(payload: Uint8Array, timestamp: number, level: number, isVoice: boolean, begins: boolean): void {
    const length = this.#buildNew(payload, begins ? MARKER : 0, timestamp);
    this.header.setAudioLevel(this.#path.packet, level, isVoice);
    this.#path.send(this.header, length);
  }

  /** Sends a packet again, if it is still known. */
  resend(sequence: number): void {
    const slot = sequence % HISTORY;
    if (this.#fields[slot * FIELDS] !== sequence) return;
    this.#retransmitted += 1;
    const rtx = this.#rtx;
    if (!rtx) this.#path.send(this.header, this.#build(this.header, sequence, slot, 0));
    else {
      const length = this.#build(rtx, this.#rtxSequence, slot, 2);
      writeUint16(this.#path.packet, rtx.length, sequence);
      this.#rtxSequence = (this.#rtxSequence + 1) & 0xffff;
      this.#path.send(rtx, length);
    }
  }

  /** Gives the length, as does {@link #build}. */
  #buildNew(payload: Uint8Array, descriptor: number, timestamp: number): number {
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) & 0xffff;
    const slot = sequence % HISTORY;
    const at = slot * FIELDS;
    this.#payloads[slot] = payload;
    this.#fields[at] = sequence;
    this.#fields[at + 1] = timestamp;
    this.#fields[at + 2] = descriptor;
    const length = this.#build(this.header, sequence, slot, 0);
    this.#packets += 1;
    this.#octets += length - this.header.length;
    return length;
  }

  /** @param gap bytes left free behind the header. */
  #build(header: RtpHeader, sequence: number, slot: number, gap: number): number {
    const { packet } = this.#path;
    const payload = this.#payloads[slot];
    if (!payload) return 0;
    const timestamp = this.#fields[slot * FIELDS + 1] ?? 0;
    const descriptor = this.#fields[slot * FIELDS + 2] ?? 0;
    header.write(packet, sequence, timestamp, (descriptor & MARKER) !== 0);
    let end = header.length + gap;
    if (descriptor & IS_VP8) {
      writeVp8Descriptor(packet, end, descriptor);
      end += DESCRIPTOR_BYTES;
    }
    packet.set(payload, end);
    return end + payload.length;
  }
}

function writeVp8Descriptor(packet: Uint8Array, at: number, descriptor: number): void {
  packet[at] = 0x80 | (descriptor & UNREFERENCED ? 0x20 : 0) | (descriptor & START ? 0x10 : 0);
  packet[at + 1] = 0xe0; // picture id, TL0PICIDX and temporal layer follow
  writeUint16(packet, at + 2, 0x8000 | (descriptor & 0x7fff));
  packet[at + 4] = descriptor >> TL0_SHIFT;
  packet[at + 5] = (((descriptor >> TID_SHIFT) & 3) << 6) | (descriptor & SYNC ? 0x20 : 0);
}
