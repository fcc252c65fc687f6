/**
 * The npm packages of the repository: installed by `npm ci` when they are missing or the lock file has changed.
 * What a developer's own `npm install` has left counts as installed when it is what the lock file asks for.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from './paths.mjs';
import { step } from './progress.mjs';
import { lastLines, npmCommand, runLogged } from './run.mjs';
import { SetupError } from './setupError.mjs';
import { hashOf, isCurrent, removeStamp, writeStamp } from './stamp.mjs';

/**
 * @typedef {object} LockEntry
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {boolean} [link]
 * @property {boolean} [optional]
 * @property {string[]} [os]
 * @property {string[]} [cpu]
 * @property {string[]} [libc]
 */

/**
 * Installs the npm packages when that is needed.
 * @param {string} [root] the repository
 * @throws {SetupError}
 */
export async function installDependencies(root = repositoryRoot) {
  const stamp = join(root, 'node_modules', '.parley-installed');
  const hash = await hashOf(root, ['package-lock.json']);
  if (await isCurrent(stamp, hash)) return;
  if (!(await matchesLock(root))) {
    await removeStamp(stamp);
    await step('Installing npm packages', () => npmCi(root));
  }
  await writeStamp(stamp, hash);
}

/** @param {string} root */
async function npmCi(root) {
  const npm = npmCommand();
  // Development packages are asked for by name: NODE_ENV=production or an `omit` in the user's settings would drop them.
  const flags = [
    '--include=dev',
    '--include=optional',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
  ];
  const args = [...npm.args, 'ci', ...flags];
  const { code, output, log } = await runLogged('npm-ci', npm.file, args, { cwd: root });
  if (code === 127) throw new SetupError('npm was not found.', 'Install npm (Debian: apt-get install npm).');
  if (code !== 0) {
    throw new SetupError(
      `npm could not install the packages:\n${lastLines(errorsOf(output))}`,
      `Check that this machine reaches the npm registry (npm ping) and run the command again. Log: ${log}`,
    );
  }
}

/**
 * npm ends with the name of its own log, which says nothing; its errors come before.
 * @param {string} output
 * @returns {string}
 */
function errorsOf(output) {
  const errors = output
    .split('\n')
    .filter((line) => /^npm (ERR!|error) /.test(line) && !/complete log/.test(line));
  return errors.length > 0 ? errors.slice(0, 8).join('\n') : output;
}

/**
 * Whether node_modules holds what the lock file asks for. npm keeps a lock file of what it has laid down in there.
 * @param {string} root
 * @returns {Promise<boolean>}
 */
async function matchesLock(root) {
  const [wanted, installed] = await Promise.all(
    ['package-lock.json', join('node_modules', '.package-lock.json')].map((file) =>
      lockEntries(join(root, file)),
    ),
  );
  if (!wanted || !installed) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) return true; // the workspaces themselves
    const found = installed[path];
    if (!found) return entry.optional === true && !fitsHere(entry);
    return (
      found.version === entry.version && found.integrity === entry.integrity && found.link === entry.link
    );
  });
}

/**
 * An optional package for another platform is rightly absent; one without a platform belongs to such a package.
 * @param {LockEntry} entry
 * @returns {boolean}
 */
function fitsHere({ os, cpu, libc }) {
  if (!os && !cpu) return false;
  const isMusl = libc !== undefined && !libc.includes('glibc');
  return (os?.includes(process.platform) ?? true) && (cpu?.includes(process.arch) ?? true) && !isMusl;
}

/**
 * @param {string} file
 * @returns {Promise<Record<string, LockEntry> | undefined>} undefined when there is no readable lock file
 */
async function lockEntries(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}
