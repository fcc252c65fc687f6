/**
 * Where clients are told to send media, and that it works there: loopback, IPv6, an announced address.
 */
import { networkInterfaces } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { MediaHarness } from '../support/MediaHarness.ts';
import { RtcPeer } from '../support/rtcPeer.ts';
import { opusParameters } from '../support/rtp.ts';

let media: MediaHarness | undefined;
afterEach(async () => {
  await media?.close();
});

const anyTransport = async (harness: MediaHarness) => {
  const peer = harness.peer(harness.room());
  const info = await harness.plane.createTransport(peer, { transportId: 't', direction: 'send' });
  return { peer, info };
};

test('by default every address of this machine is offered on one port, UDP before TCP, loopback first', async () => {
  media = await MediaHarness.start();
  const { info } = await anyTransport(media);
  const [report] = await media.plane.inspect();
  expect(new Set(info.iceCandidates.map(({ port }) => port))).toEqual(new Set([report!.port]));
  const [first, second] = info.iceCandidates;
  expect(first).toMatchObject({ address: '127.0.0.1', protocol: 'udp' });
  expect(second).toMatchObject({ address: '127.0.0.1', protocol: 'tcp', tcpType: 'passive' });
  expect(first!.priority).toBeGreaterThan(second!.priority);
  const external = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(
      ({ internal, address }) => !internal && !address.startsWith('fe80') && !address.startsWith('169.254'),
    );
  const offered = info.iceCandidates.map(({ address }) => address);
  expect(offered).toEqual(expect.arrayContaining(external.map(({ address }) => address)));
});

// ::1 only where the machine has IPv6: containers often do not.
const loopback = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .flatMap(({ internal, address }) => (internal ? [address] : []));

test.each(loopback)('a client connects over %s alone', async (address) => {
  media = await MediaHarness.start();
  const { peer, info } = await anyTransport(media);
  const iceCandidates = info.iceCandidates.filter((candidate) => candidate.address === address);
  const client = await RtcPeer.create({ ...info, iceCandidates }, [
    { kind: 'audio', direction: 'send', rtpParameters: opusParameters(1) },
  ]);
  await media.plane.connectTransport(peer, 't', client.dtlsParameters);
  await client.connected();
  client.close();
});

test('an announced address is told once per protocol, whatever interfaces there are', async () => {
  media = await MediaHarness.start({ host: '::', announcedAddress: '203.0.113.9' });
  const { info } = await anyTransport(media);
  expect(info.iceCandidates.map(({ address, protocol }) => `${protocol} ${address}`)).toEqual([
    'udp 203.0.113.9',
    'tcp 203.0.113.9',
  ]);
});
