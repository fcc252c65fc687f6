/**
 * When npm packages are installed, and when not. npm is a script on the PATH that notes how it was called.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { installDependencies } from './dependencies.mjs';

const elsewhere = process.platform === 'linux' ? 'darwin' : 'linux';
const wanted = {
  '': { name: 'root' },
  server: { name: '@parley/server' },
  'node_modules/ws': { version: '8.0.0', integrity: 'sha512-ws' },
  'node_modules/native-here': {
    version: '1.0.0',
    integrity: 'sha512-h',
    optional: true,
    os: [process.platform],
  },
  'node_modules/native-there': { version: '1.0.0', integrity: 'sha512-t', optional: true, os: [elsewhere] },
};
const { 'node_modules/native-there': _there, '': _root, ...installed } = wanted;

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'parley-dependencies-'));
  await mkdir(join(root, 'bin'));
  const npm = `#!/bin/sh
echo "$@" >> ${root}/calls
[ -e ${root}/broken ] && { echo "npm ERR! code EUSAGE"; echo "npm ERR! lock file does not match"; exit 1; }
rm -rf node_modules && mkdir node_modules && cp ${root}/installed.json node_modules/.package-lock.json`;
  await writeFile(join(root, 'bin/npm'), npm, { mode: 0o755 });
  await writeLock('package-lock.json', wanted);
  await writeLock('installed.json', installed);
  vi.stubEnv('PATH', `${root}/bin:${process.env.PATH}`);
  vi.stubEnv('npm_execpath', undefined);
  vi.stubEnv('XDG_CACHE_HOME', root);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true); // the progress lines
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await rm(root, { recursive: true });
});

const writeLock = (name: string, packages: object) =>
  writeFile(join(root, name), JSON.stringify({ packages }));
const calls = async () =>
  (await readFile(join(root, 'calls'), 'utf8').catch(() => '')).split('\n').filter(Boolean);

test('installs once, development packages included whatever NODE_ENV says, without scripts', async () => {
  await installDependencies(root);
  await installDependencies(root);
  expect(await calls()).toEqual([expect.stringMatching(/^ci .*--include=dev .*--ignore-scripts/)]);
});

test('installs again when the lock file has changed', async () => {
  await installDependencies(root);
  const changed = { ...wanted, 'node_modules/ws': { version: '8.0.1', integrity: 'sha512-new' } };
  await writeLock('package-lock.json', changed);
  await installDependencies(root);
  expect(await calls()).toHaveLength(2);
});

test('installs again when node_modules is gone', async () => {
  await installDependencies(root);
  await rm(join(root, 'node_modules'), { recursive: true });
  await installDependencies(root);
  expect(await calls()).toHaveLength(2);
});

test('takes what a developer’s npm install has left, when the lock file asks for just that', async () => {
  await mkdir(join(root, 'node_modules'));
  await writeLock('node_modules/.package-lock.json', installed);
  await installDependencies(root);
  expect(await calls()).toEqual([]);
});

test.each(['node_modules/ws', 'node_modules/native-here'])(
  'does not take an install without %s',
  async (path) => {
    await mkdir(join(root, 'node_modules'));
    const partial = Object.fromEntries(Object.entries(installed).filter(([name]) => name !== path));
    await writeLock('node_modules/.package-lock.json', partial);
    await installDependencies(root);
    expect(await calls()).toHaveLength(1);
  },
);

test('says what npm said, and tries again the next time', async () => {
  await writeFile(join(root, 'broken'), '');
  await expect(installDependencies(root)).rejects.toThrow(/lock file does not match/);
  await rm(join(root, 'broken'));
  await installDependencies(root);
  expect(await calls()).toHaveLength(2);
});
