/**
 * Owns the tests of what a receive transport tells the server about arrivals, whatever kinds of streams it carries.
 */
import { expect, test } from 'vitest';
import { IncomingStream } from './IncomingStream.ts';
import { ReceiveSession } from './ReceiveSession.ts';
import { Scratch } from './wire.ts';

const TRANSPORT_SEQUENCE_ID = 5;
const TRANSPORT_CC = [0x8f, 205];

const stream = (kind: 'audio' | 'video', ssrc: number): IncomingStream =>
  new IncomingStream({ kind, ssrc, rtxSsrc: undefined, clockRate: 90_000, spatialLayers: 1 });

/** RTP with a transport-wide sequence number in the one-byte form of header extensions. */
function rtp(ssrc: number, sequence: number): Buffer {
  const packet = Buffer.alloc(12 + 8 + 20);
  packet[0] = 0x90;
  packet[1] = 96;
  packet.writeUInt16BE(sequence, 2);
  packet.writeUInt32BE(ssrc, 8);
  packet.writeUInt16BE(0xbede, 12);
  packet.writeUInt16BE(1, 14);
  packet[16] = (TRANSPORT_SEQUENCE_ID << 4) | 1;
  packet.writeUInt16BE(sequence, 17);
  return packet;
}

test('arrivals are told although the newest stream is sound, whose packets carry no number', () => {
  const sent: number[][] = [];
  const session = new ReceiveSession(new Scratch(), (bytes) => {
    sent.push([...bytes]);
    return true;
  });
  session.add(stream('video', 7), TRANSPORT_SEQUENCE_ID);
  session.add(stream('audio', 8), undefined);
  session.handlePacket(rtp(7, 1));
  for (let reviews = 0; reviews < 5; reviews += 1) session.run(performance.now());
  expect(
    sent.filter(([first, second]) => first === TRANSPORT_CC[0] && second === TRANSPORT_CC[1]),
  ).toHaveLength(1);
});
