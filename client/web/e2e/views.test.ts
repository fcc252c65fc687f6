/**
 * Only what is seen is sent: a Chromium with a camera in three encodings, a Chromium that looks at it, and bots that fill the pages.
 */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Bot, type BotOptions, prepareMedia } from '../../../loadtest/src/bot/index.ts';
import { ServerProcess } from '../../../server/test/support/serverProcess.ts';
import { hidePage } from './support/hidePage.ts';
import { installProbe, sumRtp } from './support/probes.ts';
import { Visitor } from './support/Visitor.ts';

const LIMIT_MS = 30_000;
const DESKTOP = { viewport: { width: 1280, height: 720 } };
const PHONE = { viewport: { width: 390, height: 780 }, hasTouch: true };

/** Who come and go, and how often. */
const VISITORS = 3;
const ROUNDS = 4;

const media = prepareMedia();
const bots: Bot[] = [];
let server: ServerProcess;
let visitor: Visitor;

beforeAll(async () => {
  server = await ServerProcess.start();
  visitor = await Visitor.start();
});
afterEach(async () => {
  await Promise.all(bots.splice(0).map((bot) => bot.leave()));
});
afterAll(async () => {
  await visitor?.stop();
  await server?.stop();
});

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const tile = (page: Page, name: string) => page.getByRole('group', { name, exact: true });

async function join(room: string, name: string, camera: boolean, options: object = DESKTOP): Promise<Page> {
  const page = await visitor.open(`${server.url}/`, options);
  await page.context().addInitScript(installProbe, false);
  await page.goto(`${server.url}/r/${room}`);
  await page.getByRole('textbox', { name: 'Your name', exact: true }).fill(name);
  if (!camera) await button(page, 'Stop camera').click();
  await button(page, 'Join').click();
  await tile(page, `${name} (you)`).waitFor();
  return page;
}

/** A bot that sends nothing and receives nothing, unless it is told to. */
async function addBot(roomId: string, displayName: string, options: Partial<BotOptions> = {}): Promise<Bot> {
  const bot = await Bot.join({
    url: server.url,
    roomId,
    displayName,
    publish: { audio: false, video: false },
    subscribe: false,
    speech: { seed: 1, pattern: 'continuous' },
    media,
    ...options,
  });
  bots.push(bot);
  return bot;
}

async function addBots(roomId: string, count: number): Promise<void> {
  for (let index = 1; index <= count; index += 1) await addBot(roomId, `Bot ${index}`);
}

/** Frames that the camera's encodings have encoded so far, the smallest picture first. */
function framesEncoded(page: Page): Promise<number[]> {
  return page.evaluate(async () => {
    const encodings: { rid: string; frames: number }[] = [];
    for (const connection of window.parleyProbe.connections) {
      if (connection.connectionState === 'closed') continue;
      for (const report of (await connection.getStats()).values()) {
        if (report.type !== 'outbound-rtp' || report.kind !== 'video') continue;
        encodings.push({ rid: report.rid ?? '', frames: report.framesEncoded ?? 0 });
      }
    }
    return encodings.sort((a, b) => a.rid.localeCompare(b.rid)).map(({ frames }) => frames);
  });
}

/** Which encodings go on: those that encode within half a second. */
async function running(page: Page): Promise<boolean[]> {
  const before = await framesEncoded(page);
  await page.waitForTimeout(500);
  const after = await framesEncoded(page);
  return after.map((frames, index) => frames > (before[index] ?? 0));
}

const expectRunning = (page: Page, wanted: boolean[], message: string) =>
  expect.poll(() => running(page), { timeout: LIMIT_MS, interval: 0, message }).toEqual(wanted);

/** Puts the stage where nobody sees it, or back. */
const moveStage = (page: Page, away: boolean) =>
  page.locator('.stage').evaluate(
    (stage: HTMLElement, x) => {
      stage.style.transform = x;
    },
    away ? 'translateX(-9999px)' : '',
  );

/** Waits until a tile shows a picture that goes on. */
async function showsPicture(page: Page, name: string): Promise<void> {
  const time = () =>
    tile(page, name)
      .locator('video')
      .evaluate((video: HTMLVideoElement) => (video.videoWidth > 0 ? video.currentTime : 0));
  await expect.poll(time, { timeout: LIMIT_MS, message: `${name} is seen` }).toBeGreaterThan(0);
}

/** The track of somebody's picture, as stats name it. */
async function pictureId(page: Page, name: string): Promise<string> {
  await showsPicture(page, name);
  return tile(page, name)
    .locator('video')
    .evaluate((video: HTMLVideoElement) =>
      video.srcObject instanceof MediaStream ? (video.srcObject.getVideoTracks()[0]?.id ?? '') : '',
    );
}

/** Packets that came of some tracks so far. */
const packetsOf = (page: Page, trackIds: readonly string[]): Promise<number[]> =>
  page.evaluate(async (ids) => {
    const packets = ids.map(() => 0);
    for (const connection of window.parleyProbe.connections) {
      for (const stats of (await connection.getStats()).values()) {
        const place = stats.type === 'inbound-rtp' ? ids.indexOf(stats.trackIdentifier) : -1;
        if (place >= 0) packets[place] = stats.packetsReceived;
      }
    }
    return packets;
  }, trackIds);

/** Waits until just these of some tracks are sent to a page: within half a second each of them gets packets, or none. */
async function expectShown(
  page: Page,
  trackIds: readonly string[],
  wanted: readonly boolean[],
): Promise<void> {
  const shown = async () => {
    const before = await packetsOf(page, trackIds);
    await page.waitForTimeout(500);
    return (await packetsOf(page, trackIds)).map((packets, index) => packets > (before[index] ?? 0));
  };
  await expect.poll(shown, { timeout: LIMIT_MS, interval: 0 }).toEqual(wanted);
}

/** Sections of media in the session description of what a page receives: that is where the other side offers. */
const receivingSections = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const receiving = window.parleyProbe.connections.find(
      ({ remoteDescription, connectionState }) =>
        remoteDescription?.type === 'offer' && connectionState === 'connected',
    );
    return receiving?.remoteDescription?.sdp.match(/^m=/gm)?.length ?? 0;
  });

describe('a camera in three encodings', () => {
  let ada: Page;
  let ben: Page;
  beforeAll(async () => {
    ada = await join('watched', 'Ada', true);
    ben = await join('watched', 'Ben', false);
  });
  afterAll(async () => {
    await ada?.context().close();
    await ben?.context().close();
  });

  /** Waits until Ben's page has decoded so many more pictures; gives the milliseconds. */
  async function pictureAfterMs(act: () => Promise<unknown>): Promise<number> {
    const before = await sumRtp(ben, 'inbound-rtp', 'video', 'framesDecoded');
    const startedAt = performance.now();
    await act();
    await expect
      .poll(() => sumRtp(ben, 'inbound-rtp', 'video', 'framesDecoded'), { timeout: LIMIT_MS, interval: 20 })
      .toBeGreaterThan(before);
    return performance.now() - startedAt;
  }

  it('is sent in the encoding that its tile is worth, and in no other', async () => {
    await tile(ben, 'Ada').waitFor();
    await pictureAfterMs(() => Promise.resolve());
    // A window of a quarter of the size needs the smallest picture only.
    await ben.setViewportSize({ width: 320, height: 360 });
    await expectRunning(ada, [true, false, false], 'only the smallest encoding for a small tile');
    await ben.setViewportSize({ width: 1280, height: 720 });
    await expect
      .poll(async () => (await running(ada))[2], { timeout: LIMIT_MS, interval: 0, message: 'the largest' })
      .toBe(true);
  });

  it('stops altogether while its only tile is off-screen, and is back within a moment', async () => {
    await moveStage(ben, true);
    await expectRunning(ada, [false, false, false], 'nothing for an off-screen tile');
    const backMs = await pictureAfterMs(() => moveStage(ben, false));
    expect(backMs).toBeLessThan(2000);
  });

  it('stops for a hidden page, which goes on hearing', async () => {
    await hidePage(ben, true);
    await expectRunning(ada, [false, false, false], 'nothing for a hidden page');
    const before = await sumRtp(ben, 'inbound-rtp', 'audio', 'packetsReceived');
    await expect
      .poll(() => sumRtp(ben, 'inbound-rtp', 'audio', 'packetsReceived'), { timeout: LIMIT_MS })
      .toBeGreaterThan(before + 20);
    const backMs = await pictureAfterMs(() => hidePage(ben, false));
    expect(backMs).toBeLessThan(2000);
  });
});

it('picture in picture is seen while the page is hidden, and nothing else of it is', async () => {
  const [ada, ben] = ['Ada', 'Ben'];
  for (const name of [ada, ben]) await addBot('floating', name, { publish: { audio: false, video: true } });
  const page = await join('floating', 'Cem', false);
  const ids = await Promise.all([ada, ben].map((name) => pictureId(page, name)));
  const video = tile(page, ada).locator('video');
  await video.evaluate((element: HTMLVideoElement) => element.requestPictureInPicture());
  await hidePage(page, true);
  await expectShown(page, ids, [true, false]);
  await page.evaluate(() => document.exitPictureInPicture());
  await expectShown(page, ids, [false, false]);
  await hidePage(page, false);
  await expectShown(page, ids, [true, true]);
  await page.context().close();
});

it('has a session description for those who are there, not for all who ever came', async ({ annotate }) => {
  const page = await join('coming', 'Ada', false);
  const sections: number[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const names = Array.from({ length: VISITORS }, (_, index) => `Guest ${round}.${index}`);
    const guests = await Promise.all(
      names.map((name) => addBot('coming', name, { publish: { audio: true, video: true } })),
    );
    for (const name of names) await showsPicture(page, name);
    sections.push(await receivingSections(page));
    await Promise.all(guests.map((guest) => guest.leave()));
    for (const name of names) await tile(page, name).waitFor({ state: 'detached' });
  }
  await annotate(`sections after each ${VISITORS} visitors: ${sections.join(', ')}`);
  // One for each picture and each microphone, one for the server's probes, and the first one, which carries all and is not used again.
  expect(Math.min(...sections)).toBeGreaterThanOrEqual(2 * VISITORS);
  expect(Math.max(...sections)).toBeLessThanOrEqual(2 * VISITORS + 2);
  await page.context().close();
});

describe('pages', () => {
  const names = (page: Page) =>
    page
      .getByRole('group')
      .filter({ has: page.locator('video') })
      .evaluateAll((tiles) => tiles.map((element) => element.getAttribute('aria-label') ?? ''));

  it('hold twelve on a phone, are leafed by button, key and finger, and show everybody once', async () => {
    await addBots('pages', 15);
    const page = await join('pages', 'Ada', false, PHONE);
    await page.getByText('Page 1 of 2').waitFor({ state: 'attached' });
    const first = await names(page);
    expect(first).toContain('Ada (you)');
    await button(page, 'Next page').click();
    await page.getByText('Page 2 of 2').waitFor({ state: 'attached' });
    const second = await names(page);
    expect(new Set([...first, ...second]).size).toBe(16);
    expect(first.length + second.length).toBe(16);
    // There is no page three.
    expect(await button(page, 'Next page').getAttribute('aria-disabled')).toBe('true');
    await page.keyboard.press('PageUp');
    await page.getByText('Page 1 of 2').waitFor({ state: 'attached' });
    const box = await page.locator('.stage').boundingBox();
    if (!box) throw new Error('no stage');
    const middle = box.y + box.height / 2;
    const touch = (type: string, x: number) =>
      page.locator('.stage').dispatchEvent(type, {
        pointerType: 'touch',
        isPrimary: true,
        clientX: x,
        clientY: middle,
      });
    await touch('pointerdown', 300);
    await touch('pointerup', 100);
    await page.getByText('Page 2 of 2').waitFor({ state: 'attached' });
    await page.context().close();
  });

  it('bring who speaks to the first page', async () => {
    await addBots('speaker', 15);
    const page = await join('speaker', 'Ada', false, PHONE);
    await page.getByText('Page 1 of 2').waitFor({ state: 'attached' });
    expect(await names(page)).not.toContain('Bot 15');
    const talker = await addBot('speaker', 'Talker', { publish: { audio: true, video: false } });
    await tile(page, 'Talker').waitFor();
    expect(await names(page)).toContain('Ada (you)');
    await talker.leave();
    await page.context().close();
  });

  it('pin somebody large, over all pages, and let them go again', async () => {
    await addBots('pinned', 15);
    const page = await join('pinned', 'Ada', false, { viewport: PHONE.viewport });
    await tile(page, 'Bot 1').hover();
    await button(page, 'Pin Bot 1').click();
    const widthOf = async () => (await tile(page, 'Bot 1').boundingBox())?.width ?? 0;
    await expect.poll(widthOf, { timeout: LIMIT_MS }).toBeGreaterThan(300);
    await button(page, 'Next page').click();
    await expect.poll(widthOf, { timeout: LIMIT_MS }).toBeGreaterThan(300);
    await button(page, 'Unpin Bot 1').click();
    await expect.poll(widthOf, { timeout: LIMIT_MS }).toBeLessThan(200);
    await page.context().close();
  });

  it('hold 49 on a desktop', async () => {
    await addBots('crowd', 52);
    const page = await join('crowd', 'Ada', false);
    await page.getByText('Page 1 of 2').waitFor({ state: 'attached' });
    await page.context().close();
  });
});

it('complained about nothing: no error, no violation of the content security policy', () => {
  expect(visitor.complaints).toEqual([]);
});
