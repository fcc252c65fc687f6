/**
 * `npm test`: set-up, the checks, then every suite. The last line that it prints is the sum.
 */
import { runChecks } from './check.mjs';
import { say } from './progress.mjs';
import { nodeEnvironment } from './run.mjs';
import { setUp, withWorker } from './setup.mjs';
import { closing, runSuite, sum } from './suites.mjs';

/**
 * @param {import('./arguments.mjs').ParsedArguments} parsed
 * @returns {Promise<number>} exit code
 */
export async function test({ options }) {
  const worker = await setUp({ assumeYes: options.has('--yes'), forTests: true });
  const env = withWorker(worker, nodeEnvironment());
  const counts = [await runChecks()];
  for (const project of /** @type {const} */ (['integration', 'browser'])) {
    say(`\nSuite: ${project}`);
    counts.push(await runSuite(project, env));
  }
  const total = sum(counts);
  process.stdout.write(`${closing(total)}\n`);
  return total.failed === 0 ? 0 : 1;
}
