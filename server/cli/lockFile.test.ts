/**
 * The lock file names every optional package of every platform. An `npm install` at a registry that lacks some leaves
 * them out, and `npm ci` (npm 11 and 12) then refuses the lock file on every machine.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repositoryRoot } from './paths.mjs';

test('package-lock.json holds every optional package that a package names', () => {
  const { packages } = JSON.parse(readFileSync(join(repositoryRoot, 'package-lock.json'), 'utf8'));
  const locked = new Set(Object.keys(packages).map((path) => path.slice(path.lastIndexOf('node_modules/'))));
  const missing = Object.values<{ optionalDependencies?: Record<string, string> }>(packages)
    .flatMap(({ optionalDependencies = {} }) => Object.entries(optionalDependencies))
    .filter(([name]) => !locked.has(`node_modules/${name}`));
  expect(missing, 'add an entry with version, optional, os and cpu for each').toEqual([]);
});
