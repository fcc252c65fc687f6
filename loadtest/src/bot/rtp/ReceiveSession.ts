/**
 * Owns what a bot's receive transport brings: each packet to its stream, arrival times for the server's bandwidth estimation, and what a
 * receiver tells the server: receiver reports, NACK, PLI, transport-cc feedback. Does not own the path (NativeConnection).
 */
import type { WheelTask } from '../Wheel.ts';
import type { IncomingStream } from './IncomingStream.ts';
import {
  isRtcp,
  MAX_REPORT_BLOCKS,
  type RtcpReader,
  readRtcp,
  writeNack,
  writePli,
  writeReceiverReport,
} from './rtcp.ts';
import type { SendBytes } from './SendSession.ts';
import { TransportFeedback } from './TransportFeedback.ts';
import { readInt32, readUint16, type Scratch } from './wire.ts';

/** How often holes are looked at; feedback and reports follow every so many times. */
const REVIEW_EVERY_MS = 20;
const FEEDBACK_EVERY = 5;
const REPORT_EVERY = 50;
/** Ours, where RTCP wants to know who speaks. */
const OWN_SSRC = 1;

/** Receiving of one transport. */
export class ReceiveSession implements RtcpReader, WheelTask {
  readonly #scratch: Scratch;
  readonly #sendBytes: SendBytes;
  readonly #streams = new Map<number, IncomingStream>();
  /** Streams by the SSRC of their retransmissions. */
  readonly #repaired = new Map<number, IncomingStream>();
  readonly #feedback = new TransportFeedback();
  readonly #asked = new Uint16Array(128);
  #transportSequenceId = 0;
  #lastSsrc = 0;
  #lastStream: IncomingStream | undefined;
  #packets = 0;
  #bytes = 0;
  #reviews = 0;
  #closed = false;

  constructor(scratch: Scratch, sendBytes: SendBytes) {
    this.#scratch = scratch;
    this.#sendBytes = sendBytes;
  }

  /** RTP packets that arrived, of whatever kind. */
  get packets(): number {
    return this.#packets;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * @param transportSequenceId id of the header extension that carries it; undefined: this stream's packets have none, as with mediasoup's
   * sound, while those of others may.
   */
  add(stream: IncomingStream, transportSequenceId: number | undefined): void {
    this.#streams.set(stream.ssrc | 0, stream);
    if (stream.rtxSsrc !== undefined) this.#repaired.set(stream.rtxSsrc | 0, stream);
    this.#transportSequenceId = transportSequenceId ?? this.#transportSequenceId;
  }

  remove(stream: IncomingStream): void {
    this.#streams.delete(stream.ssrc | 0);
    if (stream.rtxSsrc !== undefined) this.#repaired.delete(stream.rtxSsrc | 0);
    this.#lastStream = undefined;
  }

  /** A packet from the server. This is the hot path: about 45,000 a second on one core. */
  handlePacket(packet: Uint8Array): void {
    if (isRtcp(packet)) {
      readRtcp(packet, this);
      return;
    }
    const nowMs = performance.now();
    const { length } = packet;
    const first = packet[0] ?? 0;
    let at = 12 + 4 * (first & 0x0f);
    if (at > length) return;
    this.#packets += 1;
    this.#bytes += length;
    if (first & 0x10) at = this.#readExtensions(packet, at, nowMs);
    const end = first & 0x20 ? length - (packet[length - 1] ?? 0) : length;
    const ssrc = readInt32(packet, 8);
    let stream = this.#lastStream;
    if (ssrc !== this.#lastSsrc || !stream) {
      stream = this.#streams.get(ssrc);
      if (!stream) {
        this.#repaired.get(ssrc)?.retransmission(packet, at, end, nowMs);
        return;
      }
      this.#lastSsrc = ssrc;
      this.#lastStream = stream;
    }
    stream.packet(packet, at, end, nowMs);
  }

  senderReport(ssrc: number, ntpMiddle: number): void {
    this.#streams.get(ssrc)?.senderReport(ntpMiddle, performance.now());
  }

  reportBlock(): void {}

  nack(): void {}

  keyFrameRequest(): void {}

  run(nowMs: number): number {
    if (this.#closed) return 0;
    this.#reviews += 1;
    for (const stream of this.#streams.values()) {
      const asked = stream.review(nowMs, this.#asked);
      if (asked > 0) this.#send(writeNack(this.#scratch.bytes, OWN_SSRC, stream.ssrc, this.#asked, asked));
    }
    if (this.#reviews % FEEDBACK_EVERY === 0) this.#sendFeedback(nowMs);
    if (this.#reviews % REPORT_EVERY === 0) this.#report(nowMs);
    return REVIEW_EVERY_MS;
  }

  /** Nothing is sent any more. Idempotent. */
  close(): void {
    this.#closed = true;
  }

  /** Notes the transport-wide sequence number; gives where the payload begins. Extensions in the one-byte form (RFC 8285). */
  #readExtensions(packet: Uint8Array, header: number, nowMs: number): number {
    const end = header + 4 + 4 * readUint16(packet, header + 2);
    const wanted = this.#transportSequenceId;
    if (wanted === 0) return end;
    let at = header + 4;
    while (at < end) {
      const element = packet[at] ?? 0;
      if (element >> 4 === wanted) {
        this.#feedback.arrived(readUint16(packet, at + 1), nowMs);
        return end;
      }
      // A zero is padding; otherwise the lower half says how many bytes follow, less one.
      at += element === 0 ? 1 : (element & 0x0f) + 2;
    }
    return end;
  }

  #sendFeedback(nowMs: number): void {
    const ssrc = this.#lastSsrc;
    while (this.#feedback.pending) this.#send(this.#feedback.write(this.#scratch.bytes, OWN_SSRC, ssrc));
    for (const stream of this.#streams.values()) {
      if (stream.video?.needsKeyFrame(nowMs)) {
        this.#send(writePli(this.#scratch.bytes, OWN_SSRC, stream.ssrc));
      }
    }
  }

  #report(nowMs: number): void {
    const reports = [...this.#streams.values()].flatMap((stream) => stream.receptionReport(nowMs) ?? []);
    for (let from = 0; from < reports.length; from += MAX_REPORT_BLOCKS) {
      const some = reports.slice(from, from + MAX_REPORT_BLOCKS);
      this.#send(writeReceiverReport(this.#scratch.bytes, OWN_SSRC, some));
    }
  }

  #send(length: number): void {
    this.#sendBytes(this.#scratch.view(length));
  }
}
