/**
 * Owns the tests of what a bot sends: headers, VP8 descriptors, and the same again as RTX.
 */
import { expect, test } from 'vitest';
import { OutgoingStream, type PacketPath, vp8Frame } from './OutgoingStream.ts';
import { RtpHeader } from './rtpHeader.ts';
import { readInt32, readUint16 } from './wire.ts';

const ids = { mid: 4, rid: 10, repairedRid: 11, absSendTime: 2, transportSequence: 3, audioLevel: 1 };

/** A path that keeps what is sent. */
function path(): PacketPath & { sent: Uint8Array[] } {
  const packet = new Uint8Array(1400);
  const sent: Uint8Array[] = [];
  return {
    packet,
    sent,
    send: (header, length) => {
      header.stamp(packet, 1500, 0xabcd);
      sent.push(packet.slice(0, length));
    },
  };
}

/** Values of the extensions by id, and where the payload begins. */
function parse(packet: Uint8Array) {
  expect(packet[0]).toBe(0x90);
  expect(readUint16(packet, 12)).toBe(0xbede);
  const payloadAt = 16 + 4 * readUint16(packet, 14);
  const extensions = new Map<number, Buffer>();
  for (let at = 16; at < payloadAt && packet[at] !== 0; at += ((packet[at] ?? 0) & 15) + 2) {
    const length = ((packet[at] ?? 0) & 15) + 1;
    extensions.set((packet[at] ?? 0) >> 4, Buffer.from(packet.subarray(at + 1, at + 1 + length)));
  }
  return {
    payloadType: (packet[1] ?? 0) & 0x7f,
    marker: (packet[1] ?? 0) >= 0x80,
    sequence: readUint16(packet, 2),
    timestamp: readInt32(packet, 4),
    ssrc: readInt32(packet, 8),
    payload: packet.subarray(payloadAt),
    extensions,
  };
}

function videoStream(to: PacketPath): OutgoingStream {
  return new OutgoingStream({
    path: to,
    header: new RtpHeader({ payloadType: 96, ssrc: 1000, ids, mid: '1', rid: 'r0' }),
    rtx: new RtpHeader({ payloadType: 97, ssrc: 2000, ids, mid: '1', repairedRid: 'r0' }),
    clockRate: 90_000,
    random: () => 0.5,
  });
}

test('VP8: the packets of a frame say which one it is and what depends on it', () => {
  const to = path();
  const stream = videoStream(to);
  const frame = vp8Frame(0x1234, 200, 2);
  stream.sendVp8(Uint8Array.from([1, 2, 3]), frame, 777, true, false);
  stream.sendVp8(Uint8Array.from([4]), frame, 777, false, true);
  const [first, second] = to.sent.map(parse);
  expect(first).toMatchObject({ payloadType: 96, ssrc: 1000, timestamp: 777, marker: false });
  expect(second).toMatchObject({ marker: true, sequence: (first?.sequence ?? 0) + 1 });
  expect(first?.extensions.get(ids.mid)?.toString()).toBe('1');
  expect(first?.extensions.get(ids.rid)?.toString()).toBe('r0');
  expect(first?.extensions.get(ids.transportSequence)).toEqual(Buffer.from([0xab, 0xcd]));
  // 1.5 s in 6.18 fixed point.
  expect(first?.extensions.get(ids.absSendTime)).toEqual(Buffer.from([6, 0, 0]));
  // Not referred to, start of the frame; id of 15 bits, TL0PICIDX, layer 2 that depends on the base only.
  expect([...(first?.payload ?? [])]).toEqual([0xb0, 0xe0, 0x92, 0x34, 200, 0xa0, 1, 2, 3]);
  expect([...(second?.payload ?? [])]).toEqual([0xa0, 0xe0, 0x92, 0x34, 200, 0xa0, 4]);
  expect(stream.octets).toBe(9 + 7);
});

test('what is asked for comes again on the RTX stream, with its number before the payload', () => {
  const to = path();
  const stream = videoStream(to);
  stream.sendVp8(Uint8Array.from([1, 2, 3]), vp8Frame(1, 2, 0), 777, true, true);
  const original = parse(to.sent[0] ?? new Uint8Array());
  stream.resend(original.sequence);
  stream.resend(original.sequence + 1);
  expect(to.sent).toHaveLength(2);
  const again = parse(to.sent[1] ?? new Uint8Array());
  expect(again).toMatchObject({ payloadType: 97, ssrc: 2000, timestamp: 777, marker: true });
  expect(again.extensions.get(ids.repairedRid)?.toString()).toBe('r0');
  expect(readUint16(again.payload, 0)).toBe(original.sequence);
  expect(again.payload.subarray(2)).toEqual(original.payload);
  expect(stream).toMatchObject({ packets: 1, retransmitted: 1 });
});

test('audio says how loud it is, and is sent again as it was', () => {
  const to = path();
  const header = new RtpHeader({ payloadType: 111, ssrc: 5, ids, mid: '0', hasAudioLevel: true });
  const stream = new OutgoingStream({
    path: to,
    header,
    rtx: undefined,
    clockRate: 48_000,
    random: () => 0.1,
  });
  stream.sendAudio(Uint8Array.from([0xf8]), 960, 30, true, true);
  const first = parse(to.sent[0] ?? new Uint8Array());
  expect(first).toMatchObject({ payloadType: 111, marker: true });
  expect(first.extensions.get(ids.audioLevel)).toEqual(Buffer.from([0x80 | 30]));
  stream.resend(first.sequence);
  expect(parse(to.sent[1] ?? new Uint8Array())).toMatchObject({ ssrc: 5, sequence: first.sequence });
});

test('timestamps follow the clock of the stream', () => {
  const stream = videoStream(path());
  expect((stream.timestampAt(2000) - stream.timestampAt(1000)) | 0).toBe(90_000);
});
