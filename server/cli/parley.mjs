/**
 * Entry of every npm script: reads the arguments, sees to a recent Node, runs the command, ends with its exit code.
 * Files under server/cli are plain JavaScript without dependencies: they run before anything is installed.
 */
import { parseArguments } from './arguments.mjs';
import { continueWith, isRecentEnough, obtainNode } from './node24.mjs';
import { repositoryRoot } from './paths.mjs';
import { say } from './progress.mjs';
import { Interrupted } from './run.mjs';
import { SetupError } from './setupError.mjs';
import { closing } from './suites.mjs';

/**
 * The commands load what they need, so that `--help` and a mistyped option answer at once.
 * @type {Record<string, (parsed: import('./arguments.mjs').ParsedArguments) => Promise<number>>}
 */
const programs = {
  start: async (parsed) => (await import('./start.mjs')).start(parsed),
  test: async (parsed) => (await import('./test.mjs')).test(parsed),
  check: async () => (await import('./check.mjs')).check(),
  dev: async (parsed) => (await import('./dev.mjs')).dev(parsed),
  bench: async (parsed) => (await import('./bench.mjs')).bench(parsed),
  loadtest: async (parsed) => (await import('./loadtest.mjs')).loadtest(parsed),
};

/**
 * @param {string[]} args
 * @returns {Promise<number>} exit code
 */
async function main(args) {
  const parsed = parseArguments(args);
  if ('help' in parsed) {
    process.stdout.write(`${parsed.help}\n`);
    return 0;
  }
  if (!isRecentEnough()) return continueWith(await obtainNode());
  process.chdir(repositoryRoot);
  const program = programs[parsed.command];
  if (!program) throw new Error(`The command ${parsed.command} has no program.`);
  return program(parsed);
}

const args = process.argv.slice(2);
try {
  process.exitCode = await main(args);
} catch (error) {
  if (error instanceof SetupError) say([error.message, error.mend].filter(Boolean).join('\n'));
  else say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  // A set-up that fails is a failed test run: what reads the closing line finds one.
  if (args[0] === 'test')
    process.stdout.write(`${closing({ passed: 0, failed: 1, skipped: 0, failedParts: ['Set-up'] })}\n`);
  process.exitCode = error instanceof Interrupted ? error.exitCode : 1;
}
