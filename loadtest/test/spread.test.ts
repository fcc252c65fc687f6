/**
 * Owns the tests of a room that spreads over two workers, with bots: layers, key frames and pauses across the pipe, a worker's death.
 * Does not own the books behind it (server/test/integration/mediaPipes.test.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { ServerProcess } from '../../server/test/support/serverProcess.ts';
import { Bot, type BotOptions, prepareMedia } from '../src/bot/index.ts';
import { trackOf, until } from './support/bots.ts';

const media = prepareMedia();
const bots: Bot[] = [];
let server: ServerProcess;
let rooms = 0;

beforeAll(async () => {
  server = await ServerProcess.start({
    program: new URL('../../server/test/support/spreadServer.ts', import.meta.url),
    environment: { PARLEY_MEDIA_WORKERS: '2', PARLEY_LOG_LEVEL: 'warn' },
  });
});
afterEach(async () => {
  await Promise.all(bots.splice(0).map((bot) => bot.leave()));
});
afterAll(() => server.stop());

/** A way to bring bots into a room of their own: the first and the third on the first worker, the second on the other. */
function newRoom() {
  rooms += 1;
  const roomId = `spread-${rooms}`;
  return async (displayName: string, publish: BotOptions['publish']): Promise<Bot> => {
    const bot = await Bot.join({
      url: server.url,
      roomId,
      displayName,
      publish,
      subscribe: true,
      speech: { seed: 1, pattern: 'continuous' },
      media,
    });
    bots.push(bot);
    // Its seat has its place before the next one comes.
    await until(() => bot.phases.mediaMs !== undefined || displayName === 'Ada');
    return bot;
  };
}

const Reports = z.array(z.object({ pid: z.int(), rooms: z.int(), pipes: z.int(), transports: z.int() }));

/** What runs in the workers. */
async function workers(): Promise<z.infer<typeof Reports>> {
  const seen = server.output.length;
  const line = () => /^workers (.*)$/m.exec(server.output.slice(seen))?.[1];
  process.kill(server.pid, 'SIGUSR2');
  await until(() => line() !== undefined);
  return Reports.parse(JSON.parse(line() ?? ''));
}

const both = { audio: true, video: true };
const nothing = { audio: false, video: false };

/** What a bot received of another, all generations together. */
const framesOf = (bot: Bot): number => bot.tracks().reduce((sum, { frames }) => sum + frames, 0);
test('both ways, the largest layer comes through the pipe, whole; who comes later gets a key frame through it', async () => {
  const join = newRoom();
  const ada = await join('Ada', both);
  const bob = await join('Bob', both);
  await until(() => trackOf(bob, 'camera').spatialLayer === 2 && trackOf(ada, 'camera').spatialLayer === 2);
  expect(await workers()).toMatchObject([
    { rooms: 1, pipes: 1, transports: 2 },
    { rooms: 1, pipes: 1, transports: 2 },
  ]);
  const packets = trackOf(bob, 'mic').packets;
  const before = framesOf(bob);
  await until(() => framesOf(bob) > before + 60 && trackOf(bob, 'mic').packets > packets + 100);
  for (const bot of [ada, bob]) {
    expect(bot.sample().lost).toBe(0);
    expect(trackOf(bot, 'camera')).toMatchObject({ duplicated: 0, reordered: 0 });
  }
  await join('Cyd', nothing);
  const dan = await join('Dan', nothing);
  await until(() => dan.tracks().filter(({ frames }) => frames > 30).length === 2);
});

test('a camera and a microphone that are switched off and on again stop and go on behind the pipe', async () => {
  const join = newRoom();
  const ada = await join('Ada', both);
  const bob = await join('Bob', nothing);
  await until(() => bob.sample().tracksReceived === 2 && trackOf(bob, 'camera').frames > 30);
  await Promise.all([ada.call.setCameraEnabled(false), ada.call.setMicEnabled(false)]);
  await until(() => bob.sample().tracksExpected === 0);
  // What was on its way.
  let received = -1;
  await until(() => {
    const before = received;
    received = bob.sample().receivedPackets;
    return before === received;
  });
  await delay(1000);
  expect(bob.sample().receivedPackets).toBe(received);
  const [frames, packets] = [trackOf(bob, 'camera').frames, trackOf(bob, 'mic').packets];
  await Promise.all([ada.call.setCameraEnabled(true), ada.call.setMicEnabled(true)]);
  await until(
    () => trackOf(bob, 'camera').frames > frames + 30 && trackOf(bob, 'mic').packets > packets + 50,
  );
  expect(bob.sample()).toMatchObject({ lost: 0 });
});

test('a worker of the room dies: all see all again, and who lived elsewhere kept what was there', async () => {
  const join = newRoom();
  const ada = await join('Ada', both);
  const bob = await join('Bob', both);
  const cyd = await join('Cyd', nothing);
  await until(() => framesOf(ada) > 30 && framesOf(bob) > 30 && framesOf(cyd) > 60);
  const [, second] = await workers();
  const ofAda = () =>
    cyd
      .tracks()
      .filter(({ source }) => source === 'camera')
      .map(({ frames }) => frames);
  process.kill(second!.pid, 'SIGKILL');
  const before = [framesOf(ada), framesOf(bob)];
  await until(() => framesOf(ada) > before[0]! + 30 && framesOf(bob) > before[1]! + 30);
  await until(() => ofAda().every((frames) => frames > 60));
  expect(cyd.sample().lost).toBe(0);
});
