/**
 * Gets a mediasoup-worker binary onto this machine: MEDIASOUP_WORKER_BIN, the cache, mediasoup's prebuilt, or a build.
 * Owns the order of the ways and what is said about them; each way lives in a file of its own.
 * `node server/worker/obtain.mjs` prints the path on stdout and everything else on stderr.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../cli/paths.mjs';
import { SetupError } from '../cli/setupError.mjs';
import { buildWorker } from './build.mjs';
import { cacheEntry, readCached, store, workerFileName } from './cache.mjs';
import { withLock } from './lock.mjs';
import { downloadPrebuilt, prebuiltUrl } from './prebuilt.mjs';
import { recipeHash } from './recipe.mjs';
import { createReporter } from './report.mjs';
import { checkStarts, verifyWorker } from './verify.mjs';

/**
 * @typedef {object} ObtainOptions
 * @property {NodeJS.ProcessEnv} [env] default: this process's
 * @property {import('./report.mjs').Reporter} [report] default: stderr
 * @property {string} [cacheDir] default: Parley's cache folder by XDG
 * @property {string} [mediasoupDir] default: the installed npm package
 * @property {() => Promise<void>} [beforeBuild] runs before way 4, for example to install `buildPackages`
 * @property {typeof verifyWorker} [verify]
 * @property {typeof buildWorker} [build]
 * @property {Partial<import('./prebuilt.mjs').DownloadLimits>} [downloadLimits]
 */

/**
 * @typedef {object} Obtained
 * @property {string} path absolute, for mediasoup's `createWorker({workerBin})`
 * @property {'environment' | 'cache' | 'prebuilt' | 'build'} way
 */

/**
 * Needs Node >= 22 and installed npm packages, except where MEDIASOUP_WORKER_BIN or the cache has the answer.
 * @param {ObtainOptions} [options]
 * @returns {Promise<Obtained>}
 * @throws {SetupError} when no way led to a worker
 */
export async function obtainWorker(options = {}) {
  const env = options.env ?? process.env;
  const report = options.report ?? createReporter();
  if (env.MEDIASOUP_WORKER_BIN) return fromEnvironment(env.MEDIASOUP_WORKER_BIN, report);

  const cacheDir = options.cacheDir ?? cacheFolder(env);
  const mediasoupDir = options.mediasoupDir ?? findMediasoup();
  const version = await packageVersion(mediasoupDir);
  const entry = await cacheEntry(cacheDir, version);
  const cached = await fromCache(entry, report);
  if (cached) return cached;

  const onWait = (/** @type {number} */ pid) => {
    report.say(`Waiting for process ${pid}, which is getting the media worker already`);
  };
  return withLock(
    join(cacheDir, 'worker', 'lock'),
    async () => {
      const meanwhile = await fromCache(entry, report);
      if (meanwhile) return meanwhile;
      const workDir = await freshWorkDir(cacheDir);
      try {
        const job = { ...options, env, report, cacheDir, mediasoupDir, version, entry, workDir };
        return (await fromPrebuilt(job)) ?? (await fromBuild(job));
      } finally {
        await rm(workDir, { recursive: true, force: true });
      }
    },
    { onWait },
  );
}

/**
 * The cached binary for this machine, without getting one: for a quick start, and to know whether set-up is due.
 * @param {Pick<ObtainOptions, 'env' | 'cacheDir' | 'mediasoupDir'>} [options]
 * @returns {Promise<string | undefined>} its path
 */
export async function cachedWorker(options = {}) {
  const version = await packageVersion(options.mediasoupDir ?? findMediasoup());
  const entry = await cacheEntry(options.cacheDir ?? cacheFolder(options.env ?? process.env), version);
  return (await readCached(entry)) ? entry.path : undefined;
}

/**
 * @typedef {ObtainOptions & {env: NodeJS.ProcessEnv, report: import('./report.mjs').Reporter, cacheDir: string,
 *   mediasoupDir: string, version: string, entry: import('./cache.mjs').CacheEntry, workDir: string}} Job
 */

/**
 * Way 1. The operator's own binary: only whether it runs here is checked, and it is never cached.
 * @param {string} given
 * @param {import('./report.mjs').Reporter} report
 * @returns {Promise<Obtained>}
 */
async function fromEnvironment(given, report) {
  const path = resolve(given);
  try {
    await checkStarts(path);
  } catch (error) {
    throw new SetupError(
      `MEDIASOUP_WORKER_BIN is ${given}, and ${messageOf(error)}`,
      'Point it to a mediasoup-worker binary for this machine, or unset it to let Parley get one.',
    );
  }
  report.say(`Media worker: ${path} (MEDIASOUP_WORKER_BIN)`);
  return { path, way: 'environment' };
}

/**
 * Way 2.
 * @param {import('./cache.mjs').CacheEntry} entry
 * @param {import('./report.mjs').Reporter} report
 * @returns {Promise<Obtained | undefined>}
 */
async function fromCache(entry, report) {
  const provenance = await readCached(entry);
  if (!provenance) return undefined;
  try {
    // A distribution's upgrade can take away a shared library that the binary needs.
    await checkStarts(entry.path);
  } catch (error) {
    report.say(`The cached media worker is of no use any more: ${messageOf(error)}`);
    return undefined;
  }
  report.say(`Media worker: from the cache (${provenance.way} of ${provenance.createdAt.slice(0, 10)})`);
  return { path: entry.path, way: 'cache' };
}

/**
 * Way 3.
 * @param {Job} job
 * @returns {Promise<Obtained | undefined>} undefined, with the reason said, when there is none or it is no good
 */
async function fromPrebuilt({ env, report, version, entry, workDir, downloadLimits, verify = verifyWorker }) {
  const url = prebuiltUrl(env, version);
  const binary = join(workDir, workerFileName);
  try {
    await downloadPrebuilt(url, binary, downloadLimits);
    const { level, detail } = await verify(binary);
    await keep(entry, binary, {
      way: 'prebuilt',
      version,
      level,
      source: url,
      libraries: {},
      sharedLibraries: [],
    });
    report.say(`Media worker: mediasoup's prebuilt; ${detail}`);
    return { path: entry.path, way: 'prebuilt' };
  } catch (error) {
    report.say(`mediasoup's prebuilt media worker: ${messageOf(error)}`);
    return undefined;
  }
}

/**
 * Way 4.
 * @param {Job} job
 * @returns {Promise<Obtained>}
 */
async function fromBuild(job) {
  const {
    env,
    report,
    version,
    entry,
    workDir,
    mediasoupDir,
    verify = verifyWorker,
    build = buildWorker,
  } = job;
  await job.beforeBuild?.();
  const startedMs = Date.now();
  const logPath = join(job.cacheDir, 'logs', 'worker-build.log');
  report.say(`Building the media worker from source, once for this machine (some minutes; log: ${logPath})`);
  const { path, libraries, sharedLibraries } = await build({ mediasoupDir, workDir, logPath, report, env });
  const { level, detail } = await verify(path).catch((error) => {
    throw new SetupError(
      `The media worker was built, but ${messageOf(error)}`,
      `The build's output is in ${logPath}\nSet MEDIASOUP_WORKER_BIN to a worker that was built elsewhere to go on.`,
    );
  });
  const source = `npm package mediasoup ${version}`;
  await keep(entry, path, { way: 'build', version, level, source, libraries, sharedLibraries });
  report.say(`Media worker: built in ${Math.round((Date.now() - startedMs) / 1000)} s; ${detail}`);
  return { path: entry.path, way: 'build' };
}

/**
 * @param {import('./cache.mjs').CacheEntry} entry
 * @param {string} binary
 * @param {{way: 'prebuilt' | 'build', version: string, level: 'dtlsGcm' | 'transport', source: string,
 *   libraries: Record<string, string>, sharedLibraries: string[]}} facts
 */
async function keep(entry, binary, { version, level, ...facts }) {
  await store(entry, binary, {
    ...facts,
    mediasoupVersion: version,
    recipeHash: await recipeHash(),
    verification: level,
  });
}

/**
 * A new folder to work in. Called under the lock, so any other one was left behind by a process that was killed.
 * @param {string} cacheDir
 * @returns {Promise<string>}
 */
async function freshWorkDir(cacheDir) {
  const root = join(cacheDir, 'worker');
  for (const name of await readdir(root)) {
    if (name.startsWith('work-')) await rm(join(root, name), { recursive: true, force: true });
  }
  const workDir = join(root, `work-${randomUUID()}`);
  await mkdir(workDir);
  return workDir;
}

/** @returns {string} the folder of the installed npm package */
function findMediasoup() {
  try {
    // Its `exports` hide package.json; the main file is node/lib/index.js.
    return resolve(dirname(createRequire(import.meta.url).resolve('mediasoup')), '..', '..');
  } catch {
    throw new SetupError(
      'The npm package mediasoup is not installed.',
      'Run npm ci in the repository first.',
    );
  }
}

/**
 * @param {string} mediasoupDir
 * @returns {Promise<string>}
 */
async function packageVersion(mediasoupDir) {
  return JSON.parse(await readFile(join(mediasoupDir, 'package.json'), 'utf8')).version;
}

/**
 * @param {unknown} error
 * @returns {string}
 */
function messageOf(error) {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'ENOENT') return 'there is no such file';
  if ('code' in error && error.code === 'EACCES') return 'it may not be executed';
  return error.message;
}

/** Runs as a command when this file is what Node was started with. */
async function main() {
  try {
    const { path } = await obtainWorker();
    process.stdout.write(`${path}\n`);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n${error.mend}\n`);
    process.exitCode = 1;
  }
}

const startedWith = process.argv[1] && (await realpath(process.argv[1]).catch(() => undefined));
if (startedWith === fileURLToPath(import.meta.url)) await main();
