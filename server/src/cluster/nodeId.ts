/**
 * Owns the id of this node: the same after each restart, because it lies in the data folder.
 * Does not own that no other process has it (NodeDirectory, RPC handshakes).
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';

const NodeId = z.string().check(z.regex(/^[A-Za-z0-9_-]{1,40}$/));

/** Reads the id of the node, or makes it. @throws Error naming the file when it holds something else. */
export async function loadNodeId(dataDir: string): Promise<string> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'node.id');
  const drawn = `n-${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(file, `${drawn}\n`, { flag: 'wx', flush: true });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const id = NodeId.safeParse((await readFile(file, 'utf8')).trim());
  if (!id.success) throw new Error(`${file} does not hold the id of a node; delete it to get a new one`);
  return id.data;
}
