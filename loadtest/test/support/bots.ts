/**
 * Owns what tests of bots need of each other's: waiting for what bots report, and one track of many.
 * Does not own bots (src/bot) nor what is expected of them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bot, TrackReport } from '../../src/bot/index.ts';

/** Waits until it is so; gives how long that took, in milliseconds. @throws Error with the condition when it does not come true. */
export async function until(condition: () => boolean, limitMs = 30_000): Promise<number> {
  const startedMs = performance.now();
  while (!condition()) {
    if (performance.now() - startedMs > limitMs) throw new Error(`not within ${limitMs} ms: ${condition}`);
    await delay(5);
  }
  return performance.now() - startedMs;
}

/** What a bot receives of a source, by whoever sends it first. @throws Error when there is none. */
export function trackOf(bot: Bot, source: TrackReport['source']): TrackReport {
  const track = bot.tracks().find((item) => item.source === source);
  if (!track) throw new Error(`no ${source}`);
  return track;
}
