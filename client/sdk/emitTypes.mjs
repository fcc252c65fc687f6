/**
 * Owns the declarations of the built SDK: emits them from the sources, the protocol's among them, and makes dist/ a package that can
 * be packed or copied as it is. Does not own the bundle (vite.config.ts), which must be built before.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const here = import.meta.dirname;
const root = join(here, '../..');
const types = join(here, 'dist/types');
const protocol = join(types, 'server/protocol/src/index.js');

const tsc = spawnSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(here, 'tsconfig.types.json')],
  { stdio: 'inherit' },
);
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

for (const file of readdirSync(types, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.d.ts')) continue;
  const path = join(types, file);
  const toProtocol = `./${relative(dirname(path), protocol)}`.replace('./..', '..');
  const text = readFileSync(path, 'utf8')
    // Declarations keep the `.ts` of the sources, which readers of declarations do not have.
    .replaceAll(/(from ')(\.[^']*)\.ts'/g, "$1$2.js'")
    .replaceAll("'@parley/protocol'", `'${toProtocol}'`);
  writeFileSync(path, text);
}

const { name, version, license, dependencies } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
const zod = JSON.parse(readFileSync(join(root, 'server/protocol/package.json'), 'utf8')).dependencies.zod;
const manifest = {
  name,
  version,
  license,
  type: 'module',
  sideEffects: false,
  exports: { '.': { types: './types/client/sdk/src/index.d.ts', default: './index.js' } },
  // The bundle needs neither; its declarations mention types of both.
  dependencies: { 'mediasoup-client': dependencies['mediasoup-client'], zod },
};
writeFileSync(join(here, 'dist/package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
