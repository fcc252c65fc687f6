/**
 * Owns finding and starting a Chromium for the probe: no devices of its own, no talk with the world.
 * Does not own what it is driven to do (BrowserProbe).
 */
import { access, constants } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { UsageError } from '../cli/UsageError.ts';

const usualPaths = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const args = [
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
  // The visitor watches: an encoder of its own would only take CPU from what is measured.
  '--use-fake-ui-for-media-stream',
];

/** The given program, or the first of the usual ones that is there. @throws UsageError */
export async function findChromium(given: string | undefined): Promise<string> {
  for (const path of given === undefined ? usualPaths : [given]) {
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  throw new UsageError(
    `${given === undefined ? 'There is no Chromium on this machine' : `${given} is no program that can be run`}. ` +
      'Install one (Debian: apt-get install chromium), or name yours with --chromium.',
  );
}

/** @throws UsageError when it does not start. */
export async function startChromium(executablePath: string): Promise<Browser> {
  // Loaded late: it is large, and only this scenario needs it.
  const { chromium } = await import('playwright-core');
  // Chromium's sandbox refuses root.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args: [...args, ...sandbox] }).catch((error: unknown) => {
    const line = String(error instanceof Error ? error.message : error).split('\n')[0];
    throw new UsageError(
      `${executablePath} does not start (${line}). Name another Chromium with --chromium.`,
    );
  });
}
