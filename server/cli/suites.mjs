/**
 * Runs one vitest project and counts what came of it. Owns the closing line of `npm test`.
 * A suite that breaks without a failing test (an import error, an unhandled rejection, a crash) counts as one failure.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from './paths.mjs';
import { say } from './progress.mjs';
import { nodeEnvironment, runVisibly } from './run.mjs';

/** Every test has its own limit; this one is for a suite that hangs in between, so that `npm test` always ends. */
const suiteLimitMs = 20 * 60_000;

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped `todo` included
 * @property {string[]} failedParts the suites and checks with a failure, as their headings name them
 */

/**
 * The part of vitest's JSON report that is read.
 * @typedef {object} Report
 * @property {{status: string, assertionResults: {status: string}[]}[]} testResults one per file
 */

/**
 * @param {'unit' | 'integration' | 'browser'} project
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<Counts>}
 */
export async function runSuite(project, env = nodeEnvironment()) {
  const folder = await mkdtemp(join(tmpdir(), 'parley-report-'));
  try {
    const report = join(folder, 'report.json');
    const vitest = join(repositoryRoot, 'node_modules/vitest/vitest.mjs');
    // The reporters are named: vitest would otherwise choose by the environment that it believes to see.
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const args = [vitest, 'run', '--project', project, ...reporters];
    // Whatever the caller's is: `production` changes libraries under test, and what npm installs for them.
    const startedMs = Date.now();
    const options = { env: { ...env, NODE_ENV: 'test' }, timeLimitMs: suiteLimitMs };
    const code = await runVisibly(process.execPath, args, options);
    if (Date.now() - startedMs >= suiteLimitMs) say(`The suite "${project}" hung and was ended.`);
    const counts = countsOf(await readReport(report), code);
    return { ...counts, failedParts: counts.failed > 0 ? [`Suite: ${project}`] : [] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {Report | undefined} report undefined when vitest wrote none
 * @param {number} exitCode vitest's
 * @returns {Omit<Counts, 'failedParts'>}
 */
export function countsOf(report, exitCode) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report?.testResults ?? []) {
    const before = counts.failed;
    for (const { status } of file.assertionResults) {
      if (status === 'passed') counts.passed += 1;
      else if (status === 'failed') counts.failed += 1;
      else counts.skipped += 1;
    }
    if (file.status === 'failed' && counts.failed === before) counts.failed += 1;
  }
  if (exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

/**
 * @param {Counts[]} all
 * @returns {Counts}
 */
export function sum(all) {
  /** @type {Counts} */
  const total = { passed: 0, failed: 0, skipped: 0, failedParts: [] };
  for (const { passed, failed, skipped, failedParts } of all) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
    total.failedParts.push(...failedParts);
  }
  return total;
}

/**
 * @param {Counts} counts
 * @returns {string} what to look for above, if anything; then the sum, which scripts read as the last line
 */
export function closing({ passed, failed, skipped, failedParts }) {
  const sumLine = `${passed} passed, ${failed} failed, ${skipped} skipped`;
  return failedParts.length === 0 ? sumLine : `Failed: ${failedParts.join(', ')}\n${sumLine}`;
}

/**
 * @param {string} file
 * @returns {Promise<Report | undefined>}
 */
async function readReport(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}
