/**
 * What of a room is sent to whom, with real workers: the loudest microphones, the pictures that are shown, the encodings that are watched.
 */
import type { ViewedPublication } from '@parley/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import type { MediaPeer } from '../../src/room/ports.ts';
import { MediaHarness } from '../support/MediaHarness.ts';
import type { RtcPeer } from '../support/rtcPeer.ts';
import {
  opusPacket,
  opusParameters,
  parseRtp,
  simulcastParameters,
  vp8KeyFramePacket,
  vp8Parameters,
} from '../support/rtp.ts';
import { spread } from '../support/spread.ts';

const LOUD = 20;
const SILENT = 127;
/** What arrives in so long is what is sent; a report of levels takes 300 ms. */
const WINDOW_MS = 400;
const LIMIT_MS = 15_000;

const open: MediaHarness[] = [];
const stops: (() => void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) stop();
  for (const media of open.splice(0)) await media.close();
});
async function start(): Promise<MediaHarness> {
  const media = await MediaHarness.start({ workers: 2, placement: spread });
  open.push(media);
  return media;
}

interface Talker {
  readonly name: string;
  readonly peer: MediaPeer;
  readonly publicationId: string;
  /** 0 (loudest) to 127. */
  level: number;
}

/** Somebody with an open microphone that sends all the time. */
async function talker(media: MediaHarness, peer: MediaPeer, name: string, level: number): Promise<Talker> {
  const ssrc = 1_000 + name.charCodeAt(0);
  const { client, publicationId } = await media.publishRaw(peer, opusParameters(ssrc));
  const talker: Talker = { name, peer, publicationId, level };
  stops.push(client.sendEach('0', (n) => opusPacket(ssrc, n, talker.level)));
  return talker;
}

/** Name of whose sound a packet is. */
function talkerOf(packet: Buffer): string {
  const [, ssrc = '0'] = parseRtp(packet).payload.toString().split(' ');
  return String.fromCharCode(Number(ssrc) - 1_000);
}

/** Names of those whose sound arrives within a short time. */
async function heardBy(client: RtcPeer): Promise<string> {
  const from = client.received.length;
  await new Promise((resolve) => setTimeout(resolve, WINDOW_MS));
  const names = client.received.slice(from).map(({ packet }) => talkerOf(packet));
  return [...new Set(names)].sort().join('');
}

/** Waits until exactly these are heard, and still are a moment later. */
async function hears(client: RtcPeer, names: string | RegExp): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  const fits = (heard: string) => (typeof names === 'string' ? heard === names : names.test(heard));
  for (;;) {
    const heard = await heardBy(client);
    if (fits(heard) && (await heardBy(client)) === heard) return;
    if (performance.now() > end) throw new Error(`hears ${heard}, not ${names}`);
  }
}

const shown = (publicationId: string, height = 0, visible = true): ViewedPublication => ({
  publicationId,
  width: Math.round((height * 16) / 9),
  height,
  visible,
  priority: 'normal',
});

describe('microphones', () => {
  test('[AUDIO1] of six the loudest three are heard, on whichever worker; whoever speaks hears three others', async () => {
    const media = await start();
    const room = media.room();
    const levels = { a: LOUD, b: LOUD, c: LOUD, d: LOUD + 15, e: SILENT, f: SILENT };
    const talkers: Talker[] = [];
    for (const [name, level] of Object.entries(levels)) {
      talkers.push(await talker(media, media.peer(room), name, level));
    }
    const [a, , , , , f] = talkers;
    const all = talkers.map(({ publicationId }) => publicationId);
    const listener = media.peer(room);
    const { client } = await media.subscribe(listener, all);
    const own = await media.subscribe(
      a!.peer,
      all.filter((id) => id !== a!.publicationId),
    );
    await hears(client, 'abc');
    await hears(own.client, 'bcd');

    // [AUDIO3] Whom a listener chose is heard as well, by that listener.
    await media.plane.setView(listener, [
      shown(f!.publicationId),
      shown(talkers[3]!.publicationId, 0, false),
    ]);
    await hears(client, 'abcf');
    await media.plane.setView(listener, []);
    await hears(client, 'abc');

    // Somebody who is clearly louder takes a place, and a muted one leaves it.
    f!.level = 3;
    a!.level = 45;
    await hears(client, 'bcf');
    await media.plane.setProducerPaused(f!.peer, 'mic', true);
    await hears(client, 'bcd');
  });

  test('[AUDIO2] up to three are heard whether they speak or not, without asking for it', async () => {
    const media = await start();
    const room = media.room();
    const talkers = [
      await talker(media, media.peer(room), 'a', SILENT),
      await talker(media, media.peer(room), 'b', LOUD),
      await talker(media, media.peer(room), 'c', SILENT),
    ];
    const listener = media.peer(room);
    const all = talkers.map(({ publicationId }) => publicationId);
    const { client, consumers } = await media.subscribe(listener, all, 'recv', false);
    await hears(client, 'abc');
    const ofB = consumers.find(({ publicationId }) => publicationId === talkers[1]!.publicationId)!;
    await media.plane.setConsumerPaused(listener, ofB.consumerId, true);
    await hears(client, 'ac');
  });

  test('[AUDIO4] a hint gives a place at once, and takes none from who speaks', async () => {
    const media = await start();
    const room = media.room();
    const talkers: Talker[] = [];
    for (const name of 'abcdefg') talkers.push(await talker(media, media.peer(room), name, SILENT));
    const last = talkers.at(-1)!;
    const { client } = await media.subscribe(
      media.peer(room),
      talkers.map(({ publicationId }) => publicationId),
    );
    await hears(client, 'abc');

    // A true one: heard before anything was measured, and it stays.
    await media.plane.speechBegins(last.peer);
    while (talkerOf(await client.nextPacket()) !== 'g');
    last.level = LOUD;
    await hears(client, /^..g$/);

    // A forged one, while three speak: nothing moves, however often.
    for (const speaker of talkers.slice(0, 3)) speaker.level = LOUD;
    last.level = SILENT;
    await hears(client, 'abc');
    for (let n = 0; n < 20; n += 1) await media.plane.speechBegins(talkers[4]!.peer);
    await hears(client, 'abc');
    await expect(media.plane.speechBegins(media.peer(room))).rejects.toMatchObject({ code: 'invalid-state' });
  });

  test('[AUDIO5] the pool is told: those who opened their microphones last, at most twelve', async () => {
    const media = await start();
    const room = media.room();
    const seats = Array.from({ length: 14 }, () => media.peer(room));
    const ids: string[] = [];
    for (const [n, seat] of seats.entries()) {
      ids.push((await media.publishRaw(seat, opusParameters(2_000 + n))).publicationId);
    }
    const isLast = (pool: readonly string[]) => [...pool].sort().join() === ids.slice(-12).sort().join();
    const [, told] = await media.event('audioPool', (_room, pool) => isLast(pool));
    expect(media.plane.audioPool(room)).toEqual(told);
    await media.plane.closePeer(seats.at(-1)!);
    await media.event('audioPool', (_room, pool) => pool.length === 12 && pool.includes(ids[1]!));
    await media.plane.setProducerPaused(seats[5]!, 'mic', true);
    await media.event('audioPool', (_room, pool) => pool.includes(ids[0]!) && !pool.includes(ids[5]!));
  });
});

describe('pictures', () => {
  /** A camera of three layers that tells by the size of its pictures (10, 20, 30) which one arrives. */
  async function camera(media: MediaHarness, peer: MediaPeer): Promise<string> {
    const ssrc = 5_000;
    const { client, publicationId } = await media.publishRaw(peer, simulcastParameters(ssrc));
    for (const layer of [0, 1, 2]) {
      const packet = (n: number) => vp8KeyFramePacket(ssrc + 10 * layer, n, '1', 10 * (layer + 1));
      stops.push(client.sendEach('1', packet));
    }
    return publicationId;
  }
  /** Layer of the next picture; the worker sends packets without one as well, to measure the way. */
  const nextLayer = async (client: RtcPeer): Promise<number> => {
    for (;;) {
      const { payload } = parseRtp(await client.nextPacket());
      if (payload[4] === 0x9d) return (payload[7] ?? 0) / 10 - 1;
    }
  };
  const rests = async (client: RtcPeer) => {
    for (let quiet = false; !quiet; )
      quiet = await client.nextPacket({ limitMs: WINDOW_MS }).then(
        () => false,
        () => true,
      );
  };
  const wanted = (media: MediaHarness, active: readonly boolean[]) =>
    media.event('encodingsWanted', (_peer, told) => told.active.join() === active.join());

  test('[VIEW1] [VIEW2] what is not shown is not sent, what is shown arrives as large as it is shown', async () => {
    const media = await start();
    const room = media.room();
    const [ada, bob, cyd] = [media.peer(room), media.peer(room), media.peer(room)];
    const id = await camera(media, ada);
    // Said before there is a transport: it holds from the first consumer on.
    await media.plane.setView(bob, [shown(id, 180)]);
    const small = await media.subscribe(bob, [id]);
    expect(await nextLayer(small.client)).toBe(0);
    await media.plane.setView(bob, [shown(id, 180, false)]);
    await rests(small.client);
    await media.plane.setView(bob, [shown(id, 180)]);
    await nextLayer(small.client);
    await media.plane.setView(bob, []);
    await rests(small.client);

    // The other one never said what is shown: everything, as large as it comes.
    const large = await media.subscribe(cyd, [id]);
    await nextLayer(large.client);
    await media.plane.setView(cyd, [shown(id, 720)]);
    await nextLayer(large.client);
    await rests(small.client);
    await media.plane.setView(bob, [shown(id, 180)]);
    await nextLayer(small.client);
  });

  test('[DEMAND1] a publisher hears which of its encodings are watched', async () => {
    const media = await start();
    const room = media.room();
    const [ada, bob] = [media.peer(room), media.peer(room)];
    const id = await camera(media, ada);
    await wanted(media, [false, false, false]);
    expect(media.plane.encodingsWanted(ada)).toMatchObject([
      { source: 'camera', generation: 1, active: [false, false, false] },
    ]);
    await media.plane.setView(bob, [shown(id, 180)]);
    const { client, consumers } = await media.subscribe(bob, [id]);
    await wanted(media, [true, false, false]);
    await client.nextPacket();
    // Those between help for as long as the one that is to be sent does not arrive.
    await media.plane.setView(bob, [shown(id, 720)]);
    await wanted(media, [true, true, true]);
    media.told.length = 0;
    await media.plane.setView(bob, [shown(id, 720, false)]);
    await wanted(media, [false, false, false]);
    await media.plane.setView(bob, [shown(id, 180)]);
    await wanted(media, [true, false, false]);
    media.told.length = 0;
    await media.plane.closeConsumer(bob, consumers[0]!.consumerId);
    await wanted(media, [false, false, false]);
  });

  test('[VIEW4] a screen is sent or not; a viewer who has gone is not counted', async () => {
    const media = await start();
    const room = media.room();
    const [ada, bob] = [media.peer(room), media.peer(room)];
    const { client, publicationId } = await media.publishRaw(ada, vp8Parameters(5_000), { source: 'screen' });
    stops.push(client.sendEach('1', (n) => vp8KeyFramePacket(5_000, n)));
    const seen = await media.subscribe(bob, [publicationId]);
    await seen.client.nextPacket();
    await media.plane.setView(bob, [shown(publicationId, 90)]);
    await seen.client.nextPacket();
    await media.plane.closePeer(bob);
    await wanted(media, [false]);
  });
});
