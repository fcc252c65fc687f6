/**
 * Owns one participant of a browser test: a Chromium process of its own with a colour and a tone, driven only by what
 * assistive technology sees (roles and names). Does not own the server.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { chromiumArgs, chromiumPath } from './chromium.ts';
import { type Look, type PictureSize, writeFakeMedia } from './fakeMedia.ts';
import { heardTones, installProbe, tileColour } from './probes.ts';

/** How long a person waits for something to become true; by event, this is only the limit. */
const LIMIT_MS = 30_000;

/** What a person may have of their own. */
export interface PersonOptions {
  /** TURN only. */
  readonly relayOnly?: boolean;
  readonly args?: readonly string[];
  readonly size?: PictureSize;
  /** Instead of the Chromium of all. */
  readonly executablePath?: string;
  /** Chromium's own moving picture of 640x480 instead of the look's colour: it has layers, and is worth some bits. */
  readonly fakeCamera?: boolean;
}

export class Person {
  readonly name: string;
  readonly look: Look;
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the page's console said at warning level or above, and uncaught errors. */
  readonly complaints: string[] = [];
  readonly #browser: Browser;
  readonly #folder: string;

  private constructor(
    name: string,
    look: Look,
    browser: Browser,
    context: BrowserContext,
    page: Page,
    folder: string,
  ) {
    this.name = name;
    this.look = look;
    this.context = context;
    this.page = page;
    this.#browser = browser;
    this.#folder = folder;
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  /** Starts a Chromium whose camera shows the look's colour and whose microphone plays its tone. */
  static async start(name: string, look: Look, options: PersonOptions = {}): Promise<Person> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-person-'));
    const { video, audio } = await writeFakeMedia(folder, look, options.size);
    const browser = await chromium.launch({
      executablePath: options.executablePath ?? chromiumPath,
      args: [
        ...chromiumArgs,
        ...(options.fakeCamera ? [] : [`--use-file-for-fake-video-capture=${video}`]),
        `--use-file-for-fake-audio-capture=${audio}`,
        ...(options.args ?? []),
      ],
    });
    const context = await browser.newContext({ viewport: { width: 800, height: 560 }, locale: 'en-GB' });
    await context.addInitScript(installProbe, options.relayOnly ?? false);
    const page = await context.newPage();
    page.setDefaultTimeout(LIMIT_MS);
    return new Person(name, look, browser, context, page, folder);
  }

  /** Opens a room's page, gives the name and joins; resolves when the own tile is there. */
  async join(url: string): Promise<void> {
    await this.page.goto(url);
    await this.page.getByRole('textbox', { name: 'Your name' }).fill(this.name);
    await this.page.getByRole('button', { name: 'Join', exact: true }).click();
    await this.tile(`${this.name} (you)`).waitFor();
  }

  tile(name: string): Locator {
    return this.page.getByRole('group', { name, exact: true });
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** Waits until somebody's tile shows that person's colour. */
  async sees(other: Person, tileName = other.name): Promise<void> {
    await expect
      .poll(() => tileColour(this.tile(tileName)).catch(() => undefined), {
        timeout: LIMIT_MS,
        interval: 200,
        message: `${this.name} sees the colour of ${tileName}`,
      })
      .toSatisfy((rgb: unknown) => isNear(rgb, other.look.rgb));
  }

  /** Waits until each of the given people's tones has been heard (tones come in bursts). */
  async hears(...others: Person[]): Promise<void> {
    const missing = new Set(others.map((other) => other.look.toneHz));
    await expect
      .poll(
        async () => {
          for (const heard of await heardTones(this.page)) {
            for (const toneHz of missing) if (Math.abs(heard - toneHz) < 20) missing.delete(toneHz);
          }
          return [...missing];
        },
        {
          timeout: LIMIT_MS,
          interval: 60,
          message: `${this.name} hears ${others.map((other) => other.name)}`,
        },
      )
      .toEqual([]);
  }

  /** Names of all tiles, sorted. */
  async tileNames(): Promise<string[]> {
    const groups = await this.page
      .getByRole('group')
      .filter({ has: this.page.locator('video') })
      .all();
    const names = await Promise.all(groups.map((group) => group.getAttribute('aria-label')));
    return names.map((name) => name ?? '').sort();
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Whether a measured colour is the expected one: the same channels dominate, each within 60 of 255. */
function isNear(measured: unknown, expected: Look['rgb']): boolean {
  return (
    Array.isArray(measured) &&
    expected.every((value, index) => Math.abs(Number(measured[index]) - value) < 60)
  );
}
