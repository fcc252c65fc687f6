/**
 * libsrtp 2 on OpenSSL, built from the distribution's own source package: Debian's binary is built on NSS, which costs
 * about twice the CPU per packet. Uses apt with state folders and a source list of its own; the system's stay untouched.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Fetches, builds and installs libsrtp 2 into a folder of its own.
 * @param {import('./buildLog.mjs').BuildLog} log
 * @param {string} workDir an empty folder to work in
 * @param {string[]} mesonArgs
 * @returns {Promise<{pkgConfigDir: string, version: string}>}
 * @throws {Error} where there is no apt, no source package within reach, or it does not build
 */
export async function buildSrtpOnOpenssl(log, workDir, mesonArgs) {
  const sourceDir = await fetchSource(log, workDir);
  const stage = join(workDir, 'stage');
  const build = join(workDir, 'build');
  await log.run('meson', ['setup', build, sourceDir, `--prefix=${stage}`, ...mesonArgs], { cwd: workDir });
  await log.run('ninja', ['-C', build, 'install'], { cwd: workDir });
  const version = /libsrtp2-([\d.]+)/.exec(sourceDir)?.[1] ?? 'unknown';
  return { pkgConfigDir: join(stage, 'lib', 'pkgconfig'), version };
}

/**
 * @param {import('./buildLog.mjs').BuildLog} log
 * @param {string} workDir
 * @returns {Promise<string>} the unpacked source
 */
async function fetchSource(log, workDir) {
  const apt = join(workDir, 'apt');
  for (const dir of ['lists/partial', 'cache/archives/partial', 'source']) {
    await mkdir(join(apt, dir), { recursive: true });
  }
  const list = join(apt, 'archive.sources');
  await writeFile(list, await sourceEntries());
  const settings = {
    'Dir::Etc::sourcelist': list,
    'Dir::Etc::sourceparts': '-',
    'Dir::State': apt,
    'Dir::State::lists': join(apt, 'lists'),
    'Dir::Cache': join(apt, 'cache'),
    // Root's apt drops to the user `_apt`, who may not write into this folder.
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '1',
    'Acquire::http::Timeout': '10',
    'Acquire::https::Timeout': '10',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  await log.run('apt-get', [...options, 'update', '--error-on=any'], { cwd: workDir });
  const source = join(apt, 'source');
  await log.run('apt-get', [...options, '--only-source', 'source', 'libsrtp2'], { cwd: source });
  const folder = (await readdir(source, { withFileTypes: true })).find((entry) => entry.isDirectory());
  if (!folder) throw new Error('apt-get unpacked no source of libsrtp2');
  return join(source, folder.name);
}

/**
 * Source entries for the archives that offer this machine `libsrtp2-dev`, trusted by the keys that the system names.
 * @param {string} [aptDir] where the system's lists are
 * @returns {Promise<string>} a deb822 `.sources` file
 */
async function sourceEntries(aptDir = '/etc/apt') {
  const known = parseSources(await readSystemLists(aptDir));
  const entries = new Set();
  for (const line of aptOutput('apt-cache', ['madison', 'libsrtp2-dev']).split('\n')) {
    const offer = /\| (?<uri>\S+) (?<suite>\S+)\/(?<component>[^\s/]+) \S+ Packages$/.exec(line)?.groups;
    if (!offer?.uri) continue;
    const uri = trimSlash(offer.uri);
    const trust = known.find((source) => source.uris.includes(uri))?.trust ?? [];
    const fields = [
      'Types: deb-src',
      `URIs: ${uri}`,
      `Suites: ${offer.suite}`,
      `Components: ${offer.component}`,
    ];
    entries.add([...fields, ...trust].join('\n'));
  }
  if (entries.size === 0) throw new Error('no package archive of this machine offers libsrtp2');
  return `${[...entries].join('\n\n')}\n`;
}

/**
 * @param {string} text deb822 stanzas and one-line entries, mixed
 * @returns {{uris: string[], trust: string[]}[]} binary archives and their fields that establish trust
 */
export function parseSources(text) {
  const found = [];
  for (const stanza of text.split(/\n\s*\n/)) {
    const field = (/** @type {string} */ name) =>
      new RegExp(`^${name}:(.*(?:\\n[ \\t].*)*)`, 'im').exec(stanza)?.[1]?.trim();
    const trust = ['Signed-By', 'Trusted'].flatMap((name) => {
      const value = field(name);
      return value === undefined ? [] : [`${name}: ${value}`];
    });
    const uris = field('URIs')?.split(/\s+/) ?? [];
    if (uris.length > 0) found.push({ uris: uris.map(trimSlash), trust });
    for (const [, options = '', uri = ''] of stanza.matchAll(/^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)/gm)) {
      const keys = [...options.matchAll(/(signed-by|trusted)=(\S+)/g)];
      found.push({
        uris: [trimSlash(uri)],
        trust: keys.map(([, name, value]) => `${name === 'trusted' ? 'Trusted' : 'Signed-By'}: ${value}`),
      });
    }
  }
  return found;
}

/**
 * @param {string} aptDir
 * @returns {Promise<string>}
 */
async function readSystemLists(aptDir) {
  const parts = join(aptDir, 'sources.list.d');
  const names = (await readdir(parts).catch(() => [])).filter((name) => /\.(?:list|sources)$/.test(name));
  const files = [join(aptDir, 'sources.list'), ...names.map((name) => join(parts, name))];
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  // Comments may stand inside a stanza, where an empty line would end it.
  return texts.join('\n\n').replace(/^#.*\n/gm, '');
}

/**
 * @param {string} uri
 * @returns {string}
 */
function trimSlash(uri) {
  return uri.replace(/\/+$/, '');
}

/**
 * @param {string} program
 * @param {string[]} args
 * @returns {string}
 */
function aptOutput(program, args) {
  return execFileSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, LC_ALL: 'C' },
  });
}
