/**
 * Owns `npm run bench`: the figures of the README, for which it starts a server and a Chromium of its own, and the comparison.
 * Does not judge: figures are read, not asserted. Does not own the comparison itself (compare/) nor the load tool (src/).
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { chromiumArgs, chromiumPath } from '../../client/web/e2e/support/chromium.ts';
import { looks, writeFakeMedia } from '../../client/web/e2e/support/fakeMedia.ts';
import { ServerProcess } from '../../server/test/support/serverProcess.ts';
import { runCompare } from './compare/runCompare.ts';
import { runCrowd } from './crowd/runCrowd.ts';
import { runCycles } from './cycles/runCycles.ts';
import { joinLine, measureJoins } from './joinTime.ts';
import { printRoomLog } from './roomLog.ts';
import { printSignaling } from './signaling/signaling.ts';
import { measureSixteen } from './sixteen.ts';

const dist = fileURLToPath(new URL('../../client/web/dist', import.meta.url));

/** Scripts that the page loads before anything is clicked: the entry and what it preloads, gzip bytes. */
function firstLoadBytes(): number {
  const html = readFileSync(join(dist, 'index.html'), 'utf8');
  const files = new Set([...html.matchAll(/(?:src|href)="(\/[^"]+\.js)"/g)].map((match) => match[1] ?? ''));
  return [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file))).length, 0);
}

const figures = ['size', 'join', 'sixteen', 'signaling', 'roomLog'] as const;
type Figure = (typeof figures)[number];

/** Measures and prints. */
async function printFigures(wants: (figure: Figure) => boolean): Promise<void> {
  console.log(`Machine: ${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}`);
  if (wants('size'))
    console.log(`First load of the app: ${Math.round(firstLoadBytes() / 1024)} KB of JavaScript (gzip)`);
  if (wants('signaling')) await printSignaling();
  if (wants('roomLog')) await printRoomLog();
  if (!wants('join') && !wants('sixteen')) return;
  const server = await ServerProcess.start({ environment: { PARLEY_LOG_LEVEL: 'warn' } });
  // 320x180 at 10 frames a second, as in the browser tests: the browsers' software codecs share the cores with the server.
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'));
  const { video, audio } = await writeFakeMedia(folder, looks.green);
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    args: [
      ...chromiumArgs,
      `--use-file-for-fake-video-capture=${video}`,
      `--use-file-for-fake-audio-capture=${audio}`,
    ],
  });
  try {
    if (wants('join')) console.log(joinLine(await measureJoins(browser, `${server.url}/r/bench-join`)));
    if (wants('sixteen')) {
      const { playing, expected, untilAllMs, framesPerSecond } = await measureSixteen(
        browser,
        `${server.url}/r/bench-sixteen`,
      );
      console.log(
        `16 people, 320x180 at 5 frames a second: ${playing} of ${expected} tiles play after ${untilAllMs} ms, ${framesPerSecond} frames a second each`,
      );
    }
  } finally {
    await browser.close();
    await server.stop();
    await rm(folder, { recursive: true });
  }
}

const [command, ...rest] = process.argv.slice(2);
const figure = figures.find((one) => one === command);
if (command === 'compare') process.exitCode = await runCompare(rest);
else if (command === 'crowd') process.exitCode = await runCrowd(rest);
else if (command === 'cycles') process.exitCode = await runCycles(rest);
else if (figure !== undefined && rest.length === 0) await printFigures((one) => one === figure);
else if (command === undefined || command === '--quick') {
  await printFigures(() => true);
  process.exitCode = await runCompare(process.argv.slice(2));
} else {
  console.error(
    `Usage: npm run bench [-- ${figures.join('|')}|compare|crowd|cycles|--quick]; "compare help", "crowd help" and "cycles help" tell their options`,
  );
  process.exitCode = 2;
}
