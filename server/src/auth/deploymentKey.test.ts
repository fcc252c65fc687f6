/**
 * The key of a deployment: made once, readable by its owner only, never replaced silently. And the ids that derive from it.
 */
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deriveKey, loadDeploymentKey } from './deploymentKey.ts';
import { DerivedIds } from './ids.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-key-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('is made at the first start with mode 0600, and the same afterwards', async () => {
  const dataDir = join(folder, 'data');
  const key = await loadDeploymentKey(dataDir);
  expect(key).toHaveLength(32);
  expect(await loadDeploymentKey(dataDir)).toEqual(key);
  expect((await stat(join(dataDir, 'deployment.key'))).mode & 0o777).toBe(0o600);
});

test('is one, however many processes start at once, and leaves no drafts', async () => {
  const keys = await Promise.all(Array.from({ length: 8 }, () => loadDeploymentKey(folder)));
  expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
  expect(await readdir(folder)).toEqual(['deployment.key']);
});

test('that is damaged stops the start instead of ending all sessions', async () => {
  await writeFile(join(folder, 'deployment.key'), 'half a k');
  await expect(loadDeploymentKey(folder)).rejects.toThrow('deployment.key does not hold a key');
});

test('gives another key for each purpose, and ids that only it can derive', async () => {
  const key = await loadDeploymentKey(folder);
  expect(deriveKey(key, 'ids')).not.toEqual(deriveKey(key, 'resume tokens'));
  const ids = new DerivedIds(deriveKey(key, 'ids'));
  const room = { tenant: 'default', roomId: 'a' };
  expect(ids.peerId('s_1', room)).toBe(new DerivedIds(deriveKey(key, 'ids')).peerId('s_1', room));
  const others = [
    ids.peerId('s_2', room),
    ids.peerId('s_1', { tenant: 'default', roomId: 'b' }),
    ids.peerId('s_1', { tenant: 'other', roomId: 'a' }),
    new DerivedIds(Buffer.alloc(32)).peerId('s_1', room),
    ids.transportId('s_1', 'default/a'),
  ];
  expect(new Set([ids.peerId('s_1', room), ...others]).size).toBe(others.length + 1);
  for (const id of others) expect(id).toMatch(/^[pt]_[A-Za-z0-9_-]{22}$/);
});
