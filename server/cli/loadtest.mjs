/**
 * `npm run loadtest`: the npm packages, then this process becomes the load tool. It needs no media worker of its own: the server under
 * test has one, and may be anywhere.
 */
import { join } from 'node:path';
import { installDependencies } from './dependencies.mjs';
import { repositoryRoot } from './paths.mjs';
import { become, nodeEnvironment } from './run.mjs';

/**
 * @param {import('./arguments.mjs').ParsedArguments} parsed
 * @returns {Promise<never>}
 */
export async function loadtest({ rest }) {
  await installDependencies();
  return become(process.execPath, [join(repositoryRoot, 'loadtest/src/main.ts'), ...rest], nodeEnvironment());
}
