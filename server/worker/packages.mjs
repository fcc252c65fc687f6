/**
 * The Debian packages that a build of the worker needs, and which of them this machine lacks.
 * Installing them is the command line's business: it may have to ask first.
 */
import { spawnSync } from 'node:child_process';

/** Debian package names for way 4. `dpkg-dev` unpacks libsrtp's source, `libsrtp2-dev` serves where that fails. */
export const buildPackages = [
  'dpkg-dev',
  'flatbuffers-compiler',
  'g++',
  'libabsl-dev',
  'libflatbuffers-dev',
  'libsrtp2-dev',
  'libssl-dev',
  'libuv1-dev',
  'meson',
  'ninja-build',
  'pkg-config',
];

/**
 * Which of these packages are not installed. Without dpkg (not a Debian) nothing can be said, and nothing is missing.
 * @param {readonly string[]} names Debian package names
 * @returns {string[]}
 */
export function missingPackages(names) {
  // Exit code 1 only says that some name is unknown; what matters is which names are reported as installed.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholders
  const format = '${db:Status-Status} ${Package}\\n';
  const query = spawnSync('dpkg-query', ['-W', '-f', format, ...names], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (query.error) return [];
  const lines = query.stdout.split('\n');
  const installed = new Set(
    lines.filter((line) => line.startsWith('installed ')).map((line) => line.slice(10)),
  );
  return names.filter((name) => !installed.has(name));
}
