/**
 * Owns what the server's bandwidth estimation lives on: when each packet of a transport arrived, told in transport-cc feedback
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01). Does not own when feedback is sent (ReceiveSession).
 */
import { writeFeedbackHeader } from './rtcp.ts';
import { writeUint16, writeUint24 } from './wire.ts';

/** More packets than arrive between two feedbacks; a power of two. */
const WINDOW = 4096;
const MASK = WINDOW - 1;
/** Fits into one packet, however the deltas turn out. */
const MAX_PACKETS = 400;
const [RTP_FEEDBACK, TRANSPORT_CC] = [205, 15];
const REFERENCE_MS = 64;
const DELTAS_PER_MS = 4;
/** Symbols of a packet's status; a chunk holds seven of two bits each. */
const [NOT_RECEIVED, SMALL_DELTA, LARGE_DELTA] = [0, 1, 2];
const SYMBOLS_PER_CHUNK = 7;

/** Arrivals of one transport. */
export class TransportFeedback {
  /** Arrival by extended sequence number modulo the window, in quarter milliseconds; 0: not there. */
  readonly #arrivals = new Float64Array(WINDOW);
  #highest = -1;
  /** First one that no feedback has told of. */
  #next = 0;
  #count = 0;
  readonly #symbols = new Uint8Array(MAX_PACKETS);

  /** Whether there is anything to tell. */
  get pending(): boolean {
    return this.#highest >= this.#next;
  }

  /** A packet came with this transport-wide sequence number. */
  arrived(sequence: number, nowMs: number): void {
    if (this.#highest < 0) {
      this.#next = sequence + 0x10000;
      this.#highest = this.#next - 1;
    }
    const current = this.#highest + (((sequence - this.#highest) << 16) >> 16);
    // Told of already, as lost.
    if (current < this.#next) return;
    if (current - this.#next >= WINDOW) this.#next = current - WINDOW + 1;
    for (let skipped = this.#highest + 1; skipped < current; skipped += 1) this.#arrivals[skipped & MASK] = 0;
    if (current > this.#highest) this.#highest = current;
    this.#arrivals[current & MASK] = Math.round(nowMs * DELTAS_PER_MS);
  }

  /** Writes feedback on the oldest packets that none was given on; gives its length. */
  write(packet: Uint8Array, senderSsrc: number, mediaSsrc: number): number {
    // Missing ones at the front have no reference time: the first that came gives it.
    let first = this.#next;
    while (first < this.#highest && this.#arrivals[first & MASK] === 0) first += 1;
    const reference = Math.floor((this.#arrivals[first & MASK] ?? 0) / (REFERENCE_MS * DELTAS_PER_MS));
    const begin = this.#next;
    const count = Math.min(MAX_PACKETS, this.#highest - begin + 1);
    writeUint16(packet, 12, begin);
    writeUint16(packet, 14, count);
    writeUint24(packet, 16, reference & 0xffffff);
    packet[19] = this.#count;
    this.#count = (this.#count + 1) & 0xff;
    this.#next = begin + count;
    const end = this.#writeDeltas(packet, begin, count, reference * REFERENCE_MS * DELTAS_PER_MS);
    return writeFeedbackHeader(packet, RTP_FEEDBACK, TRANSPORT_CC, senderSsrc, mediaSsrc, end);
  }

  /** Chunks of symbols, then the deltas, then zeros up to a whole word; gives the end. */
  #writeDeltas(packet: Uint8Array, begin: number, count: number, reference: number): number {
    let end = 20 + 2 * Math.ceil(count / SYMBOLS_PER_CHUNK);
    let before = reference;
    for (let index = 0; index < count; index += 1) {
      const arrival = this.#arrivals[(begin + index) & MASK] ?? 0;
      if (arrival === 0) {
        this.#symbols[index] = NOT_RECEIVED;
        continue;
      }
      const delta = Math.max(-0x8000, Math.min(0x7fff, arrival - before));
      before += delta;
      if (delta >= 0 && delta <= 0xff) {
        this.#symbols[index] = SMALL_DELTA;
        packet[end] = delta;
        end += 1;
      } else {
        this.#symbols[index] = LARGE_DELTA;
        writeUint16(packet, end, delta & 0xffff);
        end += 2;
      }
    }
    for (let chunk = 0; chunk * SYMBOLS_PER_CHUNK < count; chunk += 1) {
      let bits = 0b11 << 14;
      for (let place = 0; place < SYMBOLS_PER_CHUNK; place += 1) {
        const index = chunk * SYMBOLS_PER_CHUNK + place;
        const symbol = index < count ? (this.#symbols[index] ?? NOT_RECEIVED) : NOT_RECEIVED;
        bits |= symbol << (2 * (SYMBOLS_PER_CHUNK - 1 - place));
      }
      writeUint16(packet, 20 + 2 * chunk, bits);
    }
    while (end % 4 !== 0) {
      packet[end] = 0;
      end += 1;
    }
    return end;
  }
}
