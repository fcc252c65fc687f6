/**
 * Where things lie: the repository, the cache of this machine, logs of set-up steps.
 * Nothing is created here, except a log's folder by the one who writes it.
 */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the working copy, absolute, without a slash at its end. */
export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/**
 * Parley's cache for this machine's user. XDG says that a relative `XDG_CACHE_HOME` is to be ignored.
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {string}
 */
export function cacheFolder(environment = process.env) {
  const configured = environment.XDG_CACHE_HOME;
  const base = configured && isAbsolute(configured) ? configured : join(homedir(), '.cache');
  return join(base, 'parley');
}

/**
 * The file that receives the full output of one set-up step; overwritten by its next run.
 * @param {string} name for example `npm-ci`
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {string}
 */
export function logFile(name, environment = process.env) {
  return join(cacheFolder(environment), 'logs', `${name}.log`);
}
