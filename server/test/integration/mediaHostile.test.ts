/**
 * What hostile clients may try against a real worker: they are refused or ignored, the worker and the others go on.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger } from '../../src/log.ts';
import { MediaHarness } from '../support/MediaHarness.ts';
import { nonsensePackets, nonsenseParameters, nonsenseRtcp } from '../support/nonsense.ts';
import { RtcPeer } from '../support/rtcPeer.ts';
import { opusPacket, opusParameters, vp8Parameters } from '../support/rtp.ts';

let media: MediaHarness;
beforeAll(async () => {
  media = await MediaHarness.start();
});
afterAll(async () => {
  await media.close();
});

const opus = (change: object) => ({ ...opusParameters(77), ...change });
const vp8 = (change: object) => ({ ...vp8Parameters(77), ...change });
const codec = opusParameters(77).codecs[0]!;
const cases: [string, 'mic' | 'camera', object][] = [
  ['unknown codec', 'mic', opus({ codecs: [{ ...codec, mimeType: 'audio/nonsense' }] })],
  ['video codec for a microphone', 'mic', vp8Parameters(77)],
  ['audio codec for a camera', 'camera', opusParameters(77)],
  ['wrong clock rate', 'mic', opus({ codecs: [{ ...codec, clockRate: 8000 }] })],
  [
    'payload type twice',
    'camera',
    vp8({ codecs: vp8Parameters(77).codecs.map((c) => ({ ...c, payloadType: 96 })) }),
  ],
  [
    'RTX for nothing',
    'camera',
    vp8({
      codecs: [vp8Parameters(77).codecs[0], { ...vp8Parameters(77).codecs[1], parameters: { apt: 5 } }],
    }),
  ],
  ['RTX alone', 'camera', vp8({ codecs: [vp8Parameters(77).codecs[1]] })],
  ['two media codecs', 'mic', opus({ codecs: [codec, { ...codec, payloadType: 112 }] })],
  [
    'SSRC twice',
    'camera',
    vp8({
      encodings: [
        { ssrc: 5, rid: 'a' },
        { ssrc: 5, rid: 'b' },
      ],
    }),
  ],
  ['SSRC as its own RTX', 'camera', vp8({ encodings: [{ ssrc: 5, rtx: { ssrc: 5 } }] })],
  ['rid twice', 'camera', vp8({ encodings: [{ rid: 'a' }, { rid: 'a' }] })],
  ['simulcast that nothing tells apart', 'camera', vp8({ encodings: [{}, {}] })],
  ['audio simulcast', 'mic', opus({ encodings: [{ ssrc: 5 }, { ssrc: 6 }] })],
  ['99 layers', 'camera', vp8({ encodings: [{ ssrc: 5, scalabilityMode: 'L99T99' }] })],
  ['spatial layers in VP8', 'camera', vp8({ encodings: [{ ssrc: 5, scalabilityMode: 'L3T3' }] })],
  [
    'encoding with a payload type of no codec',
    'mic',
    opus({ encodings: [{ ssrc: 5, codecPayloadType: 9 }] }),
  ],
  [
    'header extension id twice',
    'mic',
    opus({ headerExtensions: opusParameters(77).headerExtensions!.map((e) => ({ ...e, id: 3 })) }),
  ],
  ['neither mid nor SSRC', 'mic', { ...opusParameters(77), mid: undefined, encodings: [{}] }],
];

test('RTP parameters that make no sense are refused, and the worker lives on', async () => {
  const [before] = await media.plane.inspect();
  const peer = media.peer(media.room());
  await media.plane.createTransport(peer, { transportId: 't', direction: 'send' });
  for (const [title, source, rtpParameters] of cases) {
    const attempt = media.plane.produce(peer, {
      transportId: 't',
      source,
      generation: 1,
      rtpParameters: rtpParameters as ReturnType<typeof opusParameters>,
      muted: false,
    });
    await expect(attempt, title).rejects.toMatchObject({ code: 'invalid-request' });
  }
  expect((await media.plane.inspect())[0]!.pid).toBe(before!.pid);
  await media.plane.produce(peer, {
    transportId: 't',
    source: 'mic',
    generation: 1,
    rtpParameters: opusParameters(77),
    muted: false,
  });
});

test('a mid or SSRC of another source of the same seat is refused', async () => {
  const peer = media.peer(media.room());
  await media.plane.createTransport(peer, { transportId: 't', direction: 'send' });
  const produce = (source: 'mic' | 'screenAudio', rtpParameters = opusParameters(77, '0')) =>
    media.plane.produce(peer, { transportId: 't', source, generation: 1, rtpParameters, muted: false });
  await produce('mic');
  await expect(produce('screenAudio', opusParameters(78, '0'))).rejects.toMatchObject({
    code: 'invalid-request',
  });
  await expect(produce('screenAudio', opusParameters(77, '1'))).rejects.toMatchObject({
    code: 'invalid-request',
  });
  await produce('screenAudio', opusParameters(78, '1'));
});

test('what the worker refuses is the answer to who asked, and no line in the log', async () => {
  const lines: string[] = [];
  const log = createLogger('info', { write: (line) => lines.push(line) });
  const logged = await MediaHarness.start({ log });
  try {
    const peer = logged.peer(logged.room());
    await logged.plane.createTransport(peer, { transportId: 't', direction: 'send' });
    const produce = (source: 'mic' | 'screenAudio') =>
      logged.plane.produce(peer, {
        transportId: 't',
        source,
        generation: 1,
        rtpParameters: opusParameters(77),
        muted: false,
      });
    await produce('mic');
    lines.length = 0;
    await expect(produce('screenAudio')).rejects.toMatchObject({ code: 'invalid-request' });
    await logged.plane.inspect();
    expect(lines).toEqual([]);
  } finally {
    await logged.close();
  }
});

test('the wrong direction, and receiving without capabilities, are refused', async () => {
  const room = media.room();
  const [ada, bob] = [media.peer(room), media.peer(room)];
  const { publicationId } = await media.publish(ada);
  const capabilities = media.plane.rtpCapabilities();
  await expect(
    media.plane.createTransport(bob, { transportId: 'r', direction: 'recv' }),
  ).rejects.toMatchObject({ code: 'invalid-request' });
  await media.plane.createTransport(bob, {
    transportId: 'r',
    direction: 'recv',
    rtpCapabilities: capabilities,
  });
  await expect(
    media.plane.createTransport(bob, { transportId: 'r', direction: 'send' }),
  ).rejects.toMatchObject({ code: 'invalid-request' });
  await expect(media.plane.consume(ada, `${ada.peerId}-send-1`, publicationId)).rejects.toMatchObject({
    code: 'invalid-request',
  });
  const attempt = media.plane.produce(bob, {
    transportId: 'r',
    source: 'mic',
    generation: 1,
    rtpParameters: opusParameters(9),
    muted: false,
  });
  await expect(attempt).rejects.toMatchObject({ code: 'invalid-request' });
});

test('a device that decodes nothing of it gets `unsupported`', async () => {
  const room = media.room();
  const [ada, bob] = [media.peer(room), media.peer(room)];
  const { publicationId } = await media.publish(ada);
  await media.plane.createTransport(bob, {
    transportId: 'r',
    direction: 'recv',
    rtpCapabilities: { codecs: [], headerExtensions: [] },
  });
  await expect(media.plane.consume(bob, 'r', publicationId)).rejects.toMatchObject({ code: 'unsupported' });
});

test('a certificate that is not the announced one gets no media through', async () => {
  const room = media.room();
  const [mallory, bob] = [media.peer(room), media.peer(room)];
  const rtpParameters = opusParameters(666);
  const info = await media.plane.createTransport(mallory, { transportId: 't', direction: 'send' });
  const client = await RtcPeer.create(info, [{ kind: 'audio', direction: 'send', rtpParameters }]);
  await media.plane.produce(mallory, {
    transportId: 't',
    source: 'mic',
    generation: 1,
    rtpParameters,
    muted: false,
  });
  const { client: listener } = await media.subscribe(bob, [`${mallory.peerId}.mic`]);
  await media.plane.connectTransport(mallory, 't', {
    role: client.dtlsParameters.role,
    fingerprints: [{ algorithm: 'sha-256', value: Array(32).fill('AA').join(':') }],
  });
  const stop = client.sendEach('0', (n) => opusPacket(666, n));
  await expect(listener.nextPacket({ limitMs: 1000 })).rejects.toThrow('no RTP');
  stop();
  client.close();
});

test('garbage on the media port harms nobody', async () => {
  const room = media.room();
  const [ada, bob] = [media.peer(room), media.peer(room)];
  const { publicationId } = await media.publish(ada);
  const { client } = await media.subscribe(bob, [publicationId]);
  const [report] = await media.plane.inspect();
  const udp = createSocket('udp4');
  const tcp = connect(report!.port, '127.0.0.1');
  await once(tcp, 'connect');
  for (let i = 0; i < 200; i += 1) {
    // STUN, DTLS and RTP by their first byte (RFC 7983), then noise; framed for TCP (RFC 4571).
    const datagram = Buffer.concat([Buffer.from([[0, 20, 128, 255][i % 4]!]), Buffer.alloc(i * 7, i)]);
    udp.send(datagram, report!.port, '127.0.0.1');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(datagram.length);
    tcp.write(Buffer.concat([length, datagram]));
  }
  udp.close();
  tcp.destroy();
  await client.nextPacket();
  expect((await media.plane.inspect())[0]!.pid).toBe(report!.pid);
});

test('nonsense inside valid SRTP harms nobody but its sender', async () => {
  const [report] = await media.plane.inspect();
  const room = media.room();
  const bob = media.peer(room);
  for (const mimeType of ['audio/opus', 'video/VP8', 'video/VP9', 'video/H264', 'video/AV1']) {
    const ada = media.peer(room);
    const { client, publicationId } = await media.publishRaw(ada, nonsenseParameters(mimeType));
    const listener = await media.subscribe(bob, [publicationId], `bob-${mimeType.replace('/', '-')}`);
    const packets = nonsensePackets(20_000);
    for (let sent = 0; sent < 2000; sent += 1) {
      client.send('0', packets.next().value);
      // A socket's buffer holds a few hundred; what overflows it tests nothing.
      if (sent % 100 === 0) await media.plane.inspect();
    }
    expect((await media.plane.inspect())[0]!.pid, mimeType).toBe(report!.pid);
    // What looks right from outside is passed on, so the worker did work through it.
    if (mimeType === 'audio/opus') expect(listener.client.received.length).toBeGreaterThan(100);
  }
  const [carol, dave] = [media.peer(room), media.peer(room)];
  const { publicationId } = await media.publish(carol);
  const { client } = await media.subscribe(dave, [publicationId]);
  await client.nextPacket();
  expect((await media.plane.inspect())[0]!.pid).toBe(report!.pid);
});

test('nonsense inside valid SRTCP harms nobody but its sender, whether it sends or receives', async () => {
  const [report] = await media.plane.inspect();
  const room = media.room();
  const [ada, bob] = [media.peer(room), media.peer(room)];
  const { client, publicationId } = await media.publish(ada, { source: 'camera', ssrc: 4321 });
  const listener = await media.subscribe(bob, [publicationId]);
  await listener.client.nextPacket();
  const { mid, encodings } = listener.consumers[0]!.rtpParameters;
  const ssrcsOf = (encoding: { ssrc?: number; rtx?: { ssrc: number } }) => [
    encoding.ssrc,
    encoding.rtx?.ssrc,
  ];
  const received = encodings!.flatMap(ssrcsOf).filter((ssrc) => ssrc !== undefined);
  const fromSender = nonsenseRtcp(1, [4321, 4322]);
  const fromReceiver = nonsenseRtcp(2, received);
  for (let sent = 0; sent < 5000; sent += 1) {
    client.send('1', fromSender.next().value);
    listener.client.send(mid!, fromReceiver.next().value);
    if (sent % 100 === 0) await media.plane.inspect();
  }
  expect((await media.plane.inspect())[0]!.pid).toBe(report!.pid);
  const [carol, dave] = [media.peer(room), media.peer(room)];
  const sound = await media.publish(carol);
  await (await media.subscribe(dave, [sound.publicationId])).client.nextPacket();
});
