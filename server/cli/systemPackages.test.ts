/**
 * System packages: who is asked, what is run. The real question at a real terminal (`script` makes one); dpkg-query,
 * apt-get and sudo are scripts on the PATH that keep the list of installed packages in a file.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testPackages, workerPackages } from './requiredPackages.mjs';
import { decide, installCommand } from './systemPackages.mjs';

describe('decide', () => {
  const nobody = { isRoot: false, hasSudo: false, isInteractive: false, assumeYes: false };
  test.each([
    ['root without a terminal', { isRoot: true }, 'install'],
    ['root at a terminal', { isRoot: true, isInteractive: true }, 'ask'],
    ['root at a terminal with --yes', { isRoot: true, isInteractive: true, assumeYes: true }, 'install'],
    ['sudo at a terminal', { hasSudo: true, isInteractive: true }, 'ask'],
    ['sudo with --yes', { hasSudo: true, assumeYes: true }, 'install'],
    ['sudo without a terminal', { hasSudo: true }, 'refuse'],
    ['no rights', {}, 'refuse'],
    ['no rights at a terminal', { isInteractive: true }, 'refuse'],
    ['no rights with --yes', { isInteractive: true, assumeYes: true }, 'refuse'],
  ])('%s: %s leads to "%s"', (_, situation, expected) => {
    expect(decide({ ...nobody, ...situation })).toBe(expected);
  });
});

test('the command is one line that can be typed', () => {
  expect(installCommand(['coturn', 'gcc'], false)).toBe(
    'apt-get update && env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends coturn gcc',
  );
  expect(installCommand(['gcc'], true)).toMatch(/^sudo apt-get update && sudo env .* gcc$/);
});

test('no package is listed twice, and each has a reason', () => {
  for (const list of [testPackages, workerPackages]) {
    expect(new Set(list.map(({ name }) => name)).size).toBe(list.length);
    for (const { reason } of list) expect(reason).not.toBe('');
  }
});

describe('ensurePackages', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-packages-'));
    const script = (name: string, body: string) =>
      writeFile(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    await writeFile(join(folder, 'installed'), 'installed gcc\n');
    await script('dpkg-query', `/bin/cat ${folder}/installed`);
    await script(
      'apt-get',
      `echo "$DEBIAN_FRONTEND $*" >> ${folder}/calls
[ "$1" = update ] && exit 0
[ -e ${folder}/broken ] && { echo "Reading package lists..."; echo "E: Unable to locate package coturn" >&2; exit 100; }
for name; do echo "installed $name" >> ${folder}/installed; done`,
    );
    await script('sudo', 'case $1 in -*) exit 0;; *) exec "$@";; esac');
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Asks for gcc, which is there, and coturn, which is not. */
  async function ensure({
    assumeYes = false,
    answer,
    uid,
    path = `${folder}:${process.env.PATH}`,
  }: {
    assumeYes?: boolean;
    answer?: string;
    /** Whom it takes itself for; default: whoever runs this test. */
    uid?: number;
    path?: string;
  } = {}) {
    const runner = join(folder, 'runner.mjs');
    await writeFile(
      runner,
      `import { ensurePackages } from ${JSON.stringify(join(import.meta.dirname, 'systemPackages.mjs'))};
${uid === undefined ? '' : `process.getuid = () => ${uid};`}
const required = ['gcc', 'coturn'].map((name) => ({ name, reason: 'test this' }));
try { await ensurePackages(required, { assumeYes: ${assumeYes} }); console.log('went on'); }
catch (error) { console.log([error.name + ': ' + error.message, error.mend].filter(Boolean).join('\\n')); process.exitCode = 1; }`,
    );
    const env = { ...process.env, PATH: path, XDG_CACHE_HOME: folder };
    const [file, args] =
      answer === undefined
        ? [process.execPath, [runner]]
        : ['script', ['-qec', `'${process.execPath}' '${runner}'`, '/dev/null']];
    const child = spawn(file, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    let isAnswered = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
        if (isAnswered || !output.includes('[Y/n]')) return;
        isAnswered = true;
        child.stdin.write(answer ?? '');
      });
    }
    const code = await new Promise((resolve) => child.once('close', resolve));
    const calls = await readFile(join(folder, 'calls'), 'utf8').catch(() => '');
    return { code, output, calls: calls.split('\n').filter(Boolean), isAnswered };
  }

  const isRoot = process.getuid?.() === 0;
  const bothCalls = [
    expect.stringMatching(/update$/),
    expect.stringMatching(/^noninteractive .*install -y --no-install-recommends coturn$/),
  ];

  test('does nothing when everything is there', async () => {
    await writeFile(join(folder, 'installed'), 'installed gcc\ninstalled coturn\n');
    expect(await ensure({ answer: '\n' })).toMatchObject({ code: 0, calls: [], isAnswered: false });
  });

  test('shows the exact command at a terminal, and Enter runs it', async () => {
    const { code, output, calls, isAnswered } = await ensure({ answer: '\n' });
    expect(output).toContain(installCommand(['coturn'], !isRoot));
    expect(output).toContain('to test this: coturn');
    expect({ code, calls, isAnswered }).toEqual({ code: 0, calls: bothCalls, isAnswered: true });
  });

  test.each(['n\n', 'no\n', 'what\n', '\x04', '\x03'])(
    'installs nothing when the answer is %j',
    async (answer) => {
      const { code, output, calls } = await ensure({ answer });
      expect({ code, calls }).toEqual({ code: 1, calls: [] });
      expect(output).toContain(`Run it yourself when you like: ${installCommand(['coturn'], !isRoot)}`);
    },
  );

  test('does not ask with --yes', async () => {
    const result = await ensure({ assumeYes: true, answer: '\n' });
    expect(result).toMatchObject({ code: 0, calls: bothCalls, isAnswered: false });
  });

  test('installs and names the packages for root without a terminal', async () => {
    const { code, output, calls } = await ensure({ uid: 0 });
    expect({ code, calls }).toEqual({ code: 0, calls: bothCalls });
    expect(output).toMatch(/Installing coturn/);
  });

  describe('without rights', () => {
    const line = (command: string) => `SetupError: System packages are missing (to test this); ${command}\n`;
    const typed = (withSudo: boolean) =>
      `${withSudo ? 'run' : 'as root run'}: ${installCommand(['coturn'], withSudo)}`;

    test.each([false, true])('gives the one line where there is no sudo (--yes: %s)', async (assumeYes) => {
      await rm(join(folder, 'sudo'));
      await symlink('/bin/sh', join(folder, 'sh'));
      const result = await ensure({ uid: 1000, assumeYes, path: folder });
      expect(result).toMatchObject({ code: 1, calls: [], output: line(typed(false)) });
    });

    test('gives the one line without a terminal, for whoever may use sudo at one', async () => {
      const result = await ensure({ uid: 1000 });
      expect(result).toMatchObject({ code: 1, calls: [], output: line(typed(true)) });
    });

    test('gives the one line with --yes where sudo wants a password that nobody can type', async () => {
      await writeFile(join(folder, 'sudo'), '#!/bin/sh\necho "sudo: a password is required" >&2; exit 1\n');
      const result = await ensure({ uid: 1000, assumeYes: true });
      expect(result).toMatchObject({ code: 1, calls: [], output: line(typed(true)) });
    });
  });

  test('installs through sudo with --yes where it asks for no password', async () => {
    const result = await ensure({ uid: 1000, assumeYes: true });
    expect(result).toMatchObject({ code: 0, calls: bothCalls });
  });

  test('says what apt said when it fails', async () => {
    await writeFile(join(folder, 'broken'), '');
    const { code, output } = await ensure({ assumeYes: true });
    expect(code).toBe(1);
    expect(output).toContain('SetupError');
    expect(output).toContain('E: Unable to locate package coturn');
    expect(output).not.toContain('Reading package lists');
  });
});
