/**
 * The import rules of design section 1 bite: one planted violation per rule makes the lint step of `npm run check` fail,
 * at the planted file and by that rule; what is allowed stays allowed. The table here is written by hand, so that a rule
 * that disappears from biome.json is missed.
 */
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lintStep, runStep } from './check.mjs';
import { repositoryRoot } from './paths.mjs';

const serverFolders = ['room', 'signaling', 'media', 'chat', 'cluster', 'http', 'auth', 'turn', 'quality'];

/** Packages with one folder of their own. */
const owners: Record<string, string[]> = {
  mediasoup: ['media'],
  ioredis: ['cluster'],
  'node:sqlite': ['chat'],
  ws: ['signaling', 'cluster'],
};

/** Folder, and what may not be imported there. */
const forbidden: [folder: string, specifier: string][] = [
  ...['node:fs', 'ws', 'mediasoup', 'react', '@parley/server', '@parley/client'].map(
    (specifier): [string, string] => ['server/protocol/src', specifier],
  ),
  ...serverFolders.flatMap((folder) => [
    ...Object.entries(owners)
      .filter(([, allowed]) => !allowed.includes(folder))
      .map(([specifier]): [string, string] => [`server/src/${folder}`, specifier]),
    ...serverFolders
      .filter((other) => other !== folder && other !== 'room')
      .map((other): [string, string] => [`server/src/${folder}`, `../${other}/Concrete.ts`]),
    [`server/src/${folder}`, '@parley/client'] as [string, string],
    [`server/src/${folder}`, '../../../client/sdk/src/index.ts'] as [string, string],
    [`server/src/${folder}`, '@parley/protocol/src/ids.ts'] as [string, string],
  ]),
  ['server/src/room', 'node:timers'],
  ['server/protocol/src', 'ioredis'],
  ['server/src/cluster/redis', '../../signaling/Concrete.ts'],
  ['server/src/cluster/redis', 'mediasoup'],
  ['server/src', 'mediasoup'],
  ['server/src', 'ioredis'],
  ['server/src', 'node:sqlite'],
  ['server/src', '@parley/client'],
  ...['react', '@parley/react', '@parley/server', 'node:fs', '../../../server/src/config.ts'].map(
    (specifier): [string, string] => ['client/sdk/src', specifier],
  ),
  ...['@parley/protocol', '@parley/web', '@parley/server', 'mediasoup-client', 'node:fs'].map(
    (specifier): [string, string] => ['client/react/src', specifier],
  ),
  ...['@parley/protocol', '@parley/server', 'mediasoup-client', 'node:fs'].map(
    (specifier): [string, string] => ['client/web/src', specifier],
  ),
  ...['@parley/react', '@parley/web', '@parley/server', '../server/src/config.ts'].map(
    (specifier): [string, string] => ['loadtest', specifier],
  ),
  ['client/web/src', '@parley/client/src/index.ts'],
];

const allowed: [folder: string, specifier: string][] = [
  ['server/protocol/src', 'zod/mini'],
  ...serverFolders.map((folder): [string, string] => [`server/src/${folder}`, '@parley/protocol']),
  ...Object.entries(owners).flatMap(([specifier, folders]) =>
    folders.map((folder): [string, string] => [`server/src/${folder}`, specifier]),
  ),
  ['server/src/chat', '../quality/ports.ts'],
  ['server/src/cluster/redis', 'ioredis'],
  ['client/sdk/src', '@parley/protocol'],
  ['client/sdk/src', 'mediasoup-client'],
  ['client/react/src', '@parley/client'],
  ['client/web/src', '@parley/react'],
  ['client/web/src', '@parley/client'],
  ['loadtest', '@parley/protocol'],
  ['loadtest', '@parley/client'],
];

const rule = 'lint/style/noRestrictedImports';
/** Planted files that break another rule than the one about single imports. */
const otherViolations: [file: string, source: string, rule: string][] = [
  [
    'server/src/cycle/a.ts',
    "import type { B } from './b.ts';\n\nexport type A = B | 1;\n",
    'lint/suspicious/noImportCycles',
  ],
  [
    'server/src/cycle/b.ts',
    "import type { A } from './a.ts';\n\nexport type B = A | 2;\n",
    'lint/suspicious/noImportCycles',
  ],
  ['server/src/auth/environment.ts', 'export const port = process.env.PORT;\n', 'lint/style/noProcessEnv'],
  ['server/src/auth/any.ts', 'export const value: any = 1;\n', 'lint/suspicious/noExplicitAny'],
  ['server/src/auth/console.ts', "console.log('x');\n", 'lint/suspicious/noConsole'],
  ['server/src/auth/format.ts', 'export const  port = 1;\n', 'format'],
];

let tree: string;
let passed: boolean;
/** What lint says, per planted file: the names of the broken rules. */
const found = new Map<string, string[]>();
const fileOf = (kind: 'forbidden' | 'allowed', folder: string, specifier: string) =>
  `${folder}/${kind}-${specifier.replaceAll(/[^a-z]+/gi, '-')}.ts`;

beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), 'parley-rules-'));
  for (const file of ['biome.json', '.gitignore'])
    await copyFile(join(repositoryRoot, file), join(tree, file));
  await symlink(join(repositoryRoot, 'node_modules'), join(tree, 'node_modules'));
  const plant = async (file: string, source: string) => {
    await mkdir(dirname(join(tree, file)), { recursive: true });
    await writeFile(join(tree, file), source);
  };
  for (const [kind, list] of [
    ['forbidden', forbidden],
    ['allowed', allowed],
  ] as const) {
    for (const [folder, specifier] of list) {
      await plant(fileOf(kind, folder, specifier), `export { thing } from '${specifier}';\n`);
    }
  }
  for (const [file, source] of otherViolations) await plant(file, source);

  const args = [...lintStep.args, '--max-diagnostics=none', '--reporter=json'];
  const result = await runStep({ ...lintStep, args }, tree);
  passed = result.passed;
  const report = JSON.parse(result.output.split('\n').find((line) => line.startsWith('{"')) ?? '');
  for (const { category, location } of report.diagnostics) {
    found.set(location.path, [...(found.get(location.path) ?? []), category]);
  }
});
afterAll(() => rm(tree, { recursive: true }));

test('the lint step fails', () => {
  expect(passed).toBe(false);
});

const folders = [...new Set(forbidden.map(([folder]) => folder))];
const specifiersOf = (list: typeof forbidden, folder: string) =>
  list.filter(([own]) => own === folder).map(([, specifier]) => specifier);

test.each(folders)('%s may not import what is not its own', (folder) => {
  // Two patterns of one rule may match the same import.
  const unnoticed = specifiersOf(forbidden, folder).filter((specifier) => {
    const broken = new Set(found.get(fileOf('forbidden', folder, specifier)));
    return [...broken].join() !== rule;
  });
  expect(unnoticed).toEqual([]);
});

test.each(folders)('%s may import what it needs', (folder) => {
  const refused = specifiersOf(allowed, folder).filter((specifier) =>
    found.has(fileOf('allowed', folder, specifier)),
  );
  expect(refused).toEqual([]);
});

test.each(otherViolations)('%s is refused', (file, _, broken) => {
  expect(found.get(file)).toEqual([broken]);
});
