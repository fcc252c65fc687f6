import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { buildWorker } from './build.mjs';
import { BuildLog } from './buildLog.mjs';
import { buildPackages, missingPackages } from './packages.mjs';
import { recordingReporter, temporaryDir, writeExecutable } from './testSupport.ts';

const mediasoupDir = resolve(dirname(createRequire(import.meta.url).resolve('mediasoup')), '..', '..');

/** A build in which the given programs stand before the system's on the PATH. */
async function buildWith(programs: Record<string, string>) {
  const dir = await temporaryDir();
  for (const [name, script] of Object.entries(programs)) {
    await writeExecutable(join(dir, 'bin', name), `#!/bin/sh\n${script}\n`);
  }
  const logPath = join(dir, 'logs', 'worker-build.log');
  const report = recordingReporter();
  const result = buildWorker({
    mediasoupDir,
    workDir: join(dir, 'work'),
    logPath,
    report,
    env: { ...process.env, PATH: [join(dir, 'bin'), process.env.PATH].join(delimiter) },
    packages: [],
  });
  return { result, report, logPath };
}

it('a failed build names the first error, the log and what to do; the wall of text is in the log only', async () => {
  const wall = 'i=0; while [ $i -lt 500 ]; do echo "note: candidate $i: template argument"; i=$((i+1)); done';
  const { result, logPath } = await buildWith({
    'apt-cache': 'exit 1',
    meson: 'echo "Checking for function strtoull_l : NO"; exit 0',
    ninja: `echo "[3/261] Compiling C++ object Foo.cpp.o"
      echo "../src/RTC/Foo.cpp:12:3: error: 'bar' was not declared in this scope" >&2
      ${wall}
      echo "../src/RTC/Foo.cpp:99:1: error: expected '}'" >&2
      exit 1`,
  });
  const error: { message: string; mend: string } = await result.then(
    () => Promise.reject(new Error('the build succeeded')),
    (reason) => reason,
  );
  expect(error.message).toBe(
    "The media worker could not be built. ninja: ../src/RTC/Foo.cpp:12:3: error: 'bar' was not declared in this scope",
  );
  expect(error.mend).toContain(logPath);
  expect(error.mend).toContain('MEDIASOUP_WORKER_BIN');
  expect(error.mend).toContain('libabsl-dev');
  expect(error.mend.split('\n').length).toBeLessThan(5);
  const log = await readFile(logPath, 'utf8');
  expect(log).toContain('candidate 499');
  expect(log).toContain('$ ninja -C');
});

it("a Meson that finds nothing: its own error line, not a probe's", async () => {
  const { result } = await buildWith({
    'apt-cache': 'exit 1',
    meson: `echo "Run-time dependency libuv found: NO (tried pkgconfig and cmake)"
      echo "../source/subprojects/libuv-v1.51.0/meson.build:7:2: ERROR: Dependency \\"libuv\\" not found"
      exit 1`,
  });
  await expect(result).rejects.toThrow(/meson: .*meson\.build:7:2: ERROR: Dependency "libuv" not found$/);
});

it("links the distribution's libsrtp where its source is out of reach, and says what that costs", async () => {
  const { result, report } = await buildWith({
    'apt-cache': 'exit 1',
    meson: 'case "$*" in *srtp2-static=false*) echo "ERROR: seen"; exit 1;; *) exit 0;; esac',
  });
  await expect(result).rejects.toThrow('ERROR: seen');
  expect(report.lines.join('\n')).toContain('up to twice the CPU');
});

it('gives up on a program that waits on the network for too long', async () => {
  const dir = await temporaryDir();
  const log = await BuildLog.create(join(dir, 'log'));
  const slow = log.run('sleep', ['60'], { cwd: dir, env: process.env, limitMs: 100 });
  await expect(slow).rejects.toThrow('not done after 0.1 s');
  await log.close();
});

it('a program that is not installed is named', async () => {
  const dir = await temporaryDir();
  const log = await BuildLog.create(join(dir, 'log'));
  await expect(log.run('no-such-compiler', [], { cwd: dir, env: process.env })).rejects.toThrow(
    /no-such-compiler.*No such file/,
  );
  await log.close();
});

it('missing packages stop it before it starts, with the command that installs them', async () => {
  const dir = await temporaryDir();
  const result = buildWorker({
    mediasoupDir,
    workDir: dir,
    logPath: join(dir, 'log'),
    report: recordingReporter(),
    env: process.env,
    packages: ['dpkg', 'parley-no-such-package'],
  });
  await expect(result).rejects.toMatchObject({
    mend: 'Install them and try again: apt-get install --yes parley-no-such-package',
  });
});

it('knows installed packages from missing ones', () => {
  expect(missingPackages(['dpkg', 'parley-no-such-package'])).toEqual(['parley-no-such-package']);
  expect(buildPackages).toContain('meson');
});
