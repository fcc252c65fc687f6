/**
 * The machine's cache of worker binaries: one folder per mediasoup version, recipe, architecture and libc, holding the
 * binary and a provenance record. An entry appears by one rename, so it is whole or absent.
 */
import { createHash, randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { recipeHash } from './recipe.mjs';

/** The binary's name inside its cache folder. */
export const workerFileName = 'mediasoup-worker';

/**
 * Where a binary came from and what it is; kept as `provenance.json` beside it.
 * @typedef {object} Provenance
 * @property {'prebuilt' | 'build'} way
 * @property {string} mediasoupVersion
 * @property {string} recipeHash of our build recipe; for a prebuilt only the key's part
 * @property {string} architecture Node's `process.arch`
 * @property {string} libc for example `glibc2.36` or `musl`
 * @property {'dtlsGcm' | 'transport'} verification `dtlsGcm`: a DTLS handshake with a GCM cipher was completed;
 *   `transport`: only a router and a WebRtcTransport were made, for lack of a WebRTC peer
 * @property {string} source URL of a prebuilt, or what was built
 * @property {Record<string, string>} libraries versions linked statically or against; empty for a prebuilt
 * @property {string[]} sharedLibraries what it still loads at run time; empty where that could not be read
 * @property {string} sha256 of the binary
 * @property {string} createdAt ISO 8601
 */

/**
 * @typedef {object} CacheEntry
 * @property {string} key
 * @property {string} dir
 * @property {string} path of the binary
 */

/**
 * @param {string} cacheDir Parley's cache folder
 * @param {string} mediasoupVersion
 * @returns {Promise<CacheEntry>} where this machine's binary belongs, whether it is there or not
 */
export async function cacheEntry(cacheDir, mediasoupVersion) {
  const key = ['mediasoup', mediasoupVersion, await recipeHash(), process.arch, libcName()].join('-');
  const dir = join(cacheDir, 'worker', key);
  return { key, dir, path: join(dir, workerFileName) };
}

/**
 * @param {CacheEntry} entry
 * @returns {Promise<Provenance | undefined>} undefined when there is no entry, or a damaged one
 */
export async function readCached(entry) {
  try {
    const provenance = JSON.parse(await readFile(join(entry.dir, 'provenance.json'), 'utf8'));
    return provenance.sha256 === (await sha256(entry.path)) ? provenance : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Puts a verified binary into the cache, replacing a damaged entry.
 * @param {CacheEntry} entry
 * @param {string} binary copied, not moved
 * @param {Omit<Provenance, 'sha256' | 'createdAt' | 'architecture' | 'libc'>} facts
 * @returns {Promise<void>}
 */
export async function store(entry, binary, facts) {
  const draft = `${entry.dir}.${randomUUID()}`;
  await mkdir(draft, { recursive: true });
  try {
    const path = join(draft, workerFileName);
    await copyFile(binary, path);
    await chmod(path, 0o755);
    /** @type {Provenance} */
    const provenance = {
      ...facts,
      architecture: process.arch,
      libc: libcName(),
      sha256: await sha256(path),
      createdAt: new Date().toISOString(),
    };
    await writeFile(join(draft, 'provenance.json'), `${JSON.stringify(provenance, null, 2)}\n`);
    await rm(entry.dir, { recursive: true, force: true });
    await rename(draft, entry.dir);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** @returns {string} the C library with its version where it tells one: a binary does not run on an older glibc */
function libcName() {
  if (process.platform !== 'linux') return process.platform;
  const report = /** @type {{header?: {glibcVersionRuntime?: string}}} */ (process.report.getReport());
  const version = report.header?.glibcVersionRuntime;
  return version ? `glibc${version}` : 'musl';
}

/**
 * @param {string} path
 * @returns {Promise<string>} hex
 */
async function sha256(path) {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
