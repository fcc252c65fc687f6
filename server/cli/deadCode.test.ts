/**
 * The dead-code step still sees: under TypeScript 7 a tool that needs the old JavaScript API finds nothing and reports
 * success. A small workspace with one planted dead export and one dead file has to fail, and pass without them.
 */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deadCodeStep, runStep } from './check.mjs';
import { repositoryRoot } from './paths.mjs';

let tree: string;

beforeEach(async () => {
  tree = await mkdtemp(join(tmpdir(), 'parley-dead-code-'));
  await mkdir(join(tree, 'src'));
  await symlink(join(repositoryRoot, 'node_modules'), join(tree, 'node_modules'));
  await writeFile(join(tree, 'package.json'), '{"name":"planted","type":"module"}');
  await writeFile(join(tree, 'knip.json'), '{"entry":["src/main.ts"],"project":["src/**/*.ts"]}');
  await writeFile(join(tree, 'src/main.ts'), "import { used } from './part.ts';\n\nused();\n");
  await writeFile(join(tree, 'src/part.ts'), 'export const used = (): number => 1;\n');
});
afterEach(() => rm(tree, { recursive: true }));

test('passes when everything is used', async () => {
  expect(await runStep(deadCodeStep, tree)).toMatchObject({ passed: true });
});

test('fails on an export that nobody imports', async () => {
  await writeFile(
    join(tree, 'src/part.ts'),
    'export const used = (): number => 1;\nexport const dead = 2;\n',
  );
  expect(await runStep(deadCodeStep, tree)).toMatchObject({
    passed: false,
    output: expect.stringMatching(/dead\s+src\/part\.ts/),
  });
});

test('fails on a file that nobody imports', async () => {
  await writeFile(join(tree, 'src/dead.ts'), 'export const dead = 2;\n');
  expect(await runStep(deadCodeStep, tree)).toMatchObject({
    passed: false,
    output: expect.stringContaining('src/dead.ts'),
  });
});
