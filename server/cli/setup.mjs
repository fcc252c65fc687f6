/**
 * The set-up that commands share, each part only when it is due: npm packages, the media worker, the web app.
 * Owns their order and that system packages are asked for once.
 */
import { createReporter } from '../worker/report.mjs';
import { buildWebApp } from './build.mjs';
import { installDependencies } from './dependencies.mjs';
import { testPackages, workerPackages } from './requiredPackages.mjs';
import { areOutOfReach, ensurePackages } from './systemPackages.mjs';

/**
 * Sets up what the server needs to run.
 * @param {object} options
 * @param {boolean} options.assumeYes `--yes`: install system packages without asking
 * @param {boolean} [options.forTests] the tests' system packages too
 * @returns {Promise<string>} the path of the media worker
 * @throws {import('./setupError.mjs').SetupError}
 */
export async function setUp({ assumeYes, forTests = false }) {
  const testing = forTests ? testPackages : [];
  // The tests' packages come along, so that there is one question, not two.
  const required = [...workerPackages, ...testing];
  await installDependencies();
  // Imported late: it may reach for npm packages, which were perhaps not there when this file was loaded.
  const { obtainWorker } = await import('../worker/obtain.mjs');
  const reporter = createReporter();
  /** @type {string[]} */
  const held = [];
  // Who needs packages and may not install them is told one line with the command, and not what was tried before.
  const isHeld = await areOutOfReach(required, { assumeYes });
  const { path } = await obtainWorker({
    report: isHeld ? { ...reporter, say: (line) => held.push(line) } : reporter,
    beforeBuild: () => ensurePackages(required, { assumeYes }),
  });
  await ensurePackages(testing, { assumeYes });
  for (const line of held) reporter.say(line);
  await buildWebApp();
  return path;
}

/**
 * The environment in which the server and its tests run.
 * @param {string} workerPath
 * @param {NodeJS.ProcessEnv} environment
 * @returns {NodeJS.ProcessEnv}
 */
export function withWorker(workerPath, environment) {
  return { ...environment, MEDIASOUP_WORKER_BIN: workerPath };
}
