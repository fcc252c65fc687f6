/**
 * Owns the tests of RTCP on the wire: what we write is read back, and known bytes are read as the RFCs say.
 */
import { describe, expect, test, vi } from 'vitest';
import {
  isRtcp,
  type RtcpReader,
  readRtcp,
  writeNack,
  writePli,
  writeReceiverReport,
  writeSenderReport,
} from './rtcp.ts';

function read(packet: Uint8Array) {
  const reader = {
    senderReport: vi.fn(),
    reportBlock: vi.fn(),
    nack: vi.fn(),
    keyFrameRequest: vi.fn(),
  } satisfies RtcpReader;
  readRtcp(packet, reader);
  return reader;
}

const written = (write: (packet: Uint8Array) => number): Uint8Array => {
  const packet = new Uint8Array(1400);
  return packet.slice(0, write(packet));
};

const block = {
  fractionLost: 12,
  highestSequence: 70_000,
  jitter: 90,
  lastSenderReport: 5,
  sinceSenderReport: 6,
};

describe('RTCP', () => {
  test('NACKs name each packet, over the end of the numbers', () => {
    const wanted = Uint16Array.from([10, 11, 26, 27, 65_535, 0, 9]);
    const packet = written((bytes) => writeNack(bytes, 1, 77, wanted, wanted.length));
    expect(isRtcp(packet)).toBe(true);
    // 10 with 11 and 26; 27; 65,535 with 0 and 9.
    expect(packet).toHaveLength(12 + 3 * 4);
    expect(read(packet).nack.mock.calls).toEqual([...wanted].map((sequence) => [77, sequence]));
  });

  test('PLI and FIR ask for a key frame', () => {
    expect(read(written((bytes) => writePli(bytes, 1, 77))).keyFrameRequest).toHaveBeenCalledExactlyOnceWith(
      77,
    );
    const fir = Uint8Array.from([0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 99, 3, 0, 0, 0]);
    expect(read(fir).keyFrameRequest).toHaveBeenCalledExactlyOnceWith(99);
  });

  test('reports are read block by block, negative losses too', () => {
    const reports = [
      { ...block, ssrc: 7, cumulativeLost: 300 },
      { ...block, ssrc: 0xffff_fff0, cumulativeLost: -2 },
    ];
    const { reportBlock } = read(written((bytes) => writeReceiverReport(bytes, 1, reports)));
    expect(reportBlock.mock.calls).toEqual([
      [7, 300],
      [-16, -2],
    ]);
  });

  test('sender reports carry NTP time and the stream they are of', () => {
    // 1,000.5 s after 1970.
    const packet = written((bytes) => writeSenderReport(bytes, 55, 1_000_500, 90_000, 10, 2000));
    const view = new DataView(packet.buffer);
    expect(view.getUint32(8)).toBe(2_208_988_800 + 1000);
    expect(view.getUint32(12)).toBe(2 ** 31);
    expect(view.getUint32(16)).toBe(90_000);
    expect(read(packet).senderReport).toHaveBeenCalledExactlyOnceWith(55, view.getInt32(10));
  });

  test('compound packets are read to their end, malformed ones up to the fault', () => {
    const pli = written((bytes) => writePli(bytes, 1, 77));
    expect(read(Uint8Array.from([...pli, ...pli])).keyFrameRequest).toHaveBeenCalledTimes(2);
    expect(read(Uint8Array.from([...pli, ...pli.subarray(0, 9)])).keyFrameRequest).toHaveBeenCalledTimes(1);
    expect(read(new Uint8Array(3)).keyFrameRequest).not.toHaveBeenCalled();
  });
});
