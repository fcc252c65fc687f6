/**
 * Is a worker binary fit for use on this machine? Does it start, and does it pass the exercise of handshake.mjs?
 * That one runs in a process of its own, because a native WebRTC peer keeps the process it ran in alive.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The worker's own exit code for "started without MEDIASOUP_VERSION": it loaded all its libraries and ran. */
const missingVersionExitCode = 41;
/** Generous: on a machine at full load a short limit would throw away a good worker, and minutes of building. */
const startLimitMs = 30_000;
/** Longer than all limits of handshake.mjs together, which names what took too long. */
const exerciseLimitMs = 180_000;

/**
 * @typedef {object} Verification
 * @property {'dtlsGcm' | 'transport'} level see Provenance in cache.mjs
 * @property {string} detail for the log
 */

/**
 * Does the binary start at all on this machine: right architecture, right libc, all shared libraries there?
 * @param {string} path
 * @returns {Promise<void>}
 * @throws {Error} saying why not
 */
export async function checkStarts(path) {
  // An empty environment, so that it stops at its first check instead of waiting for a channel.
  const { code, signal, stderr } = await run(path, [], {}, startLimitMs);
  if (code === missingVersionExitCode) return;
  throw new Error(
    `it does not run here: ${reasonOf(stderr) || (signal ? `ended by ${signal}` : `exit code ${code}`)}`,
  );
}

/**
 * The whole check. Needs Node >= 22 (mediasoup) and the installed npm packages.
 * @param {string} path
 * @returns {Promise<Verification>}
 * @throws {Error} saying what failed
 */
export async function verifyWorker(path) {
  await checkStarts(path);
  const program = fileURLToPath(new URL('handshake.mjs', import.meta.url));
  const { code, signal, stdout, stderr } = await run(
    process.execPath,
    [program, path],
    process.env,
    exerciseLimitMs,
  );
  if (code === 0) return JSON.parse(stdout);
  throw new Error(reasonOf(stderr) || `its check ended by ${signal ?? `exit code ${code}`}`);
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {number} limitMs
 * @returns {Promise<{code: number | null, signal: string | null, stdout: string, stderr: string}>}
 */
async function run(program, args, env, limitMs) {
  const child = spawn(program, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  const said = { stdout: '', stderr: '' };
  for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
    child[name].setEncoding('utf8').on('data', (text) => {
      said[name] = (said[name] + text).slice(0, 4_000);
    });
  }
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (...end) => resolve(end));
  });
  return { code, signal, ...said };
}

/**
 * @param {string} stderr
 * @returns {string} its first line
 */
function reasonOf(stderr) {
  return stderr.trim().split('\n', 1)[0] ?? '';
}
