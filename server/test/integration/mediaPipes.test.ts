/**
 * A room on two real workers: what is published on one is consumed on the other, through one pipe, and nothing stays behind.
 */
import { afterEach, describe, expect, test } from 'vitest';
import type { MediaPeer } from '../../src/room/ports.ts';
import { MediaHarness } from '../support/MediaHarness.ts';
import { nonsensePackets, nonsenseParameters } from '../support/nonsense.ts';
import type { RtcPeer } from '../support/rtcPeer.ts';
import { opusParameters, parseRtp } from '../support/rtp.ts';
import { spread } from '../support/spread.ts';

const open: MediaHarness[] = [];
afterEach(async () => {
  for (const media of open.splice(0)) await media.close();
});
async function start(): Promise<MediaHarness> {
  const media = await MediaHarness.start({ workers: 2, placement: spread });
  open.push(media);
  return media;
}

type Reports = Awaited<ReturnType<MediaHarness['plane']['inspect']>>;
const counts = (reports: Reports) =>
  reports.map(({ pipes, transports, producers, consumers }) => ({ pipes, transports, producers, consumers }));
const NOTHING = { pipes: 0, transports: 0, producers: 0, consumers: 0 };

/** Whether packets come, judged after those that were on their way. */
async function rests(client: RtcPeer): Promise<void> {
  for (let quiet = false; !quiet; )
    quiet = await client.nextPacket({ limitMs: 300 }).then(
      () => false,
      () => true,
    );
}

/** Of one room: the first and the third seat come to the first worker, the others to the second. */
function seatsOf(media: MediaHarness): [MediaPeer, MediaPeer, MediaPeer, MediaPeer] {
  const room = media.room();
  return [media.peer(room), media.peer(room), media.peer(room), media.peer(room)];
}

/** A seat that can consume, without a client behind it. */
async function receiver(media: MediaHarness, peer: MediaPeer): Promise<void> {
  await media.plane.createTransport(peer, {
    transportId: 'recv',
    direction: 'recv',
    rtpCapabilities: media.plane.rtpCapabilities(),
  });
}

test('sound and picture arrive on the other worker as on their own, through one pair of transports', async () => {
  const media = await start();
  const [ada, bob, cyd] = seatsOf(media);
  const sound = await media.publish(ada, { source: 'mic', ssrc: 4711 });
  const there = await media.subscribe(bob, [sound.publicationId]);
  expect(parseRtp(await there.client.nextPacket()).payload.toString()).toMatch(/^opus 4711 \d+$/);
  const here = await media.subscribe(cyd, [sound.publicationId]);
  await here.client.nextPacket();
  // Whoever consumes cannot tell where the publisher lives.
  const { rtpParameters, consumerId: _, ...ofThere } = there.consumers[0]!;
  expect(here.consumers[0]).toMatchObject(ofThere);
  expect(here.consumers[0]!.rtpParameters.codecs).toEqual(rtpParameters.codecs);
  expect(here.consumers[0]!.rtpParameters.headerExtensions).toEqual(rtpParameters.headerExtensions);

  const picture = await media.publish(bob, { source: 'camera', ssrc: 4720, generation: 2 });
  const seen = await media.subscribe(ada, [picture.publicationId], 'ada-recv');
  await seen.client.nextPacket();
  expect(seen.consumers[0]!.rtpParameters.codecs.map(({ mimeType }) => mimeType)).toContain('video/rtx');
  expect(counts(await media.plane.inspect())).toEqual([
    // Ada's and Cyd's; the microphone and the camera's copy; Cyd, Ada, and what goes into the pipe.
    { pipes: 1, transports: 3, producers: 2, consumers: 3 },
    { pipes: 1, transports: 2, producers: 2, consumers: 2 },
  ]);
});

test('a mute, a paused consumer and their ends take effect behind the pipe', async () => {
  const media = await start();
  const [ada, bob] = seatsOf(media);
  const { publicationId } = await media.publish(ada);
  const { client, consumers } = await media.subscribe(bob, [publicationId]);
  await client.nextPacket();
  await media.plane.setProducerPaused(ada, 'mic', true);
  await rests(client);
  await media.plane.setProducerPaused(ada, 'mic', false);
  await client.nextPacket();
  await media.plane.setConsumerPaused(bob, consumers[0]!.consumerId, true);
  await rests(client);
  await media.plane.setConsumerPaused(bob, consumers[0]!.consumerId, false);
  await client.nextPacket();
  // As fast as it can be asked: the last word counts.
  await Promise.all(
    [true, false, true, false].map((paused) => media.plane.setProducerPaused(ada, 'mic', paused)),
  );
  await client.nextPacket();
});

test('what is muted while it is piped arrives once it is not', async () => {
  const media = await start();
  const [ada, bob] = seatsOf(media);
  const { publicationId } = await media.publish(ada);
  await media.plane.setProducerPaused(ada, 'mic', true);
  const [{ client }] = await Promise.all([
    media.subscribe(bob, [publicationId]),
    media.plane.setProducerPaused(ada, 'mic', false),
  ]);
  await client.nextPacket();
  await media.plane.setProducerPaused(ada, 'mic', true);
  await rests(client);
});

describe('a copy on another worker', () => {
  test('is made once for a hundred who want it at the same time, and goes with the last of them', async () => {
    const media = await start();
    const room = media.room();
    const ada = media.peer(room);
    const { publicationId } = await media.publish(ada);
    const seats = Array.from({ length: 199 }, () => media.peer(room));
    for (const seat of seats) await receiver(media, seat);
    await Promise.all(seats.map((seat) => media.plane.consume(seat, 'recv', publicationId)));
    expect(counts(await media.plane.inspect())).toEqual([
      { pipes: 1, transports: 100, producers: 1, consumers: 100 },
      { pipes: 1, transports: 100, producers: 1, consumers: 100 },
    ]);
    // All of the second worker but the last one: the copy stays.
    const last = seats[0]!;
    await Promise.all(seats.slice(1).map((seat) => media.plane.closePeer(seat)));
    await media.inspected(([, other]) => other?.producers === 1 && other.consumers === 1);
    await media.plane.closePeer(last);
    await media.inspected(
      ([one, other]) => one?.consumers === 0 && other?.producers === 0 && other.transports === 0,
    );
  });

  test('goes when its consumer is closed, and comes again when it is consumed again', async () => {
    const media = await start();
    const [ada, bob] = seatsOf(media);
    const { publicationId } = await media.publish(ada);
    const { consumers } = await media.subscribe(bob, [publicationId]);
    await media.plane.closeConsumer(bob, consumers[0]!.consumerId);
    await media.inspected(([one, other]) => one?.consumers === 0 && other?.producers === 0);
    const { client } = await media.subscribe(bob, [publicationId], 'bob-again');
    await client.nextPacket();
  });

  test('ends with its publication, who consumed it is told, and the next generation arrives', async () => {
    const media = await start();
    const [ada, bob] = seatsOf(media);
    const { publicationId } = await media.publish(ada);
    const { consumers } = await media.subscribe(bob, [publicationId]);
    await media.publish(ada, { generation: 2, ssrc: 99 });
    await media.event('consumersClosed', (_, ids) => ids.includes(consumers[0]!.consumerId));
    const { client, consumers: next } = await media.subscribe(bob, [publicationId], 'bob-again');
    expect(next[0]!.generation).toBe(2);
    expect(parseRtp(await client.nextPacket()).payload.toString()).toMatch(/^opus 99 /);
    await media.inspected(([one, other]) => one?.producers === 1 && other?.producers === 1);
  });

  test('that was wanted by a device that cannot decode it does not stay', async () => {
    const media = await start();
    const [ada, bob] = seatsOf(media);
    const { publicationId } = await media.publish(ada);
    await media.plane.createTransport(bob, {
      transportId: 'recv',
      direction: 'recv',
      rtpCapabilities: { codecs: [], headerExtensions: [] },
    });
    await expect(media.plane.consume(bob, 'recv', publicationId)).rejects.toMatchObject({
      code: 'unsupported',
    });
    await media.inspected(([one, other]) => one?.consumers === 0 && other?.producers === 0);
  });
});

test('100 rounds of joining, consuming and leaving, also in the middle, leave one pipe and nothing else', async () => {
  const media = await start();
  for (let round = 0; round < 100; round += 1) {
    const seats = seatsOf(media);
    for (const [i, seat] of seats.entries()) {
      await media.plane.createTransport(seat, { transportId: 'send', direction: 'send' });
      await media.plane.produce(seat, {
        transportId: 'send',
        source: 'mic',
        generation: 1,
        rtpParameters: opusParameters(100 + round * 10 + i),
        muted: round % 2 === 0,
      });
      await receiver(media, seat);
    }
    const consumed = seats.flatMap((seat) =>
      seats
        .filter((other) => other !== seat)
        .map((other) =>
          media.plane.consume(seat, 'recv', `${other.peerId}.mic`).then(
            () => 'consumed',
            (error) => error.code,
          ),
        ),
    );
    // In every third round they go while their consumers are being made.
    if (round % 3 !== 0) await Promise.all(consumed);
    else for (let turn = 0; turn < round; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    await Promise.all(seats.map((seat) => media.plane.closePeer(seat)));
    for (const outcome of await Promise.all(consumed)) expect(['consumed', 'not-found']).toContain(outcome);
  }
  await media.inspected((reports) =>
    counts(reports).every((count) => JSON.stringify(count) === JSON.stringify({ ...NOTHING, pipes: 1 })),
  );
});

test('nonsense inside valid SRTP harms neither of the workers that it goes through', async () => {
  const media = await start();
  const pids = (await media.plane.inspect()).map(({ pid }) => pid);
  for (const mimeType of ['audio/opus', 'video/VP8', 'video/VP9', 'video/H264', 'video/AV1']) {
    const [ada, bob] = seatsOf(media);
    const { client, publicationId } = await media.publishRaw(ada, nonsenseParameters(mimeType));
    const listener = await media.subscribe(bob, [publicationId]);
    const packets = nonsensePackets(20_000);
    for (let sent = 0; sent < 2000; sent += 1) {
      client.send('0', packets.next().value);
      // A socket's buffer holds a few hundred; what overflows it tests nothing.
      if (sent % 100 === 0) await media.plane.inspect();
    }
    expect(
      (await media.plane.inspect()).map(({ pid }) => pid),
      mimeType,
    ).toEqual(pids);
    // What looks right from outside is passed on, so both workers did work through it.
    if (mimeType === 'audio/opus') expect(listener.client.received.length).toBeGreaterThan(100);
  }
  const [carol, dave] = seatsOf(media);
  const { publicationId } = await media.publish(carol);
  await (await media.subscribe(dave, [publicationId])).client.nextPacket();
});

test('without being told, a room stays on one worker while it is small, and a rush of joins spreads it', async () => {
  const media = await MediaHarness.start({ workers: 2 });
  open.push(media);
  const room = media.room();
  const join = () => media.plane.createTransport(media.peer(room), { transportId: 't', direction: 'send' });
  for (let seats = 0; seats < 20; seats += 1) await join();
  expect((await media.plane.inspect()).map(({ rooms, transports }) => [rooms, transports])).toEqual([
    [1, 20],
    [0, 0],
  ]);
  await Promise.all(Array.from({ length: 110 }, join));
  const [one, other] = await media.plane.inspect();
  expect(one!.transports + other!.transports).toBe(130);
  // 100 seats are taken to be half a core, before a packet flows.
  expect(one!.transports).toBeLessThanOrEqual(100);
  expect(other!.rooms).toBe(1);
});

test('who speaks is told of both workers', async () => {
  const media = await start();
  const [ada, bob] = seatsOf(media);
  await media.publish(ada, { audioLevel: 10 });
  await media.publish(bob, { audioLevel: 30 });
  await media.event('activeSpeakers', (_, ids) => ids.join() === [ada.peerId, bob.peerId].join());
  const until = media.told.length;
  // Several reports of each worker: neither silences the other's.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  expect(media.told.slice(until).filter(({ name }) => name === 'activeSpeakers')).toEqual([]);
  await media.plane.setProducerPaused(ada, 'mic', true);
  await media.event('activeSpeakers', (_, ids) => ids.join() === bob.peerId);
});

describe('when one of the workers of a room dies', () => {
  async function spreadCall(media: MediaHarness) {
    const [ada, bob, cyd] = seatsOf(media);
    const ofAda = await media.publish(ada, { ssrc: 11 });
    const ofBob = await media.publish(bob, { ssrc: 22 });
    const cydHears = await media.subscribe(cyd, [ofAda.publicationId, ofBob.publicationId]);
    const bobHears = await media.subscribe(bob, [ofAda.publicationId], 'bob-recv');
    await cydHears.client.nextPacket({ mid: cydHears.consumers[0]!.rtpParameters.mid! });
    await cydHears.client.nextPacket({ mid: cydHears.consumers[1]!.rtpParameters.mid! });
    await bobHears.client.nextPacket();
    return { ada, bob, cyd, ofAda, ofBob, cydHears, bobHears };
  }

  test('only its seats are moved; the others keep what is not from there, and get the rest again', async () => {
    const media = await start();
    const { ada, bob, cyd, ofBob, cydHears } = await spreadCall(media);
    const [first, second] = await media.plane.inspect();
    process.kill(second!.pid, 'SIGKILL');
    const [moved] = await media.event('moved');
    expect(moved).toEqual([bob]);
    const [toldTo, ids] = await media.event('consumersClosed');
    expect([toldTo, ids]).toEqual([cyd, [cydHears.consumers[1]!.consumerId]]);
    expect(media.plane.transportIds(ada)).toHaveLength(1);
    await cydHears.client.nextPacket({ mid: cydHears.consumers[0]!.rtpParameters.mid! });
    await media.inspected((reports) => reports.length === 2);
    expect((await media.plane.inspect())[0]).toMatchObject({ pid: first!.pid, producers: 1, consumers: 1 });

    // Bob's seat comes to the replacement, and is heard and hears from there.
    await media.publish(bob, { generation: 2, ssrc: 222 });
    const again = await media.subscribe(cyd, [ofBob.publicationId], 'cyd-again');
    expect(again.consumers[0]!.generation).toBe(2);
    expect(parseRtp(await again.client.nextPacket()).payload.toString()).toMatch(/^opus 222 /);
    const heard = await media.subscribe(bob, [`${ada.peerId}.mic`], 'bob-moved');
    expect(parseRtp(await heard.client.nextPacket()).payload.toString()).toMatch(/^opus 11 /);
    expect((await media.plane.inspect()).map(({ pipes }) => pipes)).toEqual([1, 1]);
    expect(media.told.filter(({ name }) => name === 'moved')).toHaveLength(1);
  });

  test('a hung one is found out by who consumes over it, and blamed alone', async () => {
    const media = await start();
    const [ada, bob] = seatsOf(media);
    const { publicationId } = await media.publish(ada);
    await receiver(media, bob);
    const [first, second] = await media.plane.inspect();
    process.kill(first!.pid, 'SIGSTOP');
    await expect(media.plane.consume(bob, 'recv', publicationId)).rejects.toMatchObject({
      code: expect.stringMatching(/^(timeout|unavailable|not-found)$/),
    });
    const [moved] = await media.event('moved');
    expect(moved).toEqual([ada]);
    expect((await media.plane.inspect()).map(({ pid }) => pid)).toContain(second!.pid);
    // Tried again, it works.
    await media.publish(ada, { generation: 2, ssrc: 7 });
    const { client } = await media.subscribe(bob, [publicationId], 'bob-again');
    expect(parseRtp(await client.nextPacket()).payload.toString()).toMatch(/^opus 7 /);
  });
});
