/**
 * Owns how a Chromium of the tests and benchmarks is started. Does not own what it is driven to do.
 */

/** Debian's Chromium, or the one that CHROMIUM_BIN names. */
export const chromiumPath = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';

/** Flags for every Chromium of the tests: no talk with the world, fake devices, no questions. */
export const chromiumArgs = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  // Hidden tabs must go on playing: a test looks at several at once.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];
