/**
 * Owns what a bot's send transport carries: transport-wide sequence numbers, sender reports, and who is meant by the server's NACK and
 * key frame requests. Does not own the streams' content (source/) nor the path itself (NativeConnection).
 */
import type { WheelTask } from '../Wheel.ts';
import type { OutgoingStream, PacketPath } from './OutgoingStream.ts';
import { type RtcpReader, readRtcp, writeSenderReport } from './rtcp.ts';
import type { RtpHeader } from './rtpHeader.ts';
import type { Scratch } from './wire.ts';

/** Receivers of simulcast switch layers only once they know how the layers' clocks relate: the first report goes out early. */
const FIRST_REPORT_MS = 100;
const REPORT_EVERY_MS = 1000;

/** What takes packets away: gives false while it is not open. */
export type SendBytes = (packet: Buffer) => boolean;

interface Sent {
  readonly stream: OutgoingStream;
  readonly requestKeyFrame: () => void;
  lost: number;
}

/** Sending of one transport. */
export class SendSession implements PacketPath, RtcpReader, WheelTask {
  readonly packet: Uint8Array;
  readonly #scratch: Scratch;
  readonly #sendBytes: SendBytes;
  readonly #streams = new Map<number, Sent>();
  #transportSequence = 0;
  #closed = false;
  #packets = 0;
  #bytes = 0;
  /** Of streams that are gone. */
  #past = { retransmitted: 0, lost: 0 };

  constructor(scratch: Scratch, sendBytes: SendBytes) {
    this.#scratch = scratch;
    this.packet = scratch.bytes;
    this.#sendBytes = sendBytes;
  }

  /** RTP packets that left, retransmissions included. */
  get packets(): number {
    return this.#packets;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get retransmitted(): number {
    return [...this.#streams.values()].reduce(
      (sum, { stream }) => sum + stream.retransmitted,
      this.#past.retransmitted,
    );
  }

  /** What the server says it did not get. */
  get lost(): number {
    return [...this.#streams.values()].reduce((sum, { lost }) => sum + lost, this.#past.lost);
  }

  /** Lets the server's requests reach a stream, and reports on it. */
  add(stream: OutgoingStream, requestKeyFrame: () => void = () => undefined): void {
    this.#streams.set(stream.header.ssrc | 0, { stream, requestKeyFrame, lost: 0 });
  }

  remove(stream: OutgoingStream): void {
    const sent = this.#streams.get(stream.header.ssrc | 0);
    this.#streams.delete(stream.header.ssrc | 0);
    this.#past.retransmitted += stream.retransmitted;
    this.#past.lost += sent?.lost ?? 0;
  }

  send(header: RtpHeader, length: number): void {
    header.stamp(this.packet, performance.now(), this.#transportSequence);
    if (!this.#sendBytes(this.#scratch.view(length))) return;
    this.#transportSequence = (this.#transportSequence + 1) & 0xffff;
    this.#packets += 1;
    this.#bytes += length;
  }

  /** A packet from the server: only RTCP comes this way. */
  handlePacket(packet: Uint8Array): void {
    readRtcp(packet, this);
  }

  senderReport(): void {}

  reportBlock(ssrc: number, cumulativeLost: number): void {
    const sent = this.#streams.get(ssrc);
    if (sent) sent.lost = Math.max(0, cumulativeLost);
  }

  nack(ssrc: number, sequence: number): void {
    this.#streams.get(ssrc)?.stream.resend(sequence);
  }

  keyFrameRequest(ssrc: number): void {
    this.#streams.get(ssrc)?.requestKeyFrame();
  }

  /** Sender reports. */
  run(nowMs: number): number {
    if (this.#closed) return 0;
    let isEarly = true;
    for (const { stream } of this.#streams.values()) {
      if (stream.packets === 0) continue;
      isEarly = false;
      const unixMs = performance.timeOrigin + nowMs;
      const { packets, octets, header } = stream;
      const timestamp = stream.timestampAt(nowMs);
      this.#sendBytes(
        this.#scratch.view(writeSenderReport(this.packet, header.ssrc, unixMs, timestamp, packets, octets)),
      );
    }
    return isEarly ? FIRST_REPORT_MS : REPORT_EVERY_MS;
  }

  /** No further report is sent. Idempotent. */
  close(): void {
    this.#closed = true;
  }
}
