/**
 * Owns the key of a deployment: made at the first start, kept in the data folder, and the keys that are derived from it.
 * Does not own what is signed with them.
 */
import { hkdfSync, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';

const FILE_NAME = 'deployment.key';
const KEY_BYTES = 32;

/**
 * Reads the key of the deployment, or makes it (mode 0600).
 * @throws Error naming the file when it is not a key: a new one would end every session silently.
 */
export async function loadDeploymentKey(dataDir: string): Promise<Buffer> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, FILE_NAME);
  const known = await read(file);
  if (known) return known;
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${randomBytes(KEY_BYTES).toString('hex')}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    // Unlike a rename, a link never replaces: of two processes that start at once both use the first one's key.
    await link(draft, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await unlink(draft);
  }
  const made = await read(file);
  if (!made) throw new Error(`${file} vanished while it was made`);
  return made;
}

/** A key for one purpose: one that leaks, or is used wrongly, says nothing about the others. */
export const deriveKey = (deploymentKey: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', deploymentKey, Buffer.alloc(0), `parley ${purpose}`, KEY_BYTES));

async function read(file: string): Promise<Buffer | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  if (!/^[0-9a-f]{64}$/.test(text.trim())) {
    throw new Error(
      `${file} does not hold a key (64 hexadecimal digits); restore it, or delete it to end all sessions`,
    );
  }
  return Buffer.from(text.trim(), 'hex');
}
