import { cp, mkdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { applyOverlays, applyPatches, loadRecipe, recipeDir, recipeHash } from './recipe.mjs';
import { temporaryDir } from './testSupport.ts';

const workerSource = resolve(dirname(createRequire(import.meta.url).resolve('mediasoup')), '../../worker');

it('every patch and overlay fits the installed mediasoup, the BIO mend included', async () => {
  const source = join(await temporaryDir(), 'worker');
  await cp(workerSource, source, { recursive: true });
  await applyOverlays(source);
  await applyPatches(source, (await loadRecipe()).patches);
  const dtls = await readFile(join(source, 'src/RTC/DtlsTransport.cpp'), 'utf8');
  expect(dtls).toContain('(operationType & BIO_CB_RETURN) ?');
  expect(dtls).not.toContain('operationType == BIO_CB_RETURN');
  expect(
    await readFile(join(source, 'subprojects/libsrtp-3.0.0-beta-2fc078db/include/srtp.h'), 'utf8'),
  ).toContain('srtp_policy_create');
  // The package itself stays as npm laid it down.
  expect(await readFile(join(workerSource, 'src/RTC/DtlsTransport.cpp'), 'utf8')).toContain(
    'operationType == BIO_CB_RETURN',
  );
});

it.each([
  ['is gone', 'something else', 0],
  ['is there twice', 'x == y; x == y;', 2],
])('a patch whose text %s stops the build', async (_, text, times) => {
  const dir = await temporaryDir();
  await writeFile(join(dir, 'a.cpp'), text);
  const patch = { why: 'the crash', file: 'a.cpp', find: 'x == y', replace: 'x & y' };
  await expect(applyPatches(dir, [patch])).rejects.toThrow(
    `the patch of a.cpp (the crash) found its text ${times} times instead of once`,
  );
  expect(await readFile(join(dir, 'a.cpp'), 'utf8')).toBe(text);
});

it('a mediasoup without one of our subprojects is refused', async () => {
  await expect(applyOverlays(await temporaryDir())).rejects.toThrow(/no subproject ".+", our build recipe/);
});

it('the hash follows the contents and names of the recipe, and nothing else', async () => {
  const copy = join(await temporaryDir(), 'recipe');
  await cp(recipeDir, copy, { recursive: true });
  const hash = await recipeHash();
  await utimes(join(copy, 'build.json'), 1, 1);
  expect(await recipeHash(copy)).toBe(hash);
  await rename(join(copy, 'build.json'), join(copy, 'renamed.json'));
  const renamed = await recipeHash(copy);
  expect(renamed).not.toBe(hash);
  await rename(join(copy, 'renamed.json'), join(copy, 'build.json'));
  await mkdir(join(copy, 'more'));
  await writeFile(join(copy, 'more', 'file'), 'x');
  expect(await recipeHash(copy)).not.toBe(hash);
});
