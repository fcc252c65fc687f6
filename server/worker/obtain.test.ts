import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Provenance } from './cache.mjs';
import { cachedWorker, type ObtainOptions, obtainWorker } from './obtain.mjs';
import { prebuiltUrl } from './prebuilt.mjs';
import {
  archiveWith,
  recordingReporter,
  releaseServer,
  startingWorker,
  temporaryDir,
  verifyStart,
  writeExecutable,
} from './testSupport.ts';

const obtainProgram = fileURLToPath(new URL('obtain.mjs', import.meta.url));

/** Options that reach nothing but `baseUrl` and a temporary cache; `build` counts and makes a stand-in. */
async function isolated(baseUrl: string) {
  const cacheDir = await temporaryDir();
  const report = recordingReporter();
  const builds: string[] = [];
  const options = {
    env: { MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL: baseUrl, PATH: process.env.PATH },
    cacheDir,
    report,
    verify: verifyStart,
    build: async ({ workDir }) => {
      builds.push(workDir);
      const path = await writeExecutable(join(workDir, 'build', 'mediasoup-worker'), startingWorker);
      return { path, libraries: { openssl: '3.0' }, sharedLibraries: ['libc.so.6'] };
    },
    downloadLimits: { silenceMs: 300, totalMs: 2_000 },
  } satisfies ObtainOptions;
  return { options, report, builds, cacheDir };
}

const notFound = () => releaseServer((_, response) => response.writeHead(404).end());

describe('way 1: MEDIASOUP_WORKER_BIN', () => {
  it('takes the given binary, before everything else', async () => {
    const path = await writeExecutable(join(await temporaryDir(), 'own-worker'), startingWorker);
    const { options, builds } = await isolated('http://127.0.0.1:9');
    const result = await obtainWorker({ ...options, env: { ...options.env, MEDIASOUP_WORKER_BIN: path } });
    expect(result).toEqual({ path, way: 'environment' });
    expect(builds).toEqual([]);
  });

  it.each([
    ['is not there', undefined, 'there is no such file'],
    ['is not executable', { text: startingWorker, mode: 0o644 }, 'it may not be executed'],
    ['does not run here', { text: '#!/bin/sh\necho "wrong libc" >&2\nexit 1\n', mode: 0o755 }, 'wrong libc'],
  ])('refuses one that %s, with the reason and a mend', async (_, file, reason) => {
    const path = join(await temporaryDir(), 'own-worker');
    if (file) {
      await writeFile(path, file.text);
      await chmod(path, file.mode);
    }
    const failure = obtainWorker({ env: { MEDIASOUP_WORKER_BIN: path }, report: recordingReporter() });
    await expect(failure).rejects.toMatchObject({
      message: expect.stringContaining(reason),
      mend: expect.stringContaining('unset it'),
    });
  });

  it('prints nothing but the path on stdout when run as a command', async () => {
    const path = await writeExecutable(join(await temporaryDir(), 'own-worker'), startingWorker);
    const env = { ...process.env, MEDIASOUP_WORKER_BIN: path };
    const { stdout } = await promisify(execFile)(process.execPath, [obtainProgram], { env });
    expect(stdout).toBe(`${path}\n`);
  });
});

describe('way 2: the cache', () => {
  it('does not fetch or build what is there already, and says where it came from', async () => {
    const server = await notFound();
    const { options, report, builds, cacheDir } = await isolated(server.url);
    expect(await cachedWorker(options)).toBeUndefined();
    const first = await obtainWorker(options);
    const second = await obtainWorker(options);
    expect(first.way).toBe('build');
    expect(second).toEqual({ path: first.path, way: 'cache' });
    expect(await cachedWorker(options)).toBe(first.path);
    expect(first.path.startsWith(cacheDir)).toBe(true);
    expect(builds).toHaveLength(1);
    expect(server.paths).toHaveLength(1);
    expect(report.lines.at(-1)).toMatch(/from the cache \(build of \d{4}-\d\d-\d\d\)/);
  });

  it('builds once when two ask at the same time', async () => {
    const server = await notFound();
    const { options, report, builds } = await isolated(server.url);
    const results = await Promise.all([obtainWorker(options), obtainWorker(options)]);
    expect(results.map(({ way }) => way).sort()).toEqual(['build', 'cache']);
    expect(builds).toHaveLength(1);
    expect(report.lines).toContainEqual(expect.stringContaining(`Waiting for process ${process.pid}`));
  });

  it('replaces a binary that a full disk cut short', async () => {
    const { options, builds } = await isolated((await notFound()).url);
    const { path } = await obtainWorker(options);
    await truncate(path, 5);
    expect(await obtainWorker(options)).toEqual({ path, way: 'build' });
    expect(builds).toHaveLength(2);
    expect(await readFile(path, 'utf8')).toBe(startingWorker);
  });

  it('leaves no work folder, lock or draft behind', async () => {
    const { options, cacheDir } = await isolated((await notFound()).url);
    await obtainWorker(options);
    const left = await readdir(join(cacheDir, 'worker'));
    expect(left).toHaveLength(1);
    expect(left[0]).toMatch(/^mediasoup-\d+\.\d+\.\d+-[0-9a-f]{12}-\w+-\w+/);
  });
});

describe("way 3: mediasoup's prebuilt", () => {
  it('hit: takes it, caches it and records where it came from', async () => {
    const archive = archiveWith('mediasoup-worker', startingWorker);
    const server = await releaseServer((_, response) => response.end(archive));
    const { options, builds } = await isolated(server.url);
    const { path, way } = await obtainWorker(options);
    expect(way).toBe('prebuilt');
    expect(builds).toEqual([]);
    expect(await readFile(path, 'utf8')).toBe(startingWorker);

    const provenance: Provenance = JSON.parse(await readFile(join(path, '..', 'provenance.json'), 'utf8'));
    const url = prebuiltUrl(options.env, provenance.mediasoupVersion);
    expect(provenance).toMatchObject({ way: 'prebuilt', source: url, verification: 'transport' });
    expect(server.paths).toEqual([new URL(url).pathname]);
    // The name that mediasoup's own npm-scripts.mjs gives its archives.
    expect(url).toMatch(/\/(\d+\.\d+\.\d+)\/mediasoup-worker-\1-\w+-\w+(-kernel\d+)?\.tgz$/);
  });

  it('takes another base address, whatever slashes it ends in', () => {
    const env = { MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL: 'http://mirror.invalid/releases//' };
    expect(prebuiltUrl(env, '3.0.0')).toMatch(/^http:\/\/mirror\.invalid\/releases\/3\.0\.0\//);
  });

  it.each<[string, Parameters<typeof releaseServer>[0], string]>([
    ['404', (_, response) => response.writeHead(404).end(), 'none for this machine'],
    ['a broken server', (_, response) => response.writeHead(503).end(), 'HTTP 503'],
    ['a hang before the answer', () => undefined, 'no answer within 0.3 s'],
    [
      'a hang in the middle',
      (_, response) => response.writeHead(200, { 'content-length': 1000 }).write('half'),
      'no answer within 0.3 s',
    ],
    [
      'a corrupt file',
      (_, response) => response.end(archiveWith('mediasoup-worker', startingWorker).subarray(0, 40)),
      'not a gzip archive',
    ],
    [
      'an archive without a worker',
      (_, response) => response.end(archiveWith('README', 'hello')),
      'holds no worker',
    ],
    [
      'a worker that does not run here',
      (_, response) => response.end(archiveWith('mediasoup-worker', '#!/bin/sh\nexit 127\n')),
      'exit code 127',
    ],
  ])('%s: says why and goes on to the build', async (_, answer, reason) => {
    const server = await releaseServer(answer);
    const { options, report, builds } = await isolated(server.url);
    const { path, way } = await obtainWorker(options);
    expect(way).toBe('build');
    expect(builds).toHaveLength(1);
    expect(report.lines[0]).toContain(reason);
    expect(await readFile(path, 'utf8')).toBe(startingWorker);
  });

  it('goes on to the build when nothing listens there', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const { options, report } = await isolated(`http://127.0.0.1:${port}`);
    expect((await obtainWorker(options)).way).toBe('build');
    expect(report.lines[0]).toContain('ECONNREFUSED');
  });
});

describe('way 4: the build', () => {
  it('runs the hook for system packages before it, and only then', async () => {
    const { options, builds } = await isolated((await notFound()).url);
    const order: string[] = [];
    const beforeBuild = async () => {
      order.push(`hook, ${builds.length} builds`);
    };
    await obtainWorker({ ...options, beforeBuild });
    await obtainWorker({ ...options, beforeBuild });
    expect(order).toEqual(['hook, 0 builds']);
  });

  it('does not cache a binary that fails its check, and says so', async () => {
    const { options, cacheDir } = await isolated((await notFound()).url);
    const verify = () => Promise.reject(new Error('it did not complete a DTLS handshake within 15 s'));
    await expect(obtainWorker({ ...options, verify })).rejects.toMatchObject({
      message: 'The media worker was built, but it did not complete a DTLS handshake within 15 s',
      mend: expect.stringContaining('worker-build.log'),
    });
    expect(await readdir(join(cacheDir, 'worker'))).toEqual([]);
    expect(await cachedWorker(options)).toBeUndefined();
  });
});
