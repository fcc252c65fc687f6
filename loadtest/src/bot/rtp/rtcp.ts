/**
 * Owns RTCP on the wire (RFC 3550, 4585, 5104): reading compound packets, writing reports and requests.
 * Does not own when they are sent (SendSession, ReceiveSession) nor transport-cc feedback (TransportFeedback).
 */
import { readInt32, readUint16, writeUint16, writeUint24, writeUint32 } from './wire.ts';

const [SENDER_REPORT, RECEIVER_REPORT, RTP_FEEDBACK, PAYLOAD_FEEDBACK] = [200, 201, 205, 206];
const [NACK, PLI, FIR] = [1, 1, 4];
/** Seconds between 1900, where NTP counts from, and 1970. */
const NTP_EPOCH_S = 2_208_988_800;
const REPORT_BLOCK_BYTES = 24;
/** Most report blocks, or NACK items, that go into one packet. */
export const MAX_REPORT_BLOCKS = 31;

/** What an RTCP packet says; SSRCs as signed 32-bit numbers. */
export interface RtcpReader {
  /** @param ntpMiddle the middle 32 bits of the report's NTP time. */
  senderReport(ssrc: number, ntpMiddle: number): void;
  /** Somebody reports on a stream that we send. */
  reportBlock(ssrc: number, cumulativeLost: number): void;
  nack(ssrc: number, sequence: number): void;
  keyFrameRequest(ssrc: number): void;
}

/** Whether a packet is RTCP, which shares the path with RTP (RFC 5761). */
export const isRtcp = (packet: Uint8Array): boolean => {
  const type = packet[1] ?? 0;
  return type >= 192 && type <= 223;
};

/** Reads a compound packet; what is malformed ends it. */
export function readRtcp(packet: Uint8Array, reader: RtcpReader): void {
  let at = 0;
  while (at + 8 <= packet.length) {
    const count = (packet[at] ?? 0) & 0x1f;
    const type = packet[at + 1] ?? 0;
    const end = at + 4 * (readUint16(packet, at + 2) + 1);
    if (end > packet.length) return;
    if (type === SENDER_REPORT) {
      reader.senderReport(readInt32(packet, at + 4), readInt32(packet, at + 10));
      readBlocks(packet, at + 28, end, count, reader);
    } else if (type === RECEIVER_REPORT) readBlocks(packet, at + 8, end, count, reader);
    else if (type === RTP_FEEDBACK && count === NACK) readNack(packet, at, end, reader);
    else if (type === PAYLOAD_FEEDBACK && count === PLI) reader.keyFrameRequest(readInt32(packet, at + 8));
    else if (type === PAYLOAD_FEEDBACK && count === FIR) {
      for (let entry = at + 12; entry + 8 <= end; entry += 8)
        reader.keyFrameRequest(readInt32(packet, entry));
    }
    at = end;
  }
}

function readBlocks(packet: Uint8Array, from: number, end: number, count: number, reader: RtcpReader): void {
  for (let block = 0; block < count; block += 1) {
    const at = from + block * REPORT_BLOCK_BYTES;
    if (at + REPORT_BLOCK_BYTES > end) return;
    // 24 bits, signed: duplicates can make it negative.
    reader.reportBlock(readInt32(packet, at), (readInt32(packet, at + 4) << 8) >> 8);
  }
}

function readNack(packet: Uint8Array, at: number, end: number, reader: RtcpReader): void {
  const ssrc = readInt32(packet, at + 8);
  for (let item = at + 12; item + 4 <= end; item += 4) {
    const first = readUint16(packet, item);
    reader.nack(ssrc, first);
    for (let mask = readUint16(packet, item + 2), next = first + 1; mask > 0; mask >>= 1, next += 1) {
      if (mask & 1) reader.nack(ssrc, next & 0xffff);
    }
  }
}

/** Writes a sender report without blocks; gives its length. @param rtpTimestamp of the same moment as `unixMs`. */
export function writeSenderReport(
  packet: Uint8Array,
  ssrc: number,
  unixMs: number,
  rtpTimestamp: number,
  packets: number,
  octets: number,
): number {
  packet[0] = 0x80;
  packet[1] = SENDER_REPORT;
  writeUint16(packet, 2, 6);
  writeUint32(packet, 4, ssrc);
  const seconds = Math.floor(unixMs / 1000);
  writeUint32(packet, 8, seconds + NTP_EPOCH_S);
  writeUint32(packet, 12, (unixMs / 1000 - seconds) * 2 ** 32);
  writeUint32(packet, 16, rtpTimestamp);
  writeUint32(packet, 20, packets);
  writeUint32(packet, 24, octets);
  return 28;
}

/** What a receiver reports on one stream. */
export interface ReceptionReport {
  readonly ssrc: number;
  /** Of 256, since the report before. */
  readonly fractionLost: number;
  readonly cumulativeLost: number;
  readonly highestSequence: number;
  /** In units of the stream's clock. */
  readonly jitter: number;
  /** The middle bits of the last sender report, 0 without one, and how long ago it came in 1/65536 s. */
  readonly lastSenderReport: number;
  readonly sinceSenderReport: number;
}

/** Writes a receiver report with at most {@link MAX_REPORT_BLOCKS}; gives its length. */
export function writeReceiverReport(
  packet: Uint8Array,
  senderSsrc: number,
  reports: readonly ReceptionReport[],
): number {
  packet[0] = 0x80 | reports.length;
  packet[1] = RECEIVER_REPORT;
  const length = 8 + reports.length * REPORT_BLOCK_BYTES;
  writeUint16(packet, 2, length / 4 - 1);
  writeUint32(packet, 4, senderSsrc);
  for (const [index, report] of reports.entries()) {
    const at = 8 + index * REPORT_BLOCK_BYTES;
    writeUint32(packet, at, report.ssrc);
    packet[at + 4] = report.fractionLost;
    writeUint24(packet, at + 5, report.cumulativeLost);
    writeUint32(packet, at + 8, report.highestSequence);
    writeUint32(packet, at + 12, report.jitter);
    writeUint32(packet, at + 16, report.lastSenderReport);
    writeUint32(packet, at + 20, report.sinceSenderReport);
  }
  return length;
}

/** Writes a picture loss indication; gives its length. */
export function writePli(packet: Uint8Array, senderSsrc: number, ssrc: number): number {
  return writeFeedbackHeader(packet, PAYLOAD_FEEDBACK, PLI, senderSsrc, ssrc, 12);
}

/**
 * Writes a NACK for the first sequence numbers, ascending, as many as fit; gives its length.
 * @param count how many of `sequences` count.
 */
export function writeNack(
  packet: Uint8Array,
  senderSsrc: number,
  ssrc: number,
  sequences: Uint16Array,
  count: number,
): number {
  let end = 12;
  let index = 0;
  while (index < count && end < 12 + 4 * MAX_REPORT_BLOCKS) {
    const first = sequences[index] ?? 0;
    let mask = 0;
    for (index += 1; index < count; index += 1) {
      const distance = ((sequences[index] ?? 0) - first) & 0xffff;
      if (distance > 16) break;
      mask |= 1 << (distance - 1);
    }
    writeUint16(packet, end, first);
    writeUint16(packet, end + 2, mask);
    end += 4;
  }
  return writeFeedbackHeader(packet, RTP_FEEDBACK, NACK, senderSsrc, ssrc, end);
}

/** Writes the beginning that all feedback has (RFC 4585, section 6.1); gives `length`. */
export function writeFeedbackHeader(
  packet: Uint8Array,
  type: number,
  format: number,
  senderSsrc: number,
  ssrc: number,
  length: number,
): number {
  packet[0] = 0x80 | format;
  packet[1] = type;
  writeUint16(packet, 2, length / 4 - 1);
  writeUint32(packet, 4, senderSsrc);
  writeUint32(packet, 8, ssrc);
  return length;
}
