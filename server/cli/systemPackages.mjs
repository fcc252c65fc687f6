/**
 * Debian packages: what is missing is shown as one exact command and installed with the user's consent.
 * Consent is Enter at a terminal, `--yes`, or being root where nobody can be asked (a container, CI).
 */
import { createInterface } from 'node:readline/promises';
import { missingPackages } from '../worker/packages.mjs';
import { say, step } from './progress.mjs';
import { capture, lastLines, runLogged, runVisibly } from './run.mjs';
import { SetupError } from './setupError.mjs';

/** @typedef {import('./requiredPackages.mjs').RequiredPackage} RequiredPackage */

/**
 * @typedef {object} Situation
 * @property {boolean} isRoot
 * @property {boolean} hasSudo
 * @property {boolean} isInteractive somebody sits at a terminal
 * @property {boolean} assumeYes `--yes` was given
 */

/**
 * What to do about missing packages.
 * @param {Situation} situation
 * @returns {'install' | 'ask' | 'refuse'}
 */
export function decide({ isRoot, hasSudo, isInteractive, assumeYes }) {
  if (!isRoot && !hasSudo) return 'refuse';
  if (assumeYes) return 'install';
  if (isInteractive) return 'ask';
  return isRoot ? 'install' : 'refuse';
}

/**
 * The command that installs the packages, exactly as it is run and as it can be typed.
 * @param {string[]} names
 * @param {boolean} withSudo
 * @returns {string}
 */
export function installCommand(names, withSudo) {
  const prefix = withSudo ? 'sudo ' : '';
  // A fresh machine's own upgrade may hold dpkg's lock for its first minutes: wait for it.
  const install = 'env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install';
  return `${prefix}apt-get update && ${prefix}${install} -y --no-install-recommends ${names.join(' ')}`;
}

/**
 * Whether `ensurePackages` would refuse: whoever it refuses gets its one line and nothing beside it.
 * @param {readonly RequiredPackage[]} required
 * @param {{assumeYes: boolean}} options
 * @returns {Promise<boolean>}
 */
export async function areOutOfReach(required, options) {
  return (await decideHere(options)).decision === 'refuse' && missingOf(required).length > 0;
}

/**
 * Installs those of the packages that are missing, or says what to type.
 * @param {readonly RequiredPackage[]} required
 * @param {{assumeYes: boolean}} options
 * @throws {SetupError} when they cannot be installed or the user declines
 */
export async function ensurePackages(required, options) {
  const missing = missingOf(required);
  if (missing.length === 0) return;
  const { decision, isRoot, hasSudo } = await decideHere(options);
  const names = missing.map(({ name }) => name);
  const command = installCommand(names, hasSudo);
  if (decision === 'refuse') {
    const reasons = [...new Set(missing.map(({ reason }) => reason))].join(', ');
    throw new SetupError(
      `System packages are missing (to ${reasons}); ${hasSudo ? 'run' : 'as root run'}: ${command}`,
    );
  }
  explain(missing);
  if (decision === 'ask' && !(await confirm(command))) {
    throw new SetupError(
      'The system packages were not installed.',
      `Run it yourself when you like: ${command}`,
    );
  }
  // sudo asks for its password before the output goes to a log, where its question would not be seen.
  if (!isRoot && (await runVisibly('sudo', ['-v'])) !== 0) {
    throw new SetupError(`sudo refused; as root run: ${installCommand(names, false)}`);
  }
  await install(command, names);
}

/**
 * @param {readonly RequiredPackage[]} required
 * @returns {RequiredPackage[]}
 */
function missingOf(required) {
  const names = new Set(missingPackages(required.map(({ name }) => name)));
  return required.filter(({ name }) => names.has(name));
}

/**
 * @param {{assumeYes: boolean}} options
 * @returns {Promise<{decision: 'install' | 'ask' | 'refuse', isRoot: boolean, hasSudo: boolean}>}
 */
async function decideHere({ assumeYes }) {
  const isRoot = process.getuid?.() === 0;
  const isInteractive = process.stdin.isTTY === true && process.stderr.isTTY === true;
  const hasSudo = !isRoot && (await succeeds('command -v sudo'));
  const decision = decide({ isRoot, hasSudo, isInteractive, assumeYes });
  // Where nobody can type a password, a sudo that asks for one is of no use.
  const isStuck = decision === 'install' && !isRoot && !isInteractive && !(await succeeds('sudo -n -v'));
  return { decision: isStuck ? 'refuse' : decision, isRoot, hasSudo };
}

/**
 * One line per reason, so that nobody installs a browser without knowing what for.
 * @param {RequiredPackage[]} missing
 */
function explain(missing) {
  say('Missing system packages:');
  for (const reason of new Set(missing.map((entry) => entry.reason))) {
    const names = missing.filter((entry) => entry.reason === reason).map(({ name }) => name);
    say(`  to ${reason}: ${names.join(' ')}`);
  }
}

/**
 * @param {string} command
 * @returns {Promise<boolean>}
 */
async function confirm(command) {
  say(`\n  ${command}\n`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-D and Ctrl-C at the question are a no.
  const closed = new Promise((resolve) => terminal.once('close', () => resolve('no')));
  const answer = String(await Promise.race([terminal.question('Run this now? [Y/n] '), closed]));
  terminal.close();
  return /^(y|yes|)$/i.test(answer.trim());
}

/**
 * @param {string} command
 * @param {string[]} names
 */
async function install(command, names) {
  await step(`Installing ${names.join(' ')}`, async () => {
    const { code, output, log } = await runLogged('system-packages', 'sh', ['-c', command]);
    if (code === 0 && missingPackages(names).length === 0) return;
    throw new SetupError(
      `The system packages could not be installed:\n${lastLines(aptErrors(output))}`,
      `Check that this machine reaches its Debian mirror, then run: ${command}\nLog: ${log}`,
    );
  });
}

/**
 * apt's own errors, when it named any.
 * @param {string} output
 * @returns {string}
 */
function aptErrors(output) {
  const errors = output.split('\n').filter((line) => /^(E|W|dpkg): /.test(line));
  return errors.length > 0 ? errors.join('\n') : output;
}

/**
 * @param {string} command
 * @returns {Promise<boolean>}
 */
async function succeeds(command) {
  return (await capture('sh', ['-c', command])).code === 0;
}
