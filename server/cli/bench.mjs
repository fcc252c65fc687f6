/**
 * `npm run bench`: set-up, then this process becomes the benchmark. Chromium comes with the tests' packages.
 */
import { join } from 'node:path';
import { repositoryRoot } from './paths.mjs';
import { become, nodeEnvironment } from './run.mjs';
import { setUp, withWorker } from './setup.mjs';

/**
 * @param {import('./arguments.mjs').ParsedArguments} parsed
 * @returns {Promise<never>}
 */
export async function bench({ options, rest }) {
  const worker = await setUp({ assumeYes: options.has('--yes'), forTests: true });
  const benchmark = join(repositoryRoot, 'loadtest/bench/index.ts');
  return become(process.execPath, [benchmark, ...rest], withWorker(worker, nodeEnvironment()));
}
