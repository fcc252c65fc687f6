/**
 * The pages of the app as people meet them: names, causes, keyboard, accessibility, texts, size. Calls with pictures and
 * sound between several people are in call.test.ts.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServerProcess } from '../../../server/test/support/serverProcess.ts';
import { bareStrings } from './support/bareStrings.ts';
import { Visitor } from './support/Visitor.ts';

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const dist = new URL('../dist/', import.meta.url);
/** How long something may take to come true; by event, this is only the limit. */
const LIMIT_MS = 30_000;

let server: ServerProcess;
let visitor: Visitor;

beforeAll(async () => {
  server = await ServerProcess.start();
  visitor = await Visitor.start();
});
afterAll(async () => {
  await visitor?.stop();
  await server?.stop();
});

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const textbox = (page: Page, name: string) => page.getByRole('textbox', { name, exact: true });
const combobox = (page: Page, name: string) => page.getByRole('combobox', { name, exact: true });
const tile = (page: Page, name: string) => page.getByRole('group', { name, exact: true });

async function join(page: Page, name: string): Promise<void> {
  await textbox(page, 'Your name').fill(name);
  await button(page, 'Join').click();
  await tile(page, `${name} (you)`).waitFor();
}

/** What axe finds wrong, as "rule: where". */
async function axeViolations(page: Page): Promise<string[]> {
  // By the debugger, not by a script element: the page's policy allows no foreign scripts.
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    // A script of others' that puts itself on the page.
    const { axe } = window as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { target: unknown[] }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
    );
  });
}

describe('the start page', () => {
  it('opens a room with a name of at least 80 random bits', async () => {
    const page = await visitor.open(server.url);
    await button(page, 'New call').click();
    await textbox(page, 'Your name').waitFor();
    const name = new URL(page.url()).pathname.replace('/r/', '').replaceAll('-', '');
    expect(name).toMatch(/^[2-9a-km-np-z]{16}$/);
    await page.context().close();
  });

  it('opens a typed room by keyboard and says what is wrong with a name', async () => {
    const page = await visitor.open(server.url);
    const field = textbox(page, 'Room name');
    await field.focus();
    await page.keyboard.type('our team!');
    await page.keyboard.press('Enter');
    expect(await page.getByRole('alert').textContent()).toContain('our-team');
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    await field.fill('équipe-1');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${server.url}/r/${encodeURIComponent('équipe-1')}`);
    expect(await page.title()).toBe('équipe-1 · Parley');
    await page.goBack();
    await button(page, 'New call').waitFor();
    await page.context().close();
  });

  it.each(['/r/a%20b', '/elsewhere'])('shows a way back at %s', async (path) => {
    const page = await visitor.open(server.url + path);
    await page.getByRole('link', { name: 'Start page' }).click();
    await page.waitForURL(`${server.url}/`);
    await page.context().close();
  });
});

describe('the prejoin page', () => {
  it('has the names that the contract says, with native lists of devices', async () => {
    const page = await visitor.open(`${server.url}/r/names`);
    for (const name of ['Microphone', 'Camera', 'Speaker']) {
      await combobox(page, name).waitFor();
      expect(await combobox(page, name).evaluate((element) => element.tagName)).toBe('SELECT');
    }
    await expect
      .poll(() => combobox(page, 'Microphone').locator('option').count(), { timeout: LIMIT_MS })
      .toBeGreaterThan(1);
    expect(await textbox(page, 'Your name').getAttribute('required')).not.toBeNull();
    await page.locator('video:visible').waitFor();
    await page.context().close();
  });

  it('shows the level of the microphone', async () => {
    const page = await visitor.open(`${server.url}/r/level`);
    await page.mouse.click(5, 5);
    await expect
      .poll(async () => Number(await page.getByRole('meter').getAttribute('aria-valuenow')), {
        timeout: LIMIT_MS,
      })
      .toBeGreaterThan(5);
    await page.context().close();
  });

  it('wants a name of 1-60 characters, by keyboard alone, and remembers it', async () => {
    const page = await visitor.open(`${server.url}/r/keyboard`);
    await textbox(page, 'Your name').focus();
    await page.keyboard.press('Enter');
    expect(await page.getByRole('alert').textContent()).toContain('name');
    await page.keyboard.type('x'.repeat(61));
    await page.keyboard.press('Enter');
    expect(await page.getByRole('alert').textContent()).toContain('60');
    await textbox(page, 'Your name').fill('Ada');
    await page.keyboard.press('Enter');
    await tile(page, 'Ada (you)').waitFor();
    await button(page, 'Leave').click();
    await page.getByRole('heading', { name: 'You left the call' }).waitFor();
    await button(page, 'Rejoin').click();
    await expect.poll(() => textbox(page, 'Your name').inputValue(), { timeout: LIMIT_MS }).toBe('Ada');
    await page.context().close();
  });

  it('takes the token out of the address at once and fills in its name', async () => {
    const claims = Buffer.from(JSON.stringify({ name: 'Grace Hopper' })).toString('base64url');
    const page = await visitor.open(`${server.url}/r/token#token=e30.${claims}.x`);
    await expect
      .poll(() => textbox(page, 'Your name').inputValue(), { timeout: LIMIT_MS })
      .toBe('Grace Hopper');
    expect(page.url()).toBe(`${server.url}/r/token`);
    expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain(
      'e30.',
    );
    await page.context().close();
  });

  it.each([
    ['denied', 'The browser may not use your camera and microphone'],
    ['missing', 'No camera and no microphone found'],
  ] as const)('names the cause when devices are %s, and joins all the same', async (access, cause) => {
    const other = await Visitor.start(access);
    try {
      const page = await other.open(`${server.url}/r/cause-${access}`);
      await page.getByText(cause).waitFor();
      await join(page, 'Ada');
      await button(page, 'Unmute').waitFor();
      await button(page, 'Start camera').waitFor();
    } finally {
      await other.stop();
    }
  });

  it('names the cause and its mend on plain HTTP off localhost, and joins all the same', async () => {
    const other = await Visitor.start('granted', ['--host-resolver-rules=MAP parley.test 127.0.0.1']);
    try {
      const page = await other.open(`http://parley.test:${server.port}/r/insecure`);
      await page.getByText('This address is not secure').waitFor();
      await page.getByText('npm start -- --lan').waitFor();
      await join(page, 'Ada');
    } finally {
      await other.stop();
    }
  });
});

describe('the call page', () => {
  it('has the names that the contract says', async () => {
    const page = await visitor.open(`${server.url}/r/contract`);
    await join(page, 'Ada');
    for (const name of ['Mute', 'Stop camera', 'Share screen', 'Chat', 'Participants', 'Leave']) {
      await button(page, name).waitFor();
    }
    expect(await tile(page, 'Ada (you)').locator('video').count()).toBe(1);
    await button(page, 'Chat').click();
    await page.getByRole('log', { name: 'Chat messages', exact: true }).waitFor();
    await textbox(page, 'Message').fill('hello\u0020there');
    await page.keyboard.press('Enter');
    await page.getByRole('log', { name: 'Chat messages', exact: true }).getByText('hello there').waitFor();
    expect(await textbox(page, 'Message').inputValue()).toBe('');

    const second = await visitor.open(`${server.url}/r/contract`);
    await join(second, 'Ada');
    await tile(page, 'Ada (2)').waitFor();
    await tile(second, 'Ada').waitFor();
    await button(page, 'Mute Ada (2)').waitFor();
    expect(await button(second, 'Mute Ada').count(), 'only hosts moderate').toBe(0);
    await button(page, 'Mute Ada (2)').click();
    await button(second, 'Unmute').waitFor();
    await button(page, 'Remove Ada (2)').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
    await second.getByRole('heading', { name: 'You were removed from the call' }).waitFor();
    await tile(page, 'Ada (2)').waitFor({ state: 'detached' });
    await page.context().close();
    await second.context().close();
  });

  it('obeys keys, but not while somebody types', async () => {
    const page = await visitor.open(`${server.url}/r/shortcuts`);
    await join(page, 'Ada');
    await page.keyboard.press('m');
    await button(page, 'Unmute').waitFor();
    await page.keyboard.press('v');
    await button(page, 'Start camera').waitFor();
    await page.keyboard.press('c');
    await textbox(page, 'Message').waitFor();
    expect(await textbox(page, 'Message').evaluate((element) => element === document.activeElement)).toBe(
      true,
    );
    await page.keyboard.type('mcv');
    expect(await textbox(page, 'Message').inputValue()).toBe('mcv');
    await button(page, 'Unmute').waitFor();
    await page.keyboard.press('Escape');
    await textbox(page, 'Message').waitFor({ state: 'detached' });
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('goes back into the call after a reload, with panel and muted microphone as they were', async () => {
    const page = await visitor.open(`${server.url}/r/reload`);
    await join(page, 'Ada');
    await button(page, 'Mute').click();
    await button(page, 'Unmute').waitFor();
    await button(page, 'Chat').click();
    await textbox(page, 'Message').waitFor();
    await page.reload();
    await tile(page, 'Ada (you)').waitFor();
    await button(page, 'Unmute').waitFor();
    await textbox(page, 'Message').waitFor();
    await page.context().close();
  });

  it('fits a phone: nothing beyond the edges, everything big enough for a finger', async () => {
    const page = await visitor.open(`${server.url}/r/phone`, {
      viewport: { width: 360, height: 740 },
      isMobile: true,
      hasTouch: true,
    });
    await join(page, 'Ada');
    const boxes = await page.getByRole('button').evaluateAll((buttons) =>
      buttons.map((element) => {
        const { left, right, width, height } = element.getBoundingClientRect();
        return {
          name: element.getAttribute('aria-label') ?? element.textContent,
          left,
          right,
          width,
          height,
        };
      }),
    );
    for (const { name, left, right, width, height } of boxes) {
      expect(left, `${name}`).toBeGreaterThanOrEqual(0);
      expect(right, `${name}`).toBeLessThanOrEqual(360);
      expect(Math.min(width, height), `${name}`).toBeGreaterThanOrEqual(44);
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await page.context().close();
  });
});

describe('when something is wrong', () => {
  it('tells by code why one may not join, and lets one try again', async () => {
    const closed = await ServerProcess.start({ environment: { PARLEY_API_KEYS: `key:${'s'.repeat(32)}` } });
    const other = await Visitor.start();
    try {
      const page = await other.open(`${closed.url}/r/closed`);
      await textbox(page, 'Your name').fill('Ada');
      await button(page, 'Join').click();
      const alert = page.getByRole('alert').filter({ hasText: 'This link does not let you in' });
      await alert.getByText('Code: unauthenticated').waitFor();
      await button(page, 'Join').waitFor();
      await page.locator('video:visible').waitFor();
    } finally {
      await other.stop();
      await closed.stop();
    }
  });

  it('says that it reconnects while the server is away, and goes on afterwards', async () => {
    const restarted = await ServerProcess.start();
    const other = await Visitor.start();
    try {
      const page = await other.open(`${restarted.url}/r/away`);
      await join(page, 'Ada');
      await restarted.kill('SIGKILL');
      const banner = page.getByText('Connection lost. Reconnecting…');
      await banner.waitFor();
      await restarted.spawn();
      await banner.waitFor({ state: 'detached' });
      await tile(page, 'Ada (you)').waitFor();
    } finally {
      await other.stop();
      await restarted.stop();
    }
  });

  it('offers to turn the sound on when the browser waits for a click', async () => {
    const speaker = await visitor.open(`${server.url}/r/sound`);
    await join(speaker, 'Ada');
    const listener = await visitor.open(`${server.url}/r/sound`);
    // A browser's own mood (how often one was here) cannot be set; its answer can.
    await listener.addInitScript(() => {
      let touched = false;
      addEventListener(
        'click',
        () => {
          touched = true;
        },
        { capture: true },
      );
      const play = HTMLAudioElement.prototype.play;
      HTMLAudioElement.prototype.play = function (this: HTMLAudioElement) {
        return touched ? play.call(this) : Promise.reject(new DOMException('', 'NotAllowedError'));
      };
    });
    await join(listener, 'Ben');
    await listener.reload();
    await button(listener, 'Turn sound on').click();
    await button(listener, 'Turn sound on').waitFor({ state: 'detached' });
    await expect
      .poll(
        () =>
          listener.evaluate(() =>
            [...document.querySelectorAll('audio')].some((audio) => !audio.paused && audio.currentTime > 0),
          ),
        { timeout: LIMIT_MS },
      )
      .toBe(true);
    await speaker.context().close();
    await listener.context().close();
  });
});

describe('every page', () => {
  it.each(['light', 'dark'] as const)('has nothing that axe finds wrong (%s)', async (colorScheme) => {
    const start = await visitor.open(server.url, { colorScheme });
    expect(await axeViolations(start)).toEqual([]);
    await start.goto(`${server.url}/r/axe-${colorScheme}`);
    await start.locator('video:visible').waitFor();
    expect(await axeViolations(start)).toEqual([]);
    await join(start, 'Ada');
    const guest = await visitor.open(`${server.url}/r/axe-${colorScheme}`, { colorScheme });
    await join(guest, 'Ben');
    await tile(start, 'Ben').waitFor();
    expect(await axeViolations(start)).toEqual([]);
    await button(start, 'Participants').click();
    await start.getByRole('heading', { name: 'Participants' }).waitFor();
    expect(await axeViolations(start)).toEqual([]);
    await button(start, 'Chat').click();
    await textbox(start, 'Message').fill('See https://example.org');
    await start.keyboard.press('Enter');
    await start.getByRole('link', { name: 'https://example.org' }).waitFor();
    expect(await axeViolations(start)).toEqual([]);
    await button(start, 'Leave').click();
    await button(start, 'Rejoin').waitFor();
    expect(await axeViolations(start)).toEqual([]);
    await start.context().close();
    await guest.context().close();
  });

  it('has no text that is not translated', async () => {
    const page = await visitor.open(`${server.url}/?lang=pseudo`);
    await page.getByRole('heading').first().waitFor();
    expect(await bareStrings(page, [])).toEqual([]);

    await page.goto(`${server.url}/r/prüfung?lang=pseudo`);
    await page.locator('video:visible').waitFor();
    const devices = await page.locator('option').allTextContents();
    const data = [...devices, server.url, encodeURIComponent('prüfung'), 'prüfung', '/r/', 'Ada', 'AD', 'A'];
    expect(await bareStrings(page, data)).toEqual([]);

    await page.getByRole('textbox').fill('Ada');
    await page.keyboard.press('Enter');
    await page.getByRole('group').locator('video').waitFor();
    expect(await bareStrings(page, data)).toEqual([]);
    for (const key of ['p', 'c']) {
      await page.keyboard.press(key);
      await page
        .getByRole('complementary')
        .filter({ has: page.getByRole('button') })
        .last()
        .waitFor();
      expect(await bareStrings(page, data)).toEqual([]);
      await page.keyboard.press('Escape');
    }
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    expect(await bareStrings(page, data)).toEqual([]);
    await page.context().close();
  });

  it('complained about nothing: no error, no violation of the content security policy', () => {
    // Addresses that lead nowhere are answered with 404, and browsers say so.
    const expected = /404 .*\/(a%20b|elsewhere)\)$/;
    expect(visitor.complaints.filter((text) => !expected.test(text))).toEqual([]);
  });
});

describe('the size of the app', () => {
  it('is at most 300 KB of JavaScript (gzip) for everything that a first call loads', async () => {
    const manifest: Record<string, { file: string }> = JSON.parse(
      await readFile(new URL('.vite/manifest.json', dist), 'utf8'),
    );
    const files = new Set(Object.values(manifest).map(({ file }) => file));
    let bytes = 0;
    for (const file of files) {
      if (file.endsWith('.js')) bytes += gzipSync(await readFile(new URL(file, dist))).length;
    }
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes / 1_000).toBeLessThanOrEqual(300);
  });
});
