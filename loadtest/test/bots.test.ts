/**
 * Owns the tests of bots against a real server and worker: both ways of media, key frames on request, stops, what is said of it.
 * Does not own networks that do harm (botsAccounting.test.ts, botsBandwidth.test.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ServerProcess } from '../../server/test/support/serverProcess.ts';
import { Bot, type BotOptions, prepareMedia, type TrackReport } from '../src/bot/index.ts';
import { trackOf, until } from './support/bots.ts';

const media = prepareMedia();
const bots: Bot[] = [];
let server: ServerProcess;
let rooms = 0;

beforeAll(async () => {
  server = await ServerProcess.start({
    environment: { PARLEY_MEDIA_WORKERS: '1', PARLEY_LOG_LEVEL: 'warn' },
  });
});
afterEach(async () => {
  await Promise.all(bots.splice(0).map((bot) => bot.leave()));
});
afterAll(() => server.stop());

/** A way to bring bots into a room of their own. */
function newRoom() {
  rooms += 1;
  const roomId = `bots-${rooms}`;
  return async (displayName: string, options: Partial<BotOptions> = {}): Promise<Bot> => {
    const bot = await Bot.join({
      url: server.url,
      roomId,
      displayName,
      publish: { audio: true, video: true },
      subscribe: true,
      speech: { seed: 1, pattern: 'continuous' },
      media,
      ...options,
    });
    bots.push(bot);
    return bot;
  };
}

const viewer = { publish: { audio: false, video: false } };

describe('bots', () => {
  test('send and receive: the largest layer, nothing lost, and both know how their join went', async () => {
    const join = newRoom();
    const ada = await join('Ada');
    const bob = await join('Bob');
    await until(() => ada.sample().tracksReceived === 2 && bob.sample().tracksReceived === 2);
    await until(() => trackOf(bob, 'camera').spatialLayer === 2);
    const before = bob.tracks();
    const startedMs = performance.now();
    const grown = (source: TrackReport['source']): number =>
      trackOf(bob, source).packets - (before.find((item) => item.source === source)?.packets ?? 0);
    // 50 a second of speech, about 150 of the picture: no more than that, and as soon as the machine can.
    await until(() => grown('mic') >= 150 && grown('camera') >= 400);
    const seconds = (performance.now() - startedMs) / 1000;
    expect(grown('mic') / seconds).toBeLessThan(55);
    expect(grown('camera') / seconds).toBeLessThan(170);
    expect(bob.sample()).toMatchObject({ lost: 0, tracksExpected: 2, tracksReceived: 2 });
    expect(trackOf(bob, 'camera')).toMatchObject({ askedSpatialLayer: 2, duplicated: 0, reordered: 0 });
    const { connectMs, welcomeMs, joinMs, mediaMs = 0, firstFrameMs = 0 } = bob.phases;
    const phases = [0, connectMs, welcomeMs, joinMs, mediaMs, firstFrameMs];
    expect(phases).toEqual(phases.toSorted((one, other) => one - other));
    // Everybody's packets leave again as packets of somebody else's.
    expect(ada.sample().sentPackets).toBeGreaterThan(bob.sample().receivedPackets / 2);
  });

  test('give a key frame to who comes later', async () => {
    const join = newRoom();
    await join('Ada');
    const bob = await join('Bob', viewer);
    await until(() => bob.sample().tracksReceived === 2);
    const cyd = await join('Cyd', viewer);
    await until(() => trackOf(cyd, 'camera').frames > 60);
  });

  test('stop sending when the camera goes off, which is no freeze, and go on with a key frame', async () => {
    const join = newRoom();
    const ada = await join('Ada', { publish: { audio: false, video: true } });
    const bob = await join('Bob', viewer);
    await until(() => bob.sample().tracksReceived === 1);
    await until(() => trackOf(bob, 'camera').frames > 30);
    await ada.call.setCameraEnabled(false);
    await until(() => bob.sample().tracksExpected === 0);
    await delay(200);
    const { sentPackets } = ada.sample();
    const { frames } = trackOf(bob, 'camera');
    await delay(1500);
    expect(ada.sample().sentPackets).toBe(sentPackets);
    await ada.call.setCameraEnabled(true);
    await until(() => trackOf(bob, 'camera').frames > frames + 30);
    expect(bob.sample()).toMatchObject({ lost: 0, tracksExpected: 1, tracksReceived: 1 });
    // A busy machine may freeze for a moment; not for as long as the camera was off.
    expect(trackOf(bob, 'camera').longestFreezeMs).toBeLessThan(1000);
  });

  test('of whom nothing is asked neither send nor receive', async () => {
    const join = newRoom();
    const ada = await join('Ada', { subscribe: false });
    const bob = await join('Bob', viewer);
    await until(() => bob.sample().tracksReceived === 2);
    expect(bob.sample().sentPackets).toBe(0);
    expect(ada.sample()).toMatchObject({ receivedPackets: 0, tracksExpected: 0 });
  });

  test('in silence send next to nothing, and that is no audio gap', async () => {
    const join = newRoom();
    await join('Ada', { publish: { audio: true, video: false }, speech: { seed: 1, pattern: 'silent' } });
    const bob = await join('Bob', viewer);
    await until(() => bob.sample().tracksReceived === 1);
    await delay(3000);
    const { packets, longestGapMs } = trackOf(bob, 'mic');
    expect(packets).toBeLessThan(15);
    // The pauses of DTX, 400 ms, would add up to all three seconds; a busy machine adds less.
    expect(longestGapMs).toBeLessThan(1000);
  });

  test('remember what came of who left, and count who comes back anew', async () => {
    const join = newRoom();
    const bob = await join('Bob', viewer);
    const ada = await join('Ada', { publish: { audio: true, video: false } });
    await until(() => bob.sample().tracksReceived === 1);
    await ada.leave();
    await until(() => bob.sample().tracksExpected === 0);
    await join('Ada', { publish: { audio: true, video: false } });
    await until(() => bob.sample().tracksReceived === 1);
    expect(bob.tracks().map(({ source, packets }) => [source, packets > 0])).toEqual([
      ['mic', true],
      ['mic', true],
    ]);
  });

  test('a refusal is a CallError', async () => {
    await expect(newRoom()('Ada', { token: 'no.such.token' })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  test('a server that dies shows as a freeze and a gap as long as it was gone, and media comes back', async () => {
    const join = newRoom();
    await join('Ada');
    const bob = await join('Bob', viewer);
    await until(() => bob.sample().tracksReceived === 2);
    await until(() => trackOf(bob, 'camera').frames > 60);
    const { frames } = trackOf(bob, 'camera');
    await server.kill('SIGKILL');
    await delay(1000);
    await server.spawn();
    await until(() => trackOf(bob, 'camera').frames > frames + 60, 60_000);
    await until(() => trackOf(bob, 'mic').audioGaps > 0);
    expect(trackOf(bob, 'camera').freezes).toBeGreaterThanOrEqual(1);
    expect(trackOf(bob, 'camera').longestFreezeMs).toBeGreaterThan(1000);
    expect(trackOf(bob, 'mic').longestGapMs).toBeGreaterThan(900);
  });
});
