/**
 * The media plane with real workers and real WebRTC clients: what one seat sends arrives where it may, and only there.
 */
import { readdir } from 'node:fs/promises';
import type { DtlsParameters } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MediaHarness } from '../support/MediaHarness.ts';
import { RtcPeer } from '../support/rtcPeer.ts';
import { opusParameters, parseRtp } from '../support/rtp.ts';

let media: MediaHarness;
beforeAll(async () => {
  media = await MediaHarness.start();
});
afterAll(async () => {
  await media.close();
});

const dtls = (fill: string): DtlsParameters => ({
  role: 'client',
  fingerprints: [{ algorithm: 'sha-256', value: Array(32).fill(fill).join(':') }],
});

test('what one seat sends arrives at another, sound and picture', async () => {
  const room = media.room();
  const [ada, bob, eve] = [media.peer(room), media.peer(room), media.peer(room)];
  const sound = await media.publish(ada, { source: 'mic', ssrc: 4711 });
  const picture = await media.publish(eve, { source: 'camera', ssrc: 4720 });
  const heard = await media.subscribe(bob, [sound.publicationId], 'bob-sound');
  expect(parseRtp(await heard.client.nextPacket()).payload.toString()).toMatch(/^opus 4711 \d+$/);
  expect(heard.consumers[0]).toMatchObject({
    publicationId: sound.publicationId,
    peerId: ada.peerId,
    source: 'mic',
    generation: 1,
    kind: 'audio',
  });
  const dan = media.peer(room);
  const seen = await media.subscribe(dan, [picture.publicationId], 'dan-picture');
  expect((await seen.client.nextPacket()).length).toBeGreaterThan(12);
  // NACK for what is lost: RTX for pictures, plain retransmission for Opus.
  expect(seen.consumers[0]!.rtpParameters.codecs.map(({ mimeType }) => mimeType)).toContain('video/rtx');
  expect(heard.consumers[0]!.rtpParameters.codecs[0]!.rtcpFeedback).toContainEqual({
    type: 'nack',
    parameter: '',
  });
});

test('a muted source and a paused consumer get no packets, and both can be undone', async () => {
  const room = media.room();
  const [ada, bob] = [media.peer(room), media.peer(room)];
  const { publicationId } = await media.publish(ada);
  const { client, consumers } = await media.subscribe(bob, [publicationId]);
  const flows = async () => {
    await client.nextPacket();
    return true;
  };
  const rests = async () => {
    // Packets may be on their way when the worker answers; after a first quiet stretch none may come.
    for (let quiet = false; !quiet; )
      quiet = await client.nextPacket({ limitMs: 200 }).then(
        () => false,
        () => true,
      );
    return true;
  };
  await flows();
  await media.plane.setProducerPaused(ada, 'mic', true);
  expect(await rests()).toBe(true);
  await media.plane.setProducerPaused(ada, 'mic', false);
  expect(await flows()).toBe(true);
  await media.plane.setConsumerPaused(bob, consumers[0]!.consumerId, true);
  expect(await rests()).toBe(true);
  await media.plane.setConsumerPaused(bob, consumers[0]!.consumerId, false);
  expect(await flows()).toBe(true);
});

describe('ids', () => {
  test('those of another seat, room or tenant are not-found', async () => {
    const room = media.room();
    const [ada, bob] = [media.peer(room), media.peer(room)];
    const { publicationId } = await media.publish(ada);
    const { consumers, transportId } = await media.subscribe(bob, [publicationId]);
    const consumerId = consumers[0]!.consumerId;
    const strangers = [
      media.peer(room),
      media.peer(media.room()),
      { room: { ...room, tenant: 'other' }, peerId: bob.peerId },
    ];
    for (const stranger of strangers) {
      await media.plane.createTransport(stranger, {
        transportId: 'mine',
        direction: 'recv',
        rtpCapabilities: media.plane.rtpCapabilities(),
      });
      const attempts = [
        media.plane.connectTransport(stranger, transportId, dtls('AA')),
        media.plane.restartIce(stranger, transportId),
        media.plane.consume(stranger, transportId, publicationId),
        media.plane.produce(stranger, {
          transportId: `${ada.peerId}-send-1`,
          source: 'mic',
          generation: 2,
          rtpParameters: opusParameters(5),
          muted: false,
        }),
        media.plane.closeConsumer(stranger, consumerId),
        media.plane.setConsumerPaused(stranger, consumerId, true),
        media.plane.setProducerPaused(stranger, 'mic', true),
        media.plane.connectTransport(stranger, 'constructor', dtls('AA')),
      ];
      for (const attempt of attempts) await expect(attempt).rejects.toMatchObject({ code: 'not-found' });
      await media.plane.closeProducer(stranger, 'mic');
    }
    for (const stranger of strangers) await media.plane.closePeer(stranger);
    // Nobody's media was touched.
    await expect(media.plane.setConsumerPaused(bob, consumerId, false)).resolves.toBeUndefined();
    await expect(media.plane.setProducerPaused(ada, 'mic', false)).resolves.toBeUndefined();
  });

  test('two rooms cannot consume each other, though one router carries both', async () => {
    const [ada, bob] = [media.peer(media.room()), media.peer(media.room())];
    const { publicationId } = await media.publish(ada);
    await media.plane.createTransport(bob, {
      transportId: 'recv',
      direction: 'recv',
      rtpCapabilities: media.plane.rtpCapabilities(),
    });
    for (const id of [publicationId, `${publicationId}.1`]) {
      await expect(media.plane.consume(bob, 'recv', id)).rejects.toMatchObject({
        code: 'not-found',
        details: { what: 'publication' },
      });
    }
  });
});

describe('get-or-create', () => {
  test('a transport id again gives the same transport, also when asked at the same time', async () => {
    const peer = media.peer(media.room());
    const create = () => media.plane.createTransport(peer, { transportId: 't', direction: 'send' });
    const [one, two] = await Promise.all([create(), create()]);
    expect(two).toEqual(one);
    expect(await create()).toEqual(one);
    expect(media.plane.transportIds(peer)).toEqual(['t']);
  });

  test('a new transport to receive on closes the one before, and its consumers with it', async () => {
    const room = media.room();
    const [ada, bob] = [media.peer(room), media.peer(room)];
    const { publicationId } = await media.publish(ada);
    const { consumers } = await media.subscribe(bob, [publicationId]);
    await media.plane.createTransport(bob, {
      transportId: 'after-reload',
      direction: 'recv',
      rtpCapabilities: media.plane.rtpCapabilities(),
    });
    expect(media.plane.transportIds(bob)).toEqual(['after-reload']);
    await expect(media.plane.closeConsumer(bob, consumers[0]!.consumerId)).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  test('a new transport to send on closes the one before once all of it is published again or ended', async () => {
    const room = media.room();
    const [ada, bob] = [media.peer(room), media.peer(room)];
    const { publicationId, rtpParameters } = await media.publish(ada);
    const earlier = `${ada.peerId}-send-1`;
    const produce = (options: { transportId: string; source: 'mic' | 'screenAudio'; ssrc: number }) =>
      media.plane.produce(ada, {
        ...options,
        generation: 2,
        rtpParameters: opusParameters(options.ssrc, options.source),
        muted: false,
      });
    await produce({ transportId: earlier, source: 'screenAudio', ssrc: 1 });
    await media.plane.createTransport(ada, { transportId: 'after-reload', direction: 'send' });
    // What the room still shows can be had.
    await media.subscribe(bob, [publicationId], 'bob');
    expect(media.plane.transportIds(ada)).toEqual([earlier, 'after-reload']);
    await expect(
      media.plane.produce(ada, {
        transportId: earlier,
        source: 'mic',
        generation: 2,
        rtpParameters,
        muted: false,
      }),
    ).rejects.toMatchObject({ code: 'not-found', details: { what: 'transport' } });
    await produce({ transportId: 'after-reload', source: 'mic', ssrc: 2 });
    expect(media.plane.transportIds(ada)).toEqual([earlier, 'after-reload']);
    await media.plane.closeProducer(ada, 'screenAudio');
    expect(media.plane.transportIds(ada)).toEqual(['after-reload']);
  });

  test('who consumed what ended is told once', async () => {
    const room = media.room();
    const [ada, bob] = [media.peer(room), media.peer(room)];
    const { publicationId } = await media.publish(ada);
    const { consumers } = await media.subscribe(bob, [publicationId]);
    await media.plane.closePeer(ada);
    await media.event('consumersClosed', (peer, ids) => {
      return peer.peerId === bob.peerId && ids.includes(consumers[0]!.consumerId);
    });
    // Anything told twice would have been told by the time of a round trip to the worker.
    await media.plane.inspect();
    expect(
      media.told.filter(({ name, args }) => name === 'consumersClosed' && args[0].peerId === bob.peerId),
    ).toHaveLength(1);
    await expect(media.plane.closeConsumer(bob, consumers[0]!.consumerId)).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  test('connecting again with the same parameters is fine, with others it is refused', async () => {
    const peer = media.peer(media.room());
    await media.plane.createTransport(peer, { transportId: 't', direction: 'send' });
    await media.plane.connectTransport(peer, 't', dtls('AA'));
    await expect(media.plane.connectTransport(peer, 't', dtls('AA'))).resolves.toBeUndefined();
    await expect(media.plane.connectTransport(peer, 't', dtls('BB'))).rejects.toMatchObject({
      code: 'invalid-state',
    });
  });

  test('consuming a publication again, also at the same time, gives the consumer that is there', async () => {
    const room = media.room();
    const [ada, bob] = [media.peer(room), media.peer(room)];
    const { publicationId } = await media.publish(ada);
    const { consumers, transportId } = await media.subscribe(bob, [publicationId]);
    const again = await Promise.all([1, 2].map(() => media.plane.consume(bob, transportId, publicationId)));
    expect(again).toEqual([consumers[0], consumers[0]]);
  });

  test('the next generation replaces the one before, even from the same sender on the same transport', async () => {
    const room = media.room();
    const [ada, bob] = [media.peer(room), media.peer(room)];
    const { publicationId, rtpParameters } = await media.publish(ada);
    const { consumers } = await media.subscribe(bob, [publicationId]);
    const produce = (generation: number) =>
      media.plane.produce(ada, {
        transportId: `${ada.peerId}-send-1`,
        source: 'mic',
        generation,
        rtpParameters,
        muted: false,
      });
    await produce(2);
    await media.event('consumersClosed', (_, ids) => ids.includes(consumers[0]!.consumerId));
    // A retry is answered, a late one of an older generation refused.
    await expect(produce(2)).resolves.toBeUndefined();
    await expect(produce(1)).rejects.toMatchObject({ code: 'invalid-state' });
    const { client, consumers: next } = await media.subscribe(bob, [publicationId], 'bob-again');
    expect(next[0]!.generation).toBe(2);
    await client.nextPacket();
  });

  test('a next generation that is refused leaves the one before, though it had to make room', async () => {
    const room = media.room();
    const [ada, bob] = [media.peer(room), media.peer(room)];
    const { publicationId, rtpParameters } = await media.publish(ada);
    const codecs = rtpParameters.codecs.map((codec) => ({ ...codec, mimeType: 'audio/nonsense' }));
    await expect(
      media.plane.produce(ada, {
        transportId: `${ada.peerId}-send-1`,
        source: 'mic',
        generation: 2,
        rtpParameters: { ...rtpParameters, codecs },
        muted: false,
      }),
    ).rejects.toMatchObject({ code: 'invalid-request' });
    const { client, consumers } = await media.subscribe(bob, [publicationId]);
    expect(consumers[0]!.generation).toBe(1);
    await client.nextPacket();
  });

  test('ICE restart changes the credentials, and the client connects with them', async () => {
    const peer = media.peer(media.room());
    const info = await media.plane.createTransport(peer, { transportId: 't', direction: 'send' });
    const next = await media.plane.restartIce(peer, 't');
    expect(next.usernameFragment).not.toBe(info.iceParameters.usernameFragment);
    const again = await media.plane.createTransport(peer, { transportId: 't', direction: 'send' });
    expect(again.iceParameters).toEqual(next);
    const client = await RtcPeer.create(again, [
      { kind: 'audio', direction: 'send', rtpParameters: opusParameters(31) },
    ]);
    await media.plane.connectTransport(peer, 't', client.dtlsParameters);
    await client.connected();
    client.close();
  });
});

test('who speaks is told, and ends when they mute; quality is told', async () => {
  const room = media.room();
  const [ada, bob] = [media.peer(room), media.peer(room)];
  await media.publish(ada, { audioLevel: 10 });
  await media.publish(bob, { audioLevel: 120 });
  const inRoom = (key: { roomId: string }) => key.roomId === room.roomId;
  const [, speaking] = await media.event('activeSpeakers', inRoom);
  expect(speaking).toEqual([ada.peerId]);
  await media.plane.setProducerPaused(ada, 'mic', true);
  await media.event('activeSpeakers', (key, ids) => inRoom(key) && ids.length === 0);
  await media.event('quality', (key, scores) => inRoom(key) && scores.get(bob.peerId) === 10);
});

describe('closing', () => {
  test('a peer that leaves while its transport is made leaves nothing behind', async () => {
    const room = media.room();
    const peers = Array.from({ length: 20 }, () => media.peer(room));
    const [before] = await media.plane.inspect();
    const made = peers.map((peer) =>
      media.plane.createTransport(peer, { transportId: 't', direction: 'send' }).then(
        () => 'made',
        (error) => error.code,
      ),
    );
    await Promise.all(peers.map((peer) => media.plane.closePeer(peer)));
    // Some may have been made before their peer left; none may live on.
    for (const outcome of await Promise.all(made)) expect(['made', 'not-found']).toContain(outcome);
    const [after] = await media.inspected(([report]) => report!.transports === before!.transports);
    expect(after!.rooms).toBe(before!.rooms);
  });

  test('what the worker makes for a seat that has ended meanwhile is closed', async () => {
    const room = media.room();
    const [ada, bob] = [media.peer(room), media.peer(room)];
    await media.publish(ada);
    const [before] = await media.plane.inspect();
    const made = media.plane.createTransport(bob, { transportId: 't', direction: 'send' });
    // The request goes out in these turns; its answer needs the event loop.
    for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
    await media.plane.closePeer(bob);
    await expect(made).rejects.toMatchObject({ code: 'not-found', details: { what: 'peer' } });
    await media.inspected(([report]) => report!.transports === before!.transports);
  });

  test('500 seats made and closed leave no transport, observer or file descriptor', async () => {
    const [before] = await media.plane.inspect();
    const openFiles = async () => (await readdir(`/proc/${before!.pid}/fd`)).length;
    const filesBefore = await openFiles();
    const capabilities = media.plane.rtpCapabilities();
    for (let i = 0; i < 500; i += 1) {
      const room = media.room();
      const [ada, bob] = [media.peer(room), media.peer(room)];
      await media.plane.createTransport(ada, { transportId: 's', direction: 'send' });
      await media.plane.produce(ada, {
        transportId: 's',
        source: 'mic',
        generation: 1,
        rtpParameters: opusParameters(100 + i),
        muted: false,
      });
      await media.plane.createTransport(bob, {
        transportId: 'r',
        direction: 'recv',
        rtpCapabilities: capabilities,
      });
      await media.plane.consume(bob, 'r', `${ada.peerId}.mic`);
      await Promise.all([media.plane.closePeer(ada), media.plane.closePeer(bob), media.plane.closePeer(ada)]);
    }
    const [after] = await media.inspected(
      ([report]) =>
        report!.transports === before!.transports && report!.rtpObservers === before!.rtpObservers,
    );
    expect(after).toEqual(before);
    expect(await openFiles()).toBeLessThanOrEqual(filesBefore);
  });
});
