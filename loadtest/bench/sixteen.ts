/**
 * Owns the figure "16 people": one Chromium process, 16 tabs, 320x180 at 5 frames a second; every tile of one tab plays.
 * One of them speaks, the others are muted, as in a meeting. Does not own the server.
 */
import type { Browser } from 'playwright-core';

const PEOPLE = 16;

/** How many of the 15 remote tiles of the last tab decode frames, and how long until all did. */
export async function measureSixteen(
  browser: Browser,
  roomUrl: string,
): Promise<{ playing: number; expected: number; untilAllMs: number; framesPerSecond: number }> {
  const context = await browser.newContext();
  // A small camera picture, as 16 encoders and 240 decoders share the machine with the server.
  await context.addInitScript(() => {
    const devices = navigator.mediaDevices;
    const original = devices.getUserMedia.bind(devices);
    devices.getUserMedia = (constraints) =>
      original(
        constraints?.video
          ? { ...constraints, video: { width: 320, height: 180, frameRate: 5 } }
          : constraints,
      );
  });
  let last = await context.newPage();
  for (let index = 0; index < PEOPLE; index++) {
    if (index > 0) last = await context.newPage();
    // Only the last one is looked at: Chromium without a GPU paints every pixel of the others on the same cores.
    if (index < PEOPLE - 1) await last.setViewportSize({ width: 400, height: 300 });
    await last.goto(roomUrl);
    await last.getByRole('textbox', { name: 'Your name' }).fill(`Person ${index + 1}`);
    // The choice is remembered: whoever follows comes muted.
    if (index === 1) await last.getByRole('button', { name: 'Mute', exact: true }).click();
    await last.getByRole('button', { name: 'Join', exact: true }).click();
    await last.getByRole('group', { name: `Person ${index + 1} (you)` }).waitFor({ timeout: 120_000 });
  }
  const startedAt = Date.now();
  const counts = () =>
    last.evaluate(() =>
      [...document.querySelectorAll<HTMLVideoElement>('[role=group] video')]
        .filter((video) => !video.closest('[role=group]')?.getAttribute('aria-label')?.endsWith('(you)'))
        .map((video) => video.getVideoPlaybackQuality().totalVideoFrames),
    );
  const expected = PEOPLE - 1;
  const deadline = startedAt + 120_000;
  let playing = 0;
  let before = await counts();
  let framesPerSecond = 0;
  while (playing < expected && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const after = await counts();
    const grown = after.map((count, index) => count - (before[index] ?? 0));
    playing = grown.filter((count) => count > 0).length;
    framesPerSecond = grown.reduce((sum, count) => sum + count, 0) / 2 / expected;
    before = after;
  }
  const untilAllMs = Date.now() - startedAt;
  await context.close();
  return { playing, expected, untilAllMs, framesPerSecond: Math.round(framesPerSecond * 10) / 10 };
}
