/**
 * Way 4: builds the worker from the npm package's own source against the distribution's libraries.
 * Owns the order of the steps; the recipe is recipe.mjs's, running programs buildLog.mjs's, libsrtp srtpSource.mjs's.
 */
import { execFileSync } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';
import { SetupError } from '../cli/setupError.mjs';
import { BuildLog, BuildStepError } from './buildLog.mjs';
import { workerFileName } from './cache.mjs';
import { buildPackages, missingPackages } from './packages.mjs';
import { applyOverlays, applyPatches, loadRecipe } from './recipe.mjs';
import { buildSrtpOnOpenssl } from './srtpSource.mjs';

/** What one compiler process needs at its largest file; more of them at once than fit make the kernel kill one. */
const bytesPerJob = 900 * 1024 * 1024;

/**
 * @typedef {object} BuildResult
 * @property {string} path of the binary, inside the work folder
 * @property {Record<string, string>} libraries
 * @property {string[]} sharedLibraries what the binary loads at run time
 */

/**
 * @param {object} options
 * @param {string} options.mediasoupDir the npm package's folder
 * @param {string} options.workDir an empty folder; the caller removes it
 * @param {string} options.logPath receives the whole output
 * @param {import('./report.mjs').Reporter} options.report
 * @param {NodeJS.ProcessEnv} options.env
 * @param {readonly string[]} [options.packages] Debian packages that must be there; default: all that it needs
 * @returns {Promise<BuildResult>}
 * @throws {SetupError} with the first error of the log, the log's path and what to do
 */
export async function buildWorker({ logPath, packages = buildPackages, ...job }) {
  const missing = missingPackages(packages);
  if (missing.length > 0) {
    throw new SetupError(
      'The media worker has to be built here, and packages for that are missing.',
      `Install them and try again: apt-get install --yes ${missing.join(' ')}`,
    );
  }
  const log = await BuildLog.create(logPath);
  try {
    return await build({ ...job, log });
  } catch (error) {
    const program = error instanceof BuildStepError ? `${error.program}: ` : '';
    const reason = error instanceof Error ? error.message : String(error);
    log.note(`\nfailed: ${error instanceof Error ? error.stack : reason}`);
    throw new SetupError(
      `The media worker could not be built. ${program}${reason}`,
      [
        `The whole output is in ${logPath}`,
        `Needed: ${buildPackages.join(' ')} (or what your distribution calls them), and about 1 GB of memory and disk.`,
        'Or build it elsewhere and set MEDIASOUP_WORKER_BIN to the path of the binary.',
      ].join('\n'),
    );
  } finally {
    await log.close();
  }
}

/**
 * @param {{mediasoupDir: string, workDir: string, log: BuildLog, report: import('./report.mjs').Reporter,
 *   env: NodeJS.ProcessEnv}} options
 * @returns {Promise<BuildResult>}
 */
async function build({ mediasoupDir, workDir, log, report, env }) {
  const recipe = await loadRecipe();
  const source = join(workDir, 'source');
  await cp(join(mediasoupDir, 'worker'), source, { recursive: true });
  await applyOverlays(source);
  await applyPatches(source, recipe.patches);

  report.say('  Building libsrtp on OpenSSL');
  const srtp = await prepareSrtp({
    log,
    workDir: join(workDir, 'srtp'),
    mesonArgs: recipe.srtpMesonArgs,
    report,
    env,
  });
  const buildEnv = {
    ...env,
    PKG_CONFIG_PATH: [srtp.pkgConfigDir, env.PKG_CONFIG_PATH].filter(Boolean).join(delimiter),
  };

  const buildDir = join(workDir, 'build');
  const setup = [
    'setup',
    buildDir,
    source,
    ...recipe.workerMesonArgs,
    `-Dlibsrtp3:srtp2-static=${srtp.fromSource}`,
  ];
  await log.run('meson', setup, { cwd: workDir, env: buildEnv });
  for (const target of recipe.workerTargets) {
    await log.run('ninja', ['-C', buildDir, '-j', String(parallelJobs()), target], {
      cwd: workDir,
      env: buildEnv,
      onLine: (line) => {
        const step = /^\[(\d+)\/(\d+)\]/.exec(line);
        // A first target of a single step (the generated headers) is not worth a line.
        if (step && step[2] !== '1')
          report.progress('Building the media worker', Number(step[1]), Number(step[2]));
      },
    });
  }

  const path = join(buildDir, workerFileName);
  return {
    path,
    libraries: libraryVersions(srtp.description, buildEnv),
    sharedLibraries: neededLibraries(path),
  };
}

/**
 * libsrtp 2 on OpenSSL if its source can be had, else the distribution's.
 * @param {{log: BuildLog, workDir: string, mesonArgs: string[], report: import('./report.mjs').Reporter,
 *   env: NodeJS.ProcessEnv}} options
 * @returns {Promise<{pkgConfigDir: string | undefined, fromSource: boolean, description: string}>}
 */
async function prepareSrtp({ log, workDir, mesonArgs, report, env }) {
  try {
    await mkdir(workDir, { recursive: true });
    const { pkgConfigDir, version } = await buildSrtpOnOpenssl({ log, workDir, mesonArgs, env });
    return { pkgConfigDir, fromSource: true, description: `${version} on OpenSSL, from source` };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    log.note(`libsrtp from source: ${reason}`);
    report.say(`  libsrtp's source is out of reach (${reason}); linking the distribution's libsrtp.`);
    report.say('  Where that one is built on NSS (Debian), a forwarded packet costs up to twice the CPU.');
    return { pkgConfigDir: undefined, fromSource: false, description: 'the distribution’s' };
  }
}

/** @returns {number} one per core, fewer where memory is short */
function parallelJobs() {
  const cores = typeof availableParallelism === 'function' ? availableParallelism() : cpus().length;
  return Math.max(1, Math.min(cores, Math.floor(totalmem() / bytesPerJob)));
}

/**
 * @param {string} srtp
 * @param {NodeJS.ProcessEnv} env
 * @returns {Record<string, string>} what the provenance record says was linked
 */
function libraryVersions(srtp, env) {
  const ask = (/** @type {string} */ name) => {
    try {
      return execFileSync('pkg-config', ['--modversion', name], { encoding: 'utf8', env }).trim();
    } catch {
      return 'unknown';
    }
  };
  return {
    openssl: ask('openssl'),
    libuv: ask('libuv'),
    abseil: ask('absl_strings'),
    flatbuffers: ask('flatbuffers'),
    libsrtp: srtp,
  };
}

/**
 * @param {string} path
 * @returns {string[]} the shared libraries that an ELF binary asks for; empty where readelf is missing
 */
function neededLibraries(path) {
  try {
    const output = execFileSync('readelf', ['-d', path], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    });
    return [...output.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name = '']) => name);
  } catch {
    return [];
  }
}
