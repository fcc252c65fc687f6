/**
 * What set-up tells the user: one line per step with its duration, and a sign of life in between.
 * Everything goes to stderr, so that stdout stays with the program that follows.
 */

const heartbeatMs = 15_000;

/**
 * @param {number} sinceMs
 * @returns {string} for example `0.4 s` or `2 min 05 s`
 */
function elapsed(sinceMs) {
  const seconds = (Date.now() - sinceMs) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

/**
 * Prints one line to stderr.
 * @param {string} line
 */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs one step and prints its line. At a terminal the line counts the seconds; elsewhere a line every 15 s shows that
 * the step is alive.
 * @template T
 * @param {string} title what is done, for example `Installing npm packages`
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const startedMs = Date.now();
  const live = process.stderr.isTTY === true;
  const draw = () => process.stderr.write(`\r\x1b[K  ${title} … ${elapsed(startedMs)}`);
  if (live) draw();
  const timer = setInterval(
    () => (live ? draw() : say(`  ${title} … ${elapsed(startedMs)}`)),
    live ? 500 : heartbeatMs,
  );
  const finish = (/** @type {string} */ mark) => {
    clearInterval(timer);
    say(`${live ? '\r\x1b[K' : ''}${mark} ${title} (${elapsed(startedMs)})`);
  };
  try {
    const result = await work();
    finish('✓');
    return result;
  } catch (error) {
    finish('✗');
    throw error;
  }
}
