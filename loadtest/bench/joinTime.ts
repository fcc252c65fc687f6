/**
 * Owns the figure "click on Join to the first decoded remote frame": 20 joins of a real Chromium beside one publisher.
 * Does not own load; prints, never judges.
 */
import type { Browser, Page } from 'playwright-core';
import { percentile } from './statistics.ts';

const JOINS = 20;

/** Milliseconds from the click to the first decoded frame of somebody else's video, one per join, in order. */
export async function measureJoins(browser: Browser, roomUrl: string): Promise<number[]> {
  const publisher = await browser.newContext();
  const first = await publisher.newPage();
  await joinAs(first, roomUrl, 'Publisher');
  await first.getByRole('group', { name: 'Publisher (you)' }).waitFor();

  const times: number[] = [];
  for (let index = 0; index < JOINS; index++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    // The clock starts at the click itself and stops at requestVideoFrameCallback, both in the page.
    await page.addInitScript(() => {
      addEventListener(
        'click',
        (event) => {
          const button = event.target instanceof Element ? event.target.closest('button') : null;
          if (button?.textContent?.trim() !== 'Join') return;
          const clickedAt = performance.now();
          const seen = new WeakSet<Element>();
          const look = () => {
            for (const video of document.querySelectorAll('[role=group] video')) {
              const name = video.closest('[role=group]')?.getAttribute('aria-label') ?? '';
              if (seen.has(video) || name.endsWith('(you)') || !(video instanceof HTMLVideoElement)) continue;
              seen.add(video);
              video.requestVideoFrameCallback(() => {
                document.documentElement.dataset.joinMs ??= String(performance.now() - clickedAt);
              });
            }
            requestAnimationFrame(look);
          };
          look();
        },
        { capture: true },
      );
    });
    await joinAs(page, roomUrl, `Viewer ${index + 1}`);
    await page.waitForFunction(() => document.documentElement.dataset.joinMs !== undefined);
    times.push(Number(await page.evaluate(() => document.documentElement.dataset.joinMs)));
    await context.close();
  }
  await publisher.close();
  return times;
}

async function joinAs(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url);
  await page.getByRole('textbox', { name: 'Your name' }).fill(name);
  // As people do: they have seen themselves before they join.
  await page.waitForFunction(() => (document.querySelector('video')?.videoWidth ?? 0) > 0);
  await page.getByRole('button', { name: 'Join', exact: true }).click();
}

/** One line for the report. */
export const joinLine = (times: readonly number[]): string =>
  `Join to first remote frame, ${times.length} joins: p50 ${percentile(times, 50)} ms, p95 ${percentile(times, 95)} ms, max ${percentile(times, 100)} ms`;
