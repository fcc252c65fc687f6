/**
 * `npm run dev`: the server restarts when its sources change, the app reloads through Vite's development server, which
 * passes everything that is the server's on to it.
 */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseEnv } from 'node:util';
import { repositoryRoot } from './paths.mjs';
import { say } from './progress.mjs';
import { forwardSignals, nodeEnvironment } from './run.mjs';
import { setUp, withWorker } from './setup.mjs';

/** The server's own paths; every other one is the app's. */
const serverPaths = ['/ws', '/healthz', '/readyz'];

/**
 * @param {import('./arguments.mjs').ParsedArguments} parsed
 * @returns {Promise<number>} exit code
 */
export async function dev({ options }) {
  const worker = await setUp({ assumeYes: options.has('--yes') });
  const web = join(repositoryRoot, 'client/web');
  // The server reads its settings from the environment and from `.env`, in this order.
  const fromFile = parseEnv(await readFile(join(repositoryRoot, '.env'), 'utf8').catch(() => ''));
  const target = `http://127.0.0.1:${process.env.PORT ?? fromFile.PORT ?? '3000'}`;
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
  say(`Develop at ${app.resolvedUrls?.local[0]} (the server behind it: ${target})`);
  const code = await new Promise((resolve) => server.once('exit', (exitCode) => resolve(exitCode ?? 0)));
  await app.close();
  return code;
}
