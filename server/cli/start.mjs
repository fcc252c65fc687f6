/**
 * `npm start`: set-up, then this process becomes the server.
 */
import { join } from 'node:path';
import { repositoryRoot } from './paths.mjs';
import { become, nodeEnvironment } from './run.mjs';
import { setUp, withWorker } from './setup.mjs';

/**
 * @param {import('./arguments.mjs').ParsedArguments} parsed
 * @returns {Promise<never>}
 */
export async function start({ options }) {
  const worker = await setUp({ assumeYes: options.has('--yes') });
  const server = join(repositoryRoot, 'server/src/main.ts');
  const lan = options.has('--lan') ? ['--lan'] : [];
  return become(process.execPath, [server, ...lan], withWorker(worker, nodeEnvironment()));
}
