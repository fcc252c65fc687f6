/**
 * Fetching Node 24: which machine gets which package, and that nothing unverified enters the cache. npm is a script on
 * the PATH that hands out a tarball of our own.
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  distributionFor,
  distributions,
  fetchedVersion,
  isRecentEnough,
  obtainNode,
  requireGlibc,
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

  const installNode = 'Install Node 24 or newer and run the command again.';
  const machine = { nodeVersion: '18.20.4', platform: 'linux', arch: 'x64', glibc: '2.36' };

  test('this machine gets the package of its platform', () => {
    expect(distributionFor(machine)).toBe(distributions['linux-x64']);
    expect(distributionFor({ ...machine, arch: 'arm64' })).toBe(distributions['linux-arm64']);
    expect(thisMachine()).toMatchObject({ nodeVersion: process.versions.node, platform: process.platform });
  });

  test('a platform without a package is named, with what to do', () => {
    expect(() => distributionFor({ ...machine, platform: 'darwin', arch: 'arm64' })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('darwin on arm64'), mend: installNode }),
    );
  });

  test.each([
    [undefined, 'another C library'],
    ['2.27', 'has 2.27'],
  ])('glibc %s is refused, with what to do', (glibc, cause) => {
    expect(() => requireGlibc({ ...machine, glibc })).toThrow(
      expect.objectContaining({ message: expect.stringContaining(cause), mend: installNode }),
    );
  });

  test.each(['2.28', '2.36', '3.0'])('glibc %s will do', (glibc) => {
    expect(() => requireGlibc({ ...machine, glibc })).not.toThrow();
  });
});

describe('fetching', () => {
  let folder: string;
  let cache: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-node24-'));
    cache = join(folder, 'cache');
    // npm pack <name>@<version> --pack-destination <folder> ...
    const npm = `#!/bin/sh
echo "$2" >> ${folder}/calls
[ -e ${folder}/offline ] && { echo "npm error ENOTFOUND"; exit 1; }
cp "${folder}/\${2%@*}.tgz" "$4/"`;
    await mkdir(join(folder, 'bin'));
    await writeFile(join(folder, 'bin/npm'), npm, { mode: 0o755 });
    vi.stubEnv('PATH', `${folder}/bin:${process.env.PATH}`);
    vi.stubEnv('npm_execpath', undefined);
    vi.stubEnv('XDG_CACHE_HOME', folder);
    vi.spyOn(process.stderr, 'write').mockReturnValue(true); // the progress lines
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    await rm(folder, { recursive: true });
  });

  /** Puts a package into the registry. */
  async function publish(name: string, version: string, files: Record<string, string>) {
    const tree = join(folder, `tree-${name}`);
    for (const [file, content] of Object.entries(files)) {
      await mkdir(dirname(join(tree, file)), { recursive: true });
      await writeFile(join(tree, file), content, { mode: 0o755 });
    }
    const tarball = join(folder, `${name}.tgz`);
    execFileSync('tar', ['-czf', tarball, '-C', tree, 'package']);
    const hash = createHash('sha512').update(await readFile(tarball));
    return { name, version, integrity: `sha512-${hash.digest('base64')}` };
  }

  async function registry(nodeSays = `v${fetchedVersion}`) {
    const nodeFiles = { 'package/bin/node': `#!/bin/sh\necho ${nodeSays}\n`, 'package/LICENSE': 'MIT' };
    return {
      cache,
      nodePackage: await publish('fake-node', fetchedVersion, { ...nodeFiles, 'package/README.md': 'long' }),
      npmPackage: await publish('npm', '11.0.0', { 'package/bin/npm-cli.js': '// npm' }),
    };
  }

  test('leaves a Node that runs and its npm in the cache, and fetches them once', async () => {
    const packages = await registry();
    const toolchain = await obtainNode(packages);
    expect(execFileSync(toolchain.node, { encoding: 'utf8' })).toBe(`v${fetchedVersion}\n`);
    expect(await readFile(toolchain.npm, 'utf8')).toBe('// npm');
    expect(await obtainNode(packages)).toEqual(toolchain);
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe(`fake-node@${fetchedVersion}\nnpm@11.0.0\n`);
    expect(await readdir(cache)).toEqual([`fake-node-${fetchedVersion}`, 'npm-11.0.0']);
    expect(await readdir(join(cache, `fake-node-${fetchedVersion}/package`))).toEqual(['LICENSE', 'bin']);
  });

  test.each(['nodePackage', 'npmPackage'] as const)(
    'keeps nothing of a %s that is not the published one',
    async (key) => {
      const packages = await registry();
      packages[key].integrity = `sha512-${Buffer.alloc(64).toString('base64')}`;
      await expect(obtainNode(packages)).rejects.toMatchObject({
        name: 'SetupError',
        message: expect.stringContaining('not the published one'),
        mend: expect.stringContaining('registry or proxy'),
      });
      const { name, version } = packages[key];
      expect(await readdir(cache)).not.toContain(`${name}-${version}`);
      expect((await readdir(cache)).filter((entry) => entry.startsWith('fetching-'))).toEqual([]);
    },
  );

  test('keeps nothing of a Node that does not run here', async () => {
    await expect(obtainNode(await registry('cannot execute'))).rejects.toThrow(
      /does not run here:\n.*cannot execute/,
    );
    expect(await readdir(cache)).toEqual([]);
  });

  test('says what npm said when the registry is out of reach', async () => {
    await writeFile(join(folder, 'offline'), '');
    await expect(obtainNode(await registry())).rejects.toMatchObject({
      message: expect.stringContaining('ENOTFOUND'),
      mend: expect.stringContaining('npm ping'),
    });
  });

  test('may run twice at once', async () => {
    const packages = await registry();
    const [one, two] = await Promise.all([obtainNode(packages), obtainNode(packages)]);
    expect(one).toEqual(two);
    expect(await readdir(cache)).toHaveLength(2);
  });
});
