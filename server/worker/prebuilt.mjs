/**
 * Way 3: mediasoup's own prebuilt binary, fetched with short limits because many networks swallow such requests.
 * Owns the address, the download and the unpacking; whether the binary is any good is verify.mjs's verdict.
 */
import { writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { workerFileName } from './cache.mjs';

const releasesUrl = 'https://github.com/versatica/mediasoup/releases/download';

/**
 * @typedef {object} DownloadLimits
 * @property {number} silenceMs longest wait for the response's head, and between two pieces of its body
 * @property {number} totalMs
 * @property {number} maxBytes
 */

/** @type {DownloadLimits} */
const defaultLimits = { silenceMs: 5_000, totalMs: 60_000, maxBytes: 64 * 1024 * 1024 };

/**
 * @param {NodeJS.ProcessEnv} env `MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL` replaces the project's own releases
 * @param {string} mediasoupVersion
 * @returns {string} the address of the archive for this machine, named as mediasoup's npm-scripts.mjs names it
 */
export function prebuiltUrl(env, mediasoupVersion) {
  const base = (env.MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL || releasesUrl).replace(/\/+$/, '');
  const kernel = process.platform === 'linux' ? `-kernel${Number.parseInt(release(), 10)}` : '';
  const name = `mediasoup-worker-${mediasoupVersion}-${process.platform}-${process.arch}${kernel}.tgz`;
  return `${base}/${mediasoupVersion}/${name}`;
}

/**
 * Fetches the archive and writes the worker in it to `destination`.
 * @param {string} url
 * @param {string} destination
 * @param {Partial<DownloadLimits>} [limits]
 * @returns {Promise<void>}
 * @throws {Error} with a short reason: no such file, no answer in time, not an archive with a worker
 */
export async function downloadPrebuilt(url, destination, limits = {}) {
  const archive = await download(url, { ...defaultLimits, ...limits });
  await writeFile(destination, extractWorker(archive), { mode: 0o755 });
}

/**
 * @param {string} url
 * @param {DownloadLimits} limits
 * @returns {Promise<Buffer>}
 */
async function download(url, limits) {
  const abort = new AbortController();
  const cut = (/** @type {string} */ reason) => abort.abort(new Error(reason));
  const total = setTimeout(cut, limits.totalMs, `not complete after ${limits.totalMs / 1000} s`);
  const silence = setTimeout(cut, limits.silenceMs, `no answer within ${limits.silenceMs / 1000} s`);
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok)
      throw new Error(response.status === 404 ? 'none for this machine' : `HTTP ${response.status}`);
    if (!response.body) throw new Error('empty answer');
    const pieces = [];
    let bytes = 0;
    for await (const piece of response.body) {
      silence.refresh();
      bytes += piece.length;
      if (bytes > limits.maxBytes) throw new Error(`more than ${limits.maxBytes} bytes`);
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  } catch (error) {
    if (abort.signal.aborted) throw abort.signal.reason;
    // fetch says only "fetch failed"; its cause names the host that does not resolve or the refused connection.
    throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
  } finally {
    clearTimeout(total);
    clearTimeout(silence);
    abort.abort();
  }
}

/**
 * Reads the worker out of a gzipped tar. Nothing else in the archive is looked at or written.
 * @param {Buffer} archive
 * @returns {Buffer}
 */
function extractWorker(archive) {
  let tar;
  try {
    tar = gunzipSync(archive, { maxOutputLength: 256 * 1024 * 1024 });
  } catch {
    throw new Error('the download is not a gzip archive');
  }
  const blockBytes = 512;
  for (let at = 0; at + blockBytes <= tar.length; ) {
    const name = textField(tar, at, 100);
    const size = Number.parseInt(textField(tar, at + 124, 12).trim() || '0', 8);
    const start = at + blockBytes;
    if (!Number.isInteger(size) || start + size > tar.length) break;
    if (name.split('/').at(-1) === workerFileName && size > 0) return tar.subarray(start, start + size);
    at = start + Math.ceil(size / blockBytes) * blockBytes;
  }
  throw new Error('the downloaded archive holds no worker');
}

/**
 * @param {Buffer} tar
 * @param {number} at
 * @param {number} length
 * @returns {string} up to the first NUL
 */
function textField(tar, at, length) {
  return tar.toString('latin1', at, at + length).split('\0', 1)[0] ?? '';
}
