/**
 * Owns a browser of the page tests: one Chromium with given flags, and what its pages complained about.
 * Does not own people in calls with colours and tones (Person).
 */
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import { chromiumArgs, chromiumPath } from './chromium.ts';

const LIMIT_MS = 30_000;

/** What a browser may do with devices. */
export type DeviceAccess = 'granted' | 'denied' | 'missing';

/** One Chromium; each page has a context (storage, permissions) of its own. */
export class Visitor {
  /** Errors and warnings of all pages: a violation of the content security policy is one. */
  readonly complaints: string[] = [];
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async start(access: DeviceAccess = 'granted', args: readonly string[] = []): Promise<Visitor> {
    const dropped = {
      granted: [],
      denied: ['--use-fake-ui-for-media-stream'],
      missing: ['--use-fake-device-for-media-stream'],
    }[access] as string[];
    return new Visitor(
      await chromium.launch({
        executablePath: chromiumPath,
        args: [
          ...chromiumArgs.filter((arg) => !dropped.includes(arg)),
          ...(access === 'denied' ? ['--deny-permission-prompts'] : []),
          ...args,
        ],
      }),
    );
  }

  /** Opens an address as somebody who was never here. */
  async open(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context: BrowserContext = await this.#browser.newContext({ locale: 'en-GB', ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(LIMIT_MS);
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) {
        this.complaints.push(`${message.text()} (${message.location().url})`);
      }
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    await page.goto(url);
    return page;
  }

  async stop(): Promise<void> {
    await this.#browser.close();
  }
}
