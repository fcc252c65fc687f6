/**
 * Two ends of a pipe with a network between them that loses packets, as between machines: what goes in comes out whole.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { RtpParameters } from '@parley/protocol';
import type { types } from 'mediasoup';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createLogger } from '../../src/log.ts';
import { MediaWorker } from '../../src/media/MediaWorker.ts';
import { type PipeAddress, PipeEnd } from '../../src/media/PipeEnd.ts';
import { opusPacket, opusParameters, vp8KeyFramePacket, vp8Parameters } from '../support/rtp.ts';
import { workerBin } from '../support/workerBin.ts';

const SENT = 400;
const PORTS = { min: 61_000, max: 65_535 };

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function startWorker(index: number): Promise<MediaWorker> {
  const worker = await MediaWorker.start(
    {
      workerBin: await workerBin(),
      index,
      log: createLogger('silent'),
      clock: systemClock,
      onShed: () => {},
      onLost: () => {},
    },
    [{ protocol: 'udp', ip: '127.0.0.1', portRange: PORTS }],
  );
  ends.push(() => worker.close());
  return worker;
}

async function socket(): Promise<Socket> {
  const made = createSocket('udp4');
  made.bind(0, '127.0.0.1');
  await once(made, 'listening');
  ends.push(() => made.close());
  return made;
}

interface LossyNetwork {
  /** Where the first sends to, and where the second. */
  facing: [PipeAddress, PipeAddress];
  /** Packets dropped so far. */
  dropped(): number;
}

/** A network between two addresses that drops every tenth packet on its way to the second. */
async function lossy(one: PipeAddress, other: PipeAddress): Promise<LossyNetwork> {
  const [facingOne, facingOther] = [await socket(), await socket()];
  let n = 0;
  facingOne.on('message', (packet) => {
    n += 1;
    if (n % 10 !== 0) facingOther.send(packet, other.port, other.ip);
  });
  facingOther.on('message', (packet) => facingOne.send(packet, one.port, one.ip));
  return {
    facing: [
      { ip: '127.0.0.1', port: facingOne.address().port },
      { ip: '127.0.0.1', port: facingOther.address().port },
    ],
    dropped: () => Math.floor(n / 10),
  };
}

test.each<[types.MediaKind, RtpParameters, (n: number) => Buffer]>([
  ['audio', opusParameters(5), (n) => opusPacket(5, n)],
  ['video', vp8Parameters(7), (n) => vp8KeyFramePacket(7, n)],
])('%s: what is lost in the pipe is sent again in the pipe', async (kind, rtpParameters, packet) => {
  const [one, other] = [await startWorker(0), await startWorker(1)];
  const near = await PipeEnd.create(one, { ip: '127.0.0.1', portRange: PORTS });
  const far = await PipeEnd.create(other, { ip: '127.0.0.1', portRange: PORTS });
  const network = await lossy(near.address, far.address);
  await near.connect(network.facing[0]);
  await far.connect(network.facing[1]);

  const producer = await (await one.router.createDirectTransport()).produce({ kind, rtpParameters });
  const sent = await near.send(producer.id);
  const copy = await far.receive({ kind, rtpParameters: sent.rtpParameters, paused: false });
  const { rtpCapabilities } = other.router;
  const consumer = await (await other.router.createDirectTransport()).consume({
    producerId: copy.id,
    rtpCapabilities,
  });
  const arrived = new Map<number, number>();
  consumer.on('rtp', (rtp) => {
    const sequence = rtp.readUInt16BE(2);
    arrived.set(sequence, (arrived.get(sequence) ?? 0) + 1);
  });

  let n = 0;
  const timer = setInterval(() => {
    n += 1;
    producer.send(packet(n));
  }, 5);
  ends.push(() => clearInterval(timer));
  // Goes on until what was sent at first, and sent again, is there.
  const first = () => Math.min(...arrived.keys());
  const missing = () =>
    Array.from({ length: SENT }, (_, i) => (first() + i) & 0xffff).filter(
      (sequence) => !arrived.has(sequence),
    );
  await expect.poll(() => (arrived.size > SENT ? missing() : ['too early']), { timeout: 30_000 }).toEqual([]);
  // Only what was lost is asked for, if more than once where the answer takes its time; the rest comes once.
  const repeated = [...arrived.values()].filter((times) => times > 1);
  expect(repeated.length).toBeLessThanOrEqual(network.dropped());
  const [stats] = await sent.getStats();
  expect(stats?.nackPacketCount).toBeGreaterThan(0);
});
