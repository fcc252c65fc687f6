/**
 * The id of a node.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { loadNodeId } from './nodeId.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});
async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'parley-node-'));
  folders.push(path);
  return path;
}

test('is made once, and is another one in another folder', async () => {
  const [here, there] = [await folder(), await folder()];
  const first = await loadNodeId(here);
  expect(first).toMatch(/^n-[0-9a-f]{12}$/);
  expect(await loadNodeId(here)).toBe(first);
  expect(await loadNodeId(there)).not.toBe(first);
});

test('a file with something else in it is named', async () => {
  const here = await folder();
  await writeFile(join(here, 'node.id'), '../etc');
  await expect(loadNodeId(here)).rejects.toThrow(`${join(here, 'node.id')} does not hold the id of a node`);
});
