/**
 * Owns the tests of how long a server keeps packets, read from a capture that was made up. Does not own tcpdump.
 */
import { expect, test } from 'vitest';
import { delaysOf } from './packetCapture.ts';

const SERVER = '10.0.0.1';
const CLIENT = '10.0.0.2';

interface Made {
  atMs: number;
  from: string;
  to: string;
  payloadType: number;
  timestamp: number;
}

/** One captured packet. */
function record({ atMs, from, to, payloadType, timestamp }: Made): Buffer {
  const bytes = Buffer.alloc(16 + 14 + 20 + 8 + 12);
  bytes.writeUInt32LE(Math.floor(atMs / 1000), 0);
  bytes.writeUInt32LE(Math.round((atMs % 1000) * 1e6), 4);
  bytes.writeUInt32LE(bytes.length - 16, 8);
  const ip = 30;
  bytes[ip] = 0x45;
  bytes.set(from.split('.').map(Number), ip + 12);
  bytes.set(to.split('.').map(Number), ip + 16);
  bytes[ip + 28] = 0x80;
  bytes[ip + 29] = payloadType;
  bytes.writeUInt32BE(timestamp, ip + 32);
  return bytes;
}

const sent = (atMs: number, timestamp: number, payloadType = 111): Buffer =>
  record({ atMs, from: CLIENT, to: SERVER, payloadType, timestamp });
const forwarded = (atMs: number, timestamp: number, payloadType = 100): Buffer =>
  record({ atMs, from: SERVER, to: CLIENT, payloadType, timestamp });

test('each departure is measured from the arrival of its packet', () => {
  const file = Buffer.concat([
    Buffer.alloc(24),
    sent(1000, 7),
    forwarded(1000.25, 7),
    sent(1001, 8),
    forwarded(1001.5, 7),
    forwarded(1003, 8),
  ]);
  const { ms, unmatched } = delaysOf(file, SERVER);
  expect(ms.map((value) => Number(value.toFixed(3)))).toEqual([0.25, 1.5, 2]);
  expect(unmatched).toBe(0);
});

test('other packets, and the edges of the capture, are left out', () => {
  const cut = sent(1002, 9).subarray(0, 40);
  const file = Buffer.concat([
    Buffer.alloc(24),
    forwarded(1000, 6),
    sent(1000, 5, 96),
    forwarded(1001, 5, 101),
    cut,
  ]);
  expect(delaysOf(file, SERVER)).toEqual({ ms: [], unmatched: 1 });
});
