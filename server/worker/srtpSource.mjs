/**
 * libsrtp 2 on OpenSSL, built from the distribution's own source package: Debian's binary is built on NSS, which costs
 * about twice the CPU per packet. Uses apt with state folders and a source list of its own; the system's stay untouched.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** For each of apt's two downloads (10 MB of index, 1 MB of source): a network that swallows packets must not stop set-up. */
const limitMs = 90_000;

/**
 * Fetches, builds and installs libsrtp 2 into a folder of its own.
 * @param {object} options
 * @param {import('./buildLog.mjs').BuildLog} options.log
 * @param {string} options.workDir an empty folder to work in
 * @param {string[]} options.mesonArgs
 * @param {NodeJS.ProcessEnv} options.env
 * @returns {Promise<{pkgConfigDir: string, version: string}>}
 * @throws {Error} where there is no apt, no source package within reach, or it does not build
 */
export async function buildSrtpOnOpenssl({ log, workDir, mesonArgs, env }) {
  const sourceDir = await fetchSource(log, workDir, env);
  const stage = join(workDir, 'stage');
  const build = join(workDir, 'build');
  await log.run('meson', ['setup', build, sourceDir, `--prefix=${stage}`, ...mesonArgs], {
    cwd: workDir,
    env,
  });
  await log.run('ninja', ['-C', build, 'install'], { cwd: workDir, env });
  const version = /libsrtp2-([\d.]+)/.exec(sourceDir)?.[1] ?? 'unknown';
  return { pkgConfigDir: join(stage, 'lib', 'pkgconfig'), version };
}

/**
 * @param {import('./buildLog.mjs').BuildLog} log
 * @param {string} workDir
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>} the unpacked source
 */
async function fetchSource(log, workDir, env) {
  const apt = join(workDir, 'apt');
  for (const dir of ['lists/partial', 'cache/archives/partial', 'source']) {
    await mkdir(join(apt, dir), { recursive: true });
  }
  const list = join(apt, 'archive.sources');
  await writeFile(list, await sourceEntries(env));
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
  await log.run('apt-get', [...options, 'update', '--error-on=any'], { cwd: workDir, env, limitMs });
  const source = join(apt, 'source');
  await log.run('apt-get', [...options, '--only-source', 'source', 'libsrtp2'], {
    cwd: source,
    env,
    limitMs,
  });
  const folder = (await readdir(source, { withFileTypes: true })).find((entry) => entry.isDirectory());
  if (!folder) throw new Error('apt-get unpacked no source of libsrtp2');
  return join(source, folder.name);
}

/**
 * Source entries for the archives that offer this machine `libsrtp2-dev`, trusted by the keys that the system names.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>} a deb822 `.sources` file
 */
async function sourceEntries(env) {
  const known = parseSources(await readSystemLists('/etc/apt'));
  const entries = new Set();
  for (const line of offersOf('libsrtp2-dev', env).split('\n')) {
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
      new RegExp(`^${name}:(.*(?:\\n[ \\t].*)*)`, 'im').exec(stanza)?.[1]?.trimEnd();
    const trust = ['Signed-By', 'Trusted'].flatMap((name) => {
      const value = field(name);
      return value === undefined ? [] : [`${name}:${value}`];
    });
    const uris = field('URIs')?.trim().split(/\s+/) ?? [];
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
 * @param {string} name of a package
 * @param {NodeJS.ProcessEnv} env
 * @returns {string} one line for each version and archive
 */
function offersOf(name, env) {
  return execFileSync('apt-cache', ['madison', name], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...env, LC_ALL: 'C' },
  });
}
