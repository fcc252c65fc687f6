/**
 * Owns the proof that bots tell the truth: a network that drops, repeats and delays known packets, a real server, and a report that
 * says exactly that. Does not own how bots behave where nothing is wrong (bots.test.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ServerProcess } from '../../server/test/support/serverProcess.ts';
import { Bot, type BotOptions, countSrtpRepeats, prepareMedia, type TrackReport } from '../src/bot/index.ts';
import { until } from './support/bots.ts';
import { type Fate, HarmfulPath, type SeenPacket } from './support/HarmfulPath.ts';

const media = prepareMedia();
const srtpRepeats = countSrtpRepeats();
const bots: Bot[] = [];
let server: ServerProcess;
let path: HarmfulPath;
let rooms = 0;

beforeAll(async () => {
  server = await ServerProcess.start({
    environment: { PARLEY_MEDIA_WORKERS: '1', PARLEY_LOG_LEVEL: 'warn' },
  });
});
beforeEach(async () => {
  path = await HarmfulPath.create(`${server.url.replace('http', 'ws')}/ws`);
  rooms += 1;
});
afterEach(async () => {
  await Promise.all(bots.splice(0).map((bot) => bot.leave()));
  await path.close();
});
afterAll(() => server.stop());

async function join(displayName: string, options: Partial<BotOptions>): Promise<Bot> {
  const bot = await Bot.join({
    url: path.url,
    roomId: `accounting-${rooms}`,
    displayName,
    publish: { audio: false, video: false },
    subscribe: true,
    speech: { seed: 1, pattern: 'continuous' },
    media,
    ...options,
  });
  bots.push(bot);
  return bot;
}

const trackOf = (bot: Bot): TrackReport => {
  const [track] = bot.tracks();
  if (!track) throw new Error('no track');
  return track;
};

/** Somebody who sends one track, and somebody who gets it steadily: the given layer of a picture. */
async function pair(source: 'mic' | 'camera'): Promise<{ sender: Bot; receiver: Bot }> {
  const publish = { audio: source === 'mic', video: source === 'camera' };
  const sender = await join('Ada', { publish, subscribe: false });
  const receiver = await join('Bob', {});
  await until(() => receiver.sample().tracksReceived === 1);
  // By now the bandwidth estimation lets the largest layer through, and does not change its mind any more.
  if (source === 'camera') await until(() => trackOf(receiver).spatialLayer === 2);
  await delay(1500);
  return { sender, receiver };
}

/** The longest that a packet is waited for, and a bit. */
const SETTLE_MS = 1300;
/** Payload types: a bot's own, and the router's for what it forwards. RTX is one above its codec. */
const SENT_VP8 = 96;
const FORWARDED = { camera: 101, mic: 100 } as const;

/** So many packets are harmed, however long the machine takes to send them. */
const HARMED = 15;

/**
 * Lets the network do harm until it was done to so many packets, and gives how many. `decide` is asked once for each sequence number: what
 * is sent again under the same one passes.
 */
async function harm(decide: (packet: SeenPacket) => Fate, count = HARMED): Promise<number> {
  let harmed = 0;
  const seen = new Set<string>();
  path.decide = (packet) => {
    const name = `${packet.direction} ${packet.ssrc} ${packet.sequence}`;
    if (seen.has(name)) return 'pass';
    seen.add(name);
    const fate = harmed < count ? decide(packet) : 'pass';
    if (fate !== 'pass') harmed += 1;
    return fate;
  };
  await until(() => harmed === count);
  // What was delayed needs packets behind it, and what was dropped has to be missed.
  await delay(SETTLE_MS);
  path.decide = () => 'pass';
  return harmed;
}

/** Every so manieth packet of a kind. */
function every(nth: number, what: (packet: SeenPacket) => boolean, fate: Fate): (packet: SeenPacket) => Fate {
  let count = 0;
  return (packet) => {
    if (!what(packet)) return 'pass';
    count += 1;
    return count % nth === 0 ? fate : 'pass';
  };
}

const toViewer =
  (source: 'camera' | 'mic') =>
  ({ direction, payloadType }: SeenPacket): boolean =>
    direction === 'toClient' && payloadType === FORWARDED[source];

/** By how much the figures grew since. Freezes and gaps are apart: a busy machine adds its own. */
function growth(receiver: Bot): () => Pick<TrackReport, 'lost' | 'duplicated' | 'reordered' | 'recovered'> {
  const before = trackOf(receiver);
  return () => {
    const now = trackOf(receiver);
    return {
      lost: now.lost - before.lost,
      duplicated: now.duplicated - before.duplicated,
      reordered: now.reordered - before.reordered,
      recovered: now.recovered - before.recovered,
    };
  };
}

const unharmed = { lost: 0, duplicated: 0, reordered: 0, recovered: 0 };

describe('on the way from the server', () => {
  test('packets that are dropped and come again are recovered, each', async () => {
    const { receiver } = await pair('camera');
    const grown = growth(receiver);
    const harmed = await harm(every(20, toViewer('camera'), 'drop'));
    const { duplicated, ...rest } = grown();
    const { duplicated: none, ...expected } = unharmed;
    expect(rest).toEqual({ ...expected, recovered: harmed });
    // Where the answer takes longer than a bot waits before it asks again, a packet comes twice.
    expect(duplicated).toBeGreaterThanOrEqual(none);
    expect(duplicated).toBeLessThanOrEqual(harmed);
  });

  test('packets that are dropped again and again are lost, each', async () => {
    const { receiver } = await pair('camera');
    const grown = growth(receiver);
    const decide = every(20, toViewer('camera'), 'drop');
    let dropped = 0;
    let again = 0;
    path.decide = (packet) => {
      if (packet.direction === 'toClient' && packet.payloadType === FORWARDED.camera + 1) {
        again += 1;
        return 'drop';
      }
      const fate = dropped < HARMED ? decide(packet) : 'pass';
      if (fate === 'drop') dropped += 1;
      return fate;
    };
    await until(() => dropped === HARMED);
    // What was dropped last is asked for in vain, too.
    await delay(SETTLE_MS);
    expect(again).toBeGreaterThan(dropped);
    expect(grown()).toMatchObject({ lost: dropped, recovered: 0, reordered: 0, duplicated: 0 });
  });

  test('packets that come twice are told by SRTP, each, and harm nobody', async () => {
    const { receiver } = await pair('camera');
    const grown = growth(receiver);
    const before = srtpRepeats();
    const harmed = await harm(every(20, toViewer('camera'), 'duplicate'));
    await until(() => srtpRepeats() - before >= harmed, 5000);
    expect(srtpRepeats() - before).toBe(harmed);
    expect(grown()).toEqual(unharmed);
  });

  test('packets that are delayed are out of order, each, and not lost', async () => {
    const { receiver } = await pair('camera');
    const grown = growth(receiver);
    const harmed = await harm(every(20, toViewer('camera'), 8));
    const { duplicated, ...rest } = grown();
    const { duplicated: none, ...expected } = unharmed;
    expect(rest).toEqual({ ...expected, reordered: harmed });
    // They were asked for before they came: what came besides came twice.
    expect(duplicated).toBeGreaterThanOrEqual(none);
    expect(duplicated).toBeLessThanOrEqual(harmed);
  });

  test('a standstill of the picture is a freeze, as long as it was', async () => {
    const { receiver } = await pair('camera');
    const before = trackOf(receiver);
    path.decide = ({ direction }) => (direction === 'toClient' ? 'drop' : 'pass');
    await delay(700);
    path.decide = () => 'pass';
    await until(() => trackOf(receiver).frozenMs > before.frozenMs);
    const { freezes, longestFreezeMs, frozenMs } = trackOf(receiver);
    expect(freezes - before.freezes).toBeGreaterThanOrEqual(1);
    expect(frozenMs - before.frozenMs).toBeGreaterThan(650);
    expect(longestFreezeMs).toBeGreaterThan(650);
    expect(longestFreezeMs).toBeLessThan(2500);
  });

  test('sound: each packet that is lost for good, and what is lost in a row is a gap as long as it was', async () => {
    const { receiver } = await pair('mic');
    const grown = growth(receiver);
    let count = 0;
    const seen = new Set<number>();
    // The same packets are dropped as often as they come: ten in a row, and one at a time before and after.
    path.decide = (packet) => {
      if (!toViewer('mic')(packet)) return 'pass';
      if (seen.has(packet.sequence)) return 'drop';
      count += 1;
      const isHarmed = (count >= 50 && count < 60) || count === 20 || count === 90;
      if (isHarmed) seen.add(packet.sequence);
      return isHarmed ? 'drop' : 'pass';
    };
    await until(() => count > 120);
    await delay(SETTLE_MS);
    expect(grown()).toEqual({ ...unharmed, lost: 12 });
    expect(trackOf(receiver).audioGaps).toBeGreaterThanOrEqual(1);
    expect(trackOf(receiver).longestGapMs).toBeGreaterThanOrEqual(200);
  });
});

describe('on the way to the server', () => {
  test('what the server misses is asked for, and sent again', async () => {
    const { sender, receiver } = await pair('camera');
    const grown = growth(receiver);
    const before = sender.sample();
    const isSent = ({ direction, payloadType }: SeenPacket): boolean =>
      direction === 'toServer' && payloadType === SENT_VP8;
    const harmed = await harm(every(20, isSent, 'drop'));
    expect(sender.sample().retransmitted - before.retransmitted).toBeGreaterThanOrEqual(harmed);
    expect(grown()).toMatchObject({ lost: 0 });
  });
});
