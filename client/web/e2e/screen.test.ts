/**
 * A shared page of text is sharp again soon after its reader's tab is back, and after a network was narrow for a while, on the reader's or
 * the sharer's side: the reader's pixels are compared with the page that was drawn.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { looks } from './support/fakeMedia.ts';
import { hidePage } from './support/hidePage.ts';
import { LanCall } from './support/LanCall.ts';
import type { Person } from './support/Person.ts';

/** Mean difference of pixels, of 255. Another page of text: 22. The encoder's first, coarse picture: 4. What it settles at: 1.2. */
const SHARP = 3;
const TAB_RETURN_MS = 2_000;
const DIP_MS = 5_000;
// A fifth of what a share may take.
const DIP = '500kbit';
const LIMIT_MS = 30_000;

declare global {
  interface Window {
    testPage: {
      /** Which page of text the shared screen shows. */
      number: number;
      /** How far the share on this page is from a page of text; undefined while it is not there, or smaller than it was drawn. */
      difference(number: number): number | undefined;
    };
  }
}

/** In each page, before its own scripts: the screen is a document of text, with something small that blinks. */
function installDocument(): void {
  const width = 1280;
  const height = 720;
  /** Where nothing blinks. */
  const still = 680;
  const draw = (
    context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
    number: number,
    blink: boolean,
  ) => {
    context.fillStyle = '#fff';
    context.fillRect(0, 0, width, height);
    context.fillStyle = '#111';
    context.font = '13px monospace';
    let seed = number + 1;
    const next = (below: number) => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed % below;
    };
    for (let y = 20; y < height - 30; y += 17) {
      let line = '';
      for (let left = 40 + next(110); left > 0; left -= 1)
        line += next(6) === 0 ? ' ' : String.fromCharCode(97 + next(26));
      context.fillText(line, 16, y);
    }
    context.fillStyle = blink ? '#d00' : '#fff';
    context.fillRect(1230, 690, 20, 20);
  };
  const pixels = (paint: (context: OffscreenCanvasRenderingContext2D) => void) => {
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('no canvas');
    paint(context);
    return context.getImageData(0, 0, width, still).data;
  };
  window.testPage = {
    number: 0,
    difference(number) {
      const video = document.querySelector<HTMLVideoElement>('[role=group][aria-label^="Screen"] video');
      if (video?.videoWidth !== width) return undefined;
      const shown = pixels((context) => context.drawImage(video, 0, 0));
      const meant = pixels((context) => draw(context, number, false));
      let sum = 0;
      for (let green = 1; green < meant.length; green += 4)
        sum += Math.abs((shown[green] ?? 0) - (meant[green] ?? 0));
      return sum / (meant.length / 4);
    },
  };
  navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width, height });
    const context = canvas.getContext('2d');
    if (!context) throw new Error('no canvas');
    let blink = false;
    setInterval(() => {
      blink = !blink;
      draw(context, window.testPage.number, blink);
    }, 200);
    return canvas.captureStream(5);
  };
}

let call: LanCall;
let host: Person;
let guest: Person;
let pageNumber = 0;

beforeAll(async () => {
  call = await LanCall.start();
  host = await call.person('host', 'Ada', looks.red);
  guest = await call.person('guest', 'Ben', looks.green);
  for (const person of [host, guest]) {
    await person.context.addInitScript(installDocument);
    await person.join(`${call.url}/r/share`);
    await person.button('Stop camera').click();
  }
});

afterAll(() => call?.stop());

async function turnPage({ page }: Person): Promise<void> {
  pageNumber += 1;
  await page.evaluate((number) => {
    window.testPage.number = number;
  }, pageNumber);
}

/** Milliseconds until the reader has the page as it was drawn. */
async function sharpAfterMs({ page }: Person): Promise<number> {
  const startedAt = performance.now();
  const difference = () => page.evaluate((number) => window.testPage.difference(number), pageNumber);
  await expect
    .poll(difference, { timeout: LIMIT_MS, interval: 50, message: 'sharp' })
    .toSatisfy((value: unknown) => typeof value === 'number' && value < SHARP);
  return performance.now() - startedAt;
}

/** Shares, and waits until the reader has a sharp page. */
async function share(sharer: Person, reader: Person): Promise<void> {
  await sharer.page.evaluate((number) => {
    window.testPage.number = number;
  }, pageNumber);
  await sharer.button('Share screen').click();
  await sharpAfterMs(reader);
}

async function stopSharing(sharer: Person, reader: Person): Promise<void> {
  await sharer.button('Stop sharing').click();
  await reader.tile(`Screen: ${sharer.name}`).waitFor({ state: 'detached' });
}

/** Pages are turned while the cable is narrow; gives the milliseconds until the last one is sharp once it is wide again. */
async function dip(narrow: 'host' | 'guest', sharer: Person, reader: Person): Promise<number> {
  await call.limit(narrow, DIP);
  for (let turn = 0; turn < 3; turn += 1) {
    await turnPage(sharer);
    await reader.page.waitForTimeout(2_000);
  }
  await call.limit(narrow, undefined);
  return sharpAfterMs(reader);
}

it('is sharp within 2 s of the return of the tab', async () => {
  await share(host, guest);
  await hidePage(guest.page, true);
  await guest.page.waitForTimeout(1_000);
  await turnPage(host);
  await guest.page.waitForTimeout(1_000);
  await hidePage(guest.page, false);
  expect(await sharpAfterMs(guest)).toBeLessThan(TAB_RETURN_MS);
});

it("is sharp within 5 s of a dip of the reader's network", async () => {
  expect(await dip('host', host, guest)).toBeLessThan(DIP_MS);
  await stopSharing(host, guest);
});

it("is sharp within 5 s of a dip of the sharer's network", async () => {
  await share(guest, host);
  expect(await dip('guest', guest, host)).toBeLessThan(DIP_MS);
  await stopSharing(guest, host);
});
