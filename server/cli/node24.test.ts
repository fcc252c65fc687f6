/**
 * Fetching Node 24: which machine gets which package, and that nothing unverified enters the cache. npm is a script on
 * the PATH that hands out a tarball of our own.
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  distributionFor,
  distributions,
  fetchedVersion,
  isRecentEnough,
  obtainNode,
  thisMachine,
} from './node24.mjs';

describe('the Node that is needed', () => {
  test.each([
    ['18.20.4', false],
    ['22.12.0', false],
    ['23.11.0', false],
    ['24.0.0', true],
    ['26.10.0', true],
  ])('%s is recent enough: %s', (version, expected) => {
    expect(isRecentEnough(version)).toBe(expected);
  });

  const machine = { nodeVersion: '18.20.4', platform: 'linux', arch: 'x64', glibc: '2.36' };

  test('this machine gets the package of its platform', () => {
    expect(distributionFor(machine)).toBe(distributions['linux-x64']);
    expect(distributionFor({ ...machine, arch: 'arm64' })).toBe(distributions['linux-arm64']);
    expect(thisMachine()).toMatchObject({ nodeVersion: process.versions.node, platform: process.platform });
  });

  test.each([
    ['a platform without a package', { platform: 'darwin', arch: 'arm64' }, 'darwin on arm64'],
    ['another C library', { glibc: undefined }, 'another C library'],
    ['an old glibc', { glibc: '2.27' }, 'has 2.27'],
  ])('%s is named, with what to do', (_, difference, cause) => {
    expect(() => distributionFor({ ...machine, ...difference })).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(cause),
        mend: 'Install Node 24 or newer and run the command again.',
      }),
    );
  });
});

describe('fetching', () => {
  let folder: string;
  let cache: string;
  let integrity: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-node24-'));
    cache = join(folder, 'cache');
    const bin = join(folder, 'bin');
    await mkdir(join(folder, 'package/bin'), { recursive: true });
    await mkdir(bin);
    await writeFile(join(folder, 'package/bin/node'), `#!/bin/sh\necho v${fetchedVersion}\n`, {
      mode: 0o755,
    });
    await writeFile(join(folder, 'package/LICENSE'), 'MIT');
    const tarball = join(folder, 'fake.tgz');
    execFileSync('tar', ['-czf', tarball, '-C', folder, 'package']);
    integrity = `sha512-${createHash('sha512')
      .update(await readFile(tarball))
      .digest('base64')}`;
    // npm pack <spec> --pack-destination <folder> ...
    const npm = `#!/bin/sh\necho "$@" >> ${folder}/calls\n[ -e ${folder}/offline ] && { echo "npm error ENOTFOUND"; exit 1; }\ncp ${tarball} "$4/"\n`;
    await writeFile(join(bin, 'npm'), npm, { mode: 0o755 });
    vi.stubEnv('PATH', `${bin}:${process.env.PATH}`);
    vi.stubEnv('npm_execpath', undefined);
    vi.stubEnv('XDG_CACHE_HOME', folder);
    vi.spyOn(process.stderr, 'write').mockReturnValue(true); // the progress lines
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    await rm(folder, { recursive: true });
  });

  const obtain = (expected = integrity) =>
    obtainNode({ cache, distribution: { name: 'fake-node', integrity: expected } });

  test('leaves a Node that runs in the cache, and fetches it once', async () => {
    const binary = await obtain();
    expect(execFileSync(binary, { encoding: 'utf8' })).toBe(`v${fetchedVersion}\n`);
    expect(await obtain()).toBe(binary);
    const calls = await readFile(join(folder, 'calls'), 'utf8');
    expect(calls.match(/pack fake-node@24/g)).toHaveLength(1);
    expect(await readdir(cache)).toEqual([`fake-node-${fetchedVersion}`]);
  });

  test('keeps nothing of a tarball that is not the published one', async () => {
    const wrong = `sha512-${Buffer.alloc(64).toString('base64')}`;
    await expect(obtain(wrong)).rejects.toMatchObject({
      name: 'SetupError',
      message: expect.stringContaining('not the published one'),
      mend: expect.stringContaining('registry or proxy'),
    });
    expect(await readdir(cache)).toEqual([]);
  });

  test('keeps nothing of a Node that does not run here', async () => {
    await writeFile(join(folder, 'package/bin/node'), '#!/bin/sh\necho cannot execute\n', { mode: 0o755 });
    execFileSync('tar', ['-czf', join(folder, 'fake.tgz'), '-C', folder, 'package']);
    const hash = createHash('sha512').update(await readFile(join(folder, 'fake.tgz')));
    await expect(obtain(`sha512-${hash.digest('base64')}`)).rejects.toThrow(
      /does not run here:\n.*cannot execute/,
    );
    expect(await readdir(cache)).toEqual([]);
  });

  test('says what npm said when the registry is out of reach', async () => {
    await writeFile(join(folder, 'offline'), '');
    await expect(obtain()).rejects.toMatchObject({
      message: expect.stringContaining('ENOTFOUND'),
      mend: expect.stringContaining('npm ping'),
    });
  });

  test('may run twice at once', async () => {
    const [one, two] = await Promise.all([obtain(), obtain()]);
    expect(one).toBe(two);
    expect(await readdir(cache)).toEqual([`fake-node-${fetchedVersion}`]);
  });
});
