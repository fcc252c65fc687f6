/**
 * `npm run dev`: the server restarts when its sources change, the app reloads through Vite's development server, which
 * passes everything that is the server's on to it.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { repositoryRoot } from './paths.mjs';
import { say } from './progress.mjs';
import { forwardSignals, nodeEnvironment } from './run.mjs';
import { setUp, withWorker } from './setup.mjs';
import { SetupError } from './setupError.mjs';

/** The server's own paths; every other one is the app's. */
const serverPaths = ['/ws', '/healthz', '/readyz'];

/**
 * @param {import('./arguments.mjs').ParsedArguments} parsed
 * @returns {Promise<number>} exit code
 */
export async function dev({ options }) {
  const worker = await setUp({ assumeYes: options.has('--yes') });
  const web = join(repositoryRoot, 'client/web');
  const target = `http://127.0.0.1:${await serverPort()}`;
  const proxy = Object.fromEntries(serverPaths.map((path) => [path, { target, ws: true }]));
  // Vite belongs to the app's workspace, and is there only after the set-up.
  const vitePath = createRequire(join(web, 'package.json')).resolve('vite');
  /** @type {typeof import('vite')} */
  const { createServer } = await import(pathToFileURL(vitePath).href);
  const app = await createServer({ root: web, server: { proxy } });
  await app.listen();

  const args = ['--watch', '--watch-preserve-output', join(repositoryRoot, 'server/src/main.ts')];
  const server = spawn(process.execPath, args, {
    stdio: 'inherit',
    env: withWorker(worker, nodeEnvironment()),
  });
  forwardSignals(server);
  const ended = new AbortController();
  const open = app.resolvedUrls?.local[0];
  // Last, below the server's own address: this is the one to open.
  whenReady(target, ended.signal).then(() =>
    say(`Develop at ${open} (the address above has the app as built last)`),
  );
  const code = await new Promise((resolve) => server.once('exit', (exitCode) => resolve(exitCode ?? 0)));
  ended.abort();
  await app.close();
  return code;
}

/**
 * The port that the server will listen on, as it reads its settings itself. Imported late, as above.
 * @returns {Promise<number>}
 */
async function serverPort() {
  const { ConfigError, loadConfig } = await import('../src/config.ts');
  try {
    return loadConfig([]).port;
  } catch (error) {
    throw error instanceof ConfigError ? new SetupError(error.message) : error;
  }
}

/**
 * Resolves when the server answers for the first time; never, when it is over before.
 * @param {string} target
 * @param {AbortSignal} over
 */
async function whenReady(target, over) {
  while (!over.aborted) {
    const response = await fetch(`${target}/readyz`, { signal: over }).catch(() => undefined);
    if (response?.ok) return;
    await delay(200);
  }
  await new Promise(() => undefined);
}
