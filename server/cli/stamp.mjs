/**
 * Content stamps: has what a step depends on changed since the step last succeeded?
 * A stamp is a hash of file contents and names, never of times, so that a checkout or a touch does not repeat work.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/** Folders whose content is made, not written. */
const skipped = new Set(['node_modules', 'dist', 'coverage', '.git']);

/**
 * Hashes files and folders (recursively). A missing path counts as absent, which is a state of its own.
 * @param {string} root names in the hash are relative to it, so that moving the repository changes nothing
 * @param {string[]} paths relative to `root`
 * @param {(path: string) => boolean} [counts] says whether a file matters; default: all do
 * @returns {Promise<string>} hex SHA-256
 */
export async function hashOf(root, paths, counts = () => true) {
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of await filesUnder(join(root, path))) {
      const name = relative(root, file);
      if (!counts(name)) continue;
      hash.update(`${name}\0`).update(
        createHash('sha256')
          .update(await readFile(file))
          .digest(),
      );
    }
  }
  return hash.digest('hex');
}

/**
 * @param {string} stampFile
 * @param {string} hash
 * @returns {Promise<boolean>} whether the stamp holds exactly this hash
 */
export async function isCurrent(stampFile, hash) {
  const stamp = await readFile(stampFile, 'utf8').catch(() => '');
  return stamp.trim() === hash;
}

/**
 * @param {string} stampFile
 * @param {string} hash
 */
export async function writeStamp(stampFile, hash) {
  await mkdir(dirname(stampFile), { recursive: true });
  await writeFile(stampFile, `${hash}\n`);
}

/**
 * Taken away before a step starts: a step that is interrupted must run again.
 * @param {string} stampFile
 */
export async function removeStamp(stampFile) {
  await rm(stampFile, { force: true });
}

/**
 * @param {string} path a file or a folder
 * @returns {Promise<string[]>} files in a stable order
 */
async function filesUnder(path) {
  const entries = await readdir(path, { withFileTypes: true }).catch((error) => {
    if (error.code === 'ENOTDIR') return null;
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (entries === null) return [path];
  const files = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (skipped.has(entry.name)) continue;
    if (entry.isDirectory()) files.push(...(await filesUnder(join(path, entry.name))));
    else if (entry.isFile()) files.push(join(path, entry.name));
  }
  return files;
}
