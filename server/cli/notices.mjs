/**
 * Owns the third-party notices: what is in a production install and in the worker, with each licence's text.
 * Run as a command it writes them to the given file. Does not own our own licence (LICENSE).
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Linked into the worker binary; their texts come with the packages of the machine that builds it. */
const workerLibraries = [
  ['mediasoup worker', 'ISC'],
  ['OpenSSL', 'Apache-2.0'],
  ['libsrtp', 'BSD-3-Clause'],
  ['libuv', 'MIT'],
  ['Abseil', 'Apache-2.0'],
  ['FlatBuffers', 'Apache-2.0'],
];

/**
 * The notices as text: one block per package that a production install has, sorted by name.
 * @param {string} folder root of an installed checkout
 * @returns {string}
 */
export function thirdPartyNotices(folder = root) {
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  const blocks = Object.entries(lock.packages)
    .filter(
      ([path, entry]) => path.includes('node_modules/') && !entry.link && !entry.dev && !entry.devOptional,
    )
    .filter(([path]) => existsSync(join(folder, path)))
    .map(([path, entry]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      return `${name} ${entry.version}\nLicence: ${entry.license ?? 'see text'}\n\n${licenceText(join(folder, path))}`;
    })
    .sort();
  const worker = workerLibraries.map(([name, licence]) => `${name}: ${licence}`).join('\n');
  const line = `\n\n${'-'.repeat(80)}\n\n`;
  return `Third-party software in Parley\n\nThe mediasoup-worker binary links:\n${worker}${line}${[...new Set(blocks)].join(line)}\n`;
}

/** @param {string} folder */
function licenceText(folder) {
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying|notice)(\.|$)/i.test(name));
  return file ? readFileSync(join(folder, file), 'utf8').trim() : '(the package ships no licence file)';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [target] = process.argv.slice(2);
  if (!target) {
    console.error('Usage: node server/cli/notices.mjs FILE');
    process.exit(2);
  }
  writeFileSync(target, thirdPartyNotices());
}
