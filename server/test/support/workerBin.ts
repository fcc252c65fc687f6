/**
 * Owns where tests get the mediasoup-worker binary from: the one given, else the way `npm start` gets it.
 * Does not own how it is fetched or built (server/worker).
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const obtain = new URL('../../worker/obtain.mjs', import.meta.url).pathname;

let path: Promise<string> | undefined;

/** Path of a worker binary; found once per test process. */
export function workerBin(): Promise<string> {
  path ??= find();
  return path;
}

async function find(): Promise<string> {
  const given = process.env.MEDIASOUP_WORKER_BIN;
  if (given) return given;
  // Progress goes to stderr, the path to stdout.
  const { stdout } = await promisify(execFile)(process.execPath, [obtain]);
  return stdout.trim();
}
