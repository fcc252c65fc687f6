/**
 * Content stamps: what changes a hash and what does not.
 */
import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hashOf, isCurrent, removeStamp, writeStamp } from './stamp.mjs';

let root: string;
const inputs = ['source', 'lock.json', 'absent'];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'parley-stamp-'));
  await mkdir(join(root, 'source/deep'), { recursive: true });
  await writeFile(join(root, 'source/a.ts'), 'a');
  await writeFile(join(root, 'source/deep/b.ts'), 'b');
  await writeFile(join(root, 'lock.json'), '{}');
});
afterEach(() => rm(root, { recursive: true }));

test.each<[string, () => Promise<void>]>([
  ['content', () => writeFile(join(root, 'source/deep/b.ts'), 'B')],
  ['a name', () => rename(join(root, 'source/a.ts'), join(root, 'source/c.ts'))],
  ['a new file', () => writeFile(join(root, 'source/deep/c.ts'), '')],
  ['a removed file', () => rm(join(root, 'source/a.ts'))],
  ['an input that appears', () => writeFile(join(root, 'absent'), '')],
])('changes with %s', async (_, change) => {
  const before = await hashOf(root, inputs);
  await change();
  expect(await hashOf(root, inputs)).not.toBe(before);
});

test.each<[string, () => Promise<unknown>]>([
  ['times', () => utimes(join(root, 'source/a.ts'), 1, 1)],
  [
    'built folders',
    () => mkdir(join(root, 'source/dist')).then(() => writeFile(join(root, 'source/dist/x.js'), 'x')),
  ],
  ['files that do not count', () => writeFile(join(root, 'source/a.test.ts'), 'x')],
])('does not change with %s', async (_, change) => {
  const counts = (path: string) => !path.endsWith('.test.ts');
  const before = await hashOf(root, inputs, counts);
  await change();
  expect(await hashOf(root, inputs, counts)).toBe(before);
});

test('holds exactly the hash that was written, until it is removed', async () => {
  const stamp = join(root, 'made/here/.stamp');
  expect(await isCurrent(stamp, 'one')).toBe(false);
  await writeStamp(stamp, 'one');
  expect(await isCurrent(stamp, 'one')).toBe(true);
  expect(await isCurrent(stamp, 'on')).toBe(false);
  await removeStamp(stamp);
  expect(await isCurrent(stamp, 'one')).toBe(false);
});
