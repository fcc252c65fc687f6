/**
 * Owns the visits of a real Chromium: it opens the app, joins as a person does, watches for a while, leaves.
 * Does not own the load beside it (scenarios/probe.ts) nor what is measured in the page (pageWatch.ts).
 */
import type { Browser } from 'playwright-core';
import type { Visit } from '../report/Observations.ts';
import { startChromium } from './chromium.ts';
import { installWatch, readPlayback } from './pageWatch.ts';

/** Who sees nothing after this long has gone away. */
const PATIENCE_MS = 30_000;

/** A browser that visits. */
export class BrowserProbe {
  readonly #browser: Browser;

  /** @throws UsageError */
  static async start(executablePath: string): Promise<BrowserProbe> {
    return new BrowserProbe(await startChromium(executablePath));
  }

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** One visit, with an empty cache and no memory of the one before. */
  async visit(pageUrl: string, name: string, watchMs: number): Promise<Visit> {
    const context = await this.#browser.newContext({ locale: 'en-GB' });
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      await page.addInitScript(installWatch);
      await page.goto(pageUrl);
      await page.getByRole('textbox', { name: 'Your name' }).fill(name);
      await page.getByRole('button', { name: 'Join', exact: true }).click();
      const came = await page
        .waitForFunction(() => document.documentElement.dataset.firstFrameMs)
        .then((handle) => handle.jsonValue())
        .catch(() => undefined);
      if (came === undefined) {
        return { firstFrameMs: undefined, freezes: 0, frozenMs: 0, audioGaps: 0, audioGapMs: 0 };
      }
      await page.waitForTimeout(watchMs);
      return { firstFrameMs: Number(came), ...(await page.evaluate(readPlayback)) };
    } finally {
      await context.close();
    }
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}
