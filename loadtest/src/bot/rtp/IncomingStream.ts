/**
 * Owns one stream of RTP that a bot receives: hands each packet to its accounts, and knows what a receiver report says of it.
 * Does not own RTCP (ReceiveSession) nor what the figures mean (account/).
 */
import { AudioAccount } from '../account/AudioAccount.ts';
import { DUPLICATE, LATE, SequenceAccount } from '../account/SequenceAccount.ts';
import { VideoAccount } from '../account/VideoAccount.ts';
import type { ReceptionReport } from './rtcp.ts';
import { readInt32, readUint16 } from './wire.ts';

/** What an incoming stream is. */
export interface IncomingStreamOptions {
  readonly kind: 'audio' | 'video';
  readonly ssrc: number;
  readonly rtxSsrc: number | undefined;
  readonly clockRate: number;
  /** How many layers the server can choose from; 1 without simulcast. */
  readonly spatialLayers: number;
  /** Called once, in the packet's own turn. */
  readonly onFirstPacket?: () => void;
}

/** A stream with all its figures. */
export class IncomingStream {
  readonly ssrc: number;
  readonly rtxSsrc: number | undefined;
  readonly spatialLayers: number;
  readonly sequences = new SequenceAccount();
  readonly video: VideoAccount | undefined;
  /** Shared with the stream that it continues. */
  audio: AudioAccount | undefined;
  readonly #clockPerMs: number;
  #onFirstPacket: (() => void) | undefined;
  #bytes = 0;
  #firstPacketMs: number | undefined;
  /** In units of the clock, as is what it is made of (RFC 3550, section 6.4.1). */
  #jitter = 0;
  #lastTransit = 0;
  #reportedExpected = 0;
  #reportedLost = 0;
  #senderReport = 0;
  #senderReportMs = 0;

  constructor({ kind, ssrc, rtxSsrc, clockRate, spatialLayers, onFirstPacket }: IncomingStreamOptions) {
    this.spatialLayers = spatialLayers;
    this.ssrc = ssrc;
    this.rtxSsrc = rtxSsrc;
    this.#clockPerMs = clockRate / 1000;
    this.#onFirstPacket = onFirstPacket;
    if (kind === 'video') this.video = new VideoAccount(this.sequences);
    else this.audio = new AudioAccount();
  }

  /** Of packets that brought something new, headers included. */
  get bytes(): number {
    return this.#bytes;
  }

  get firstPacketMs(): number | undefined {
    return this.#firstPacketMs;
  }

  get jitterMs(): number {
    return this.#jitter / this.#clockPerMs;
  }

  /** It carries on what another stream carried: what people miss in between counts. Before the first packet. */
  continueFrom(before: IncomingStream): void {
    if (before.video) this.video?.continueFrom(before.video);
    if (this.audio && before.audio) {
      this.audio = before.audio;
      this.audio.continueWithNewClock();
    }
  }

  /** A packet of the stream itself; its payload lies from `at` to `end`. */
  packet(packet: Uint8Array, at: number, end: number, nowMs: number): void {
    const arrival = this.sequences.arrived(readUint16(packet, 2), nowMs, false);
    if (arrival === DUPLICATE) return;
    const timestamp = readInt32(packet, 4);
    if (arrival !== LATE) this.#measureJitter(timestamp, nowMs);
    this.#account(packet, at, end, timestamp, arrival, nowMs);
  }

  /** A packet of its RTX stream: the original sequence number lies before the payload (RFC 4588). */
  retransmission(packet: Uint8Array, at: number, end: number, nowMs: number): void {
    // Padding with which the server probes for bandwidth repairs nothing.
    if (end - at <= 2 || this.sequences.highest < 0) return;
    const arrival = this.sequences.arrived(readUint16(packet, at), nowMs, true);
    if (arrival === DUPLICATE) return;
    this.#account(packet, at + 2, end, readInt32(packet, 4), arrival, nowMs);
  }

  senderReport(ntpMiddle: number, nowMs: number): void {
    this.#senderReport = ntpMiddle;
    this.#senderReportMs = nowMs;
  }

  /** See {@link SequenceAccount.review}; gives how many of `sequences` are to be asked for. */
  review(nowMs: number, sequences: Uint16Array): number {
    return this.sequences.missing === 0 ? 0 : this.sequences.review(nowMs, sequences, this);
  }

  /** See {@link SequenceAccount.review}. */
  isLost(sequence: number): boolean {
    if (this.video?.isLeftOut(sequence)) return false;
    this.audio?.givenUp(sequence);
    return true;
  }

  /** What to report since the last report; undefined before the first packet. */
  receptionReport(nowMs: number): ReceptionReport | undefined {
    const { expected, packets, highest } = this.sequences;
    if (expected === 0) return undefined;
    const lost = Math.max(0, expected - packets);
    const [newlyExpected, newlyLost] = [expected - this.#reportedExpected, lost - this.#reportedLost];
    this.#reportedExpected = expected;
    this.#reportedLost = lost;
    const fraction = newlyExpected > 0 && newlyLost > 0 ? newlyLost / newlyExpected : 0;
    return {
      ssrc: this.ssrc,
      fractionLost: Math.min(255, Math.floor(fraction * 256)),
      cumulativeLost: lost,
      highestSequence: highest - 0x10000,
      jitter: Math.round(this.#jitter),
      lastSenderReport: this.#senderReport,
      sinceSenderReport: this.#senderReport === 0 ? 0 : Math.round((nowMs - this.#senderReportMs) * 65.536),
    };
  }

  #account(
    packet: Uint8Array,
    at: number,
    end: number,
    timestamp: number,
    arrival: number,
    nowMs: number,
  ): void {
    this.#bytes += packet.length;
    if (this.#firstPacketMs === undefined) this.#begin(nowMs);
    const { video } = this;
    if (video) video.packet(packet, at, end, (packet[1] ?? 0) >= 0x80, arrival, nowMs);
    else if (arrival !== LATE) this.audio?.packet(timestamp, arrival, nowMs);
  }

  #begin(nowMs: number): void {
    this.#firstPacketMs = nowMs;
    const onFirstPacket = this.#onFirstPacket;
    this.#onFirstPacket = undefined;
    onFirstPacket?.();
  }

  #measureJitter(timestamp: number, nowMs: number): void {
    const transit = (nowMs * this.#clockPerMs - timestamp) | 0;
    if (this.#firstPacketMs !== undefined) {
      const difference = (transit - this.#lastTransit) | 0;
      this.#jitter += (Math.abs(difference) - this.#jitter) / 16;
    }
    this.#lastTransit = transit;
  }
}
