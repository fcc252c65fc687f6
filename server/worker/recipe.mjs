/**
 * Our recipe for building the worker: overlays for mediasoup's Meson subprojects, patches, flags, and their hash.
 * All of it lies in `recipe/`, so that the cache key changes with the recipe and with nothing else.
 * Running the build is build.mjs's work.
 */
import { createHash } from 'node:crypto';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder with our recipe, absolute. */
export const recipeDir = fileURLToPath(new URL('recipe', import.meta.url));

/**
 * @typedef {object} Patch
 * @property {string} why
 * @property {string} file relative to mediasoup's `worker` folder
 * @property {string} find must occur exactly once
 * @property {string} replace
 */

/**
 * @typedef {object} Recipe
 * @property {string[]} workerMesonArgs for `meson setup` of the worker
 * @property {string[]} workerTargets for Ninja, one call each: Meson forgets that the precompiled header needs the
 *   generated ones
 * @property {string[]} srtpMesonArgs for `meson setup` of libsrtp 2
 * @property {Patch[]} patches
 */

/** @returns {Promise<Recipe>} */
export async function loadRecipe() {
  return JSON.parse(await readFile(join(recipeDir, 'build.json'), 'utf8'));
}

/**
 * Hashes names and contents of every file of the recipe.
 * @param {string} [dir]
 * @returns {Promise<string>} 12 hex digits
 */
export async function recipeHash(dir = recipeDir) {
  const hash = createHash('sha256');
  for (const file of await filesUnder(dir)) {
    const digest = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    hash.update(`${relative(dir, file)}\0${digest}\n`);
  }
  return hash.digest('hex').slice(0, 12);
}

/**
 * Lays our stand-ins where Meson expects the downloaded subprojects (it downloads nothing for a folder that is there),
 * and our additions to the worker's own files.
 * @param {string} sourceDir a copy of mediasoup's `worker` folder
 * @returns {Promise<void>}
 * @throws {Error} when the worker has no `.wrap` file for one of our overlays, so the recipe does not fit its version
 */
export async function applyOverlays(sourceDir) {
  const overlays = join(recipeDir, 'subprojects');
  for (const name of await readdir(overlays)) {
    const wrap = await readFile(join(sourceDir, 'subprojects', `${name}.wrap`), 'utf8').catch(() => '');
    const directory = /^directory *= *(\S+)/m.exec(wrap)?.[1];
    if (!directory)
      throw new Error(`this mediasoup has no subproject "${name}", our build recipe does not fit it`);
    await cp(join(overlays, name), join(sourceDir, 'subprojects', directory), { recursive: true });
  }
  await cp(join(recipeDir, 'worker'), sourceDir, { recursive: true });
}

/**
 * Applies the patches and insists that each one applied: a patch that silently misses is a worker that crashes later.
 * @param {string} sourceDir a copy of mediasoup's `worker` folder
 * @param {Patch[]} patches
 * @returns {Promise<void>}
 * @throws {Error} when the text to replace is not there exactly once
 */
export async function applyPatches(sourceDir, patches) {
  for (const { file, find, replace, why } of patches) {
    const path = join(sourceDir, file);
    const pieces = (await readFile(path, 'utf8')).split(find);
    if (pieces.length !== 2) {
      throw new Error(
        `the patch of ${file} (${why}) found its text ${pieces.length - 1} times instead of once`,
      );
    }
    await writeFile(path, pieces.join(replace));
  }
}

/**
 * @param {string} dir
 * @returns {Promise<string[]>} files at any depth, in a stable order
 */
async function filesUnder(dir) {
  const found = [];
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) found.push(...(await filesUnder(path)));
    else found.push(path);
  }
  return found.sort();
}
