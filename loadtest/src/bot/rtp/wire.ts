/**
 * Owns reading and writing of numbers in packets, and the one buffer in which a process builds what it sends.
 * Does not own their layout (OutgoingStream, rtcp).
 */

/** Larger than any packet that we build. */
const MAX_PACKET_BYTES = 1400;

/** A number of 32 bits, signed: as an SSRC it stays a small integer, which maps look up faster. */
export const readInt32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 24) |
  ((bytes[at + 1] ?? 0) << 16) |
  ((bytes[at + 2] ?? 0) << 8) |
  (bytes[at + 3] ?? 0);

export const readUint16 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

export function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

export function writeUint24(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 16;
  bytes[at + 1] = value >> 8;
  bytes[at + 2] = value;
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/**
 * The buffer in which packets are built, one at a time: sending copies. Views of it are kept by length, because making one
 * costs more than filling it.
 */
export class Scratch {
  readonly bytes: Buffer = Buffer.alloc(MAX_PACKET_BYTES);
  readonly #views: Buffer[] = [];

  /** Its first bytes. */
  view(length: number): Buffer {
    const known = this.#views[length];
    if (known) return known;
    const view = this.bytes.subarray(0, length);
    this.#views[length] = view;
    return view;
  }
}
