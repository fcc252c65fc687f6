/**
 * `npm run check`: format, lint with the import rules, types, dead code, unit tests; also the first part of `npm test`.
 * Every step runs even when an earlier one failed, so that one run shows everything there is to mend.
 */
import { join } from 'node:path';
import { installDependencies } from './dependencies.mjs';
import { repositoryRoot } from './paths.mjs';
import { say, step } from './progress.mjs';
import { capture, nodeEnvironment } from './run.mjs';
import { closing, runSuite, sum } from './suites.mjs';

/** @typedef {import('./suites.mjs').Counts} Counts */

/**
 * @typedef {object} CheckStep
 * @property {string} title
 * @property {string} program path of a JavaScript file, relative to `node_modules`
 * @property {string[]} args
 */

/** The folders with a tsconfig.json of their own; the root's is for tool configuration. */
const typedFolders = ['server/protocol', 'server', 'server/cli', 'client', 'client/web/e2e', 'loadtest', '.'];

/** @type {CheckStep} */
export const lintStep = {
  title: 'Format, lint and import rules',
  program: '@biomejs/biome/bin/biome',
  args: ['check', '--error-on-warnings'],
};

/** @type {CheckStep} */
export const deadCodeStep = { title: 'Dead code', program: 'knip/bin/knip.js', args: [] };

/** @type {CheckStep[]} */
const steps = [
  lintStep,
  ...typedFolders.map((folder) => ({
    title: `Types: ${folder}`,
    program: 'typescript/bin/tsc',
    args: ['-p', folder, '--noEmit'],
  })),
  deadCodeStep,
];

/**
 * Runs one step on a tree.
 * @param {CheckStep} checkStep
 * @param {string} [folder] default: the repository
 * @returns {Promise<{passed: boolean, output: string}>}
 */
export async function runStep({ program, args }, folder = repositoryRoot) {
  const file = join(repositoryRoot, 'node_modules', program);
  const colour = process.stderr.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: '1' } : {};
  const env = { ...nodeEnvironment(), ...colour };
  const { code, output } = await capture(process.execPath, [file, ...args], { cwd: folder, env });
  return { passed: code === 0, output };
}

/**
 * Runs all steps and the unit tests.
 * @returns {Promise<Counts>} the unit tests' counts; each failed step is one failure more
 */
export async function runChecks() {
  const counts = [];
  for (const checkStep of steps) {
    const failure = await step(checkStep.title, async () => {
      const { passed, output } = await runStep(checkStep);
      if (!passed) throw new StepFailure(output);
    }).catch((error) => {
      if (error instanceof StepFailure) return error;
      throw error;
    });
    if (!failure) continue;
    say(failure.message.trimEnd());
    counts.push({ passed: 0, failed: 1, skipped: 0, failedParts: [checkStep.title] });
  }
  counts.push(await runSuite('unit'));
  return sum(counts);
}

/** @returns {Promise<number>} exit code */
export async function check() {
  await installDependencies();
  const counts = await runChecks();
  process.stdout.write(`${closing(counts)}\n`);
  return counts.failed === 0 ? 0 : 1;
}

/** Carries a failed step's output through {@link step}, which marks the line. */
class StepFailure extends Error {}
