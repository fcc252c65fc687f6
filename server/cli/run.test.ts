/**
 * Child processes: exit codes, output, signals, and becoming another program.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { capture, lastLines, npmCommand, runVisibly } from './run.mjs';

const node = process.execPath;
const moduleUrl = JSON.stringify(join(import.meta.dirname, 'run.mjs'));

test('capture keeps both streams and the exit code', async () => {
  const result = await capture(node, [
    '-e',
    'console.log("out"); console.error("err"); process.exitCode = 3',
  ]);
  expect(result.code).toBe(3);
  expect(result.output.split('\n').filter(Boolean).sort()).toEqual(['err', 'out']);
});

test('capture tells a signal and a missing program by their exit codes', async () => {
  expect(await capture(node, ['-e', 'process.kill(process.pid, "SIGKILL")'])).toMatchObject({ code: 137 });
  expect(await capture('parley-no-such-program', [])).toMatchObject({ code: 127 });
});

test('runVisibly kills a program past its limit, even one that does not want to stop', async () => {
  const stubborn = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1e6)';
  expect(await runVisibly(node, ['-e', stubborn], { timeLimitMs: 300 })).toBe(137);
});

test('lastLines leaves out blank lines', () => {
  expect(lastLines('one\n\ntwo\n  \nthree\n', 2)).toBe('    two\n    three');
});

test('npm is the copy that started us, with its own Node, else the one on the PATH', () => {
  vi.stubEnv('npm_execpath', '/usr/share/npm/bin/npm-cli.js');
  vi.stubEnv('npm_node_execpath', '/usr/bin/node');
  expect(npmCommand()).toEqual({ file: '/usr/bin/node', args: ['/usr/share/npm/bin/npm-cli.js'] });
  vi.stubEnv('npm_execpath', '/usr/share/yarn/yarn.js');
  expect(npmCommand()).toEqual({ file: 'npm', args: [] });
  vi.unstubAllEnvs();
});

describe('a process that becomes or waits for another', () => {
  /** The program: says its process id, ends with 7 when it is told to stop. */
  const program =
    'process.on("SIGTERM", () => { console.log("stopped"); process.exit(7); }); setInterval(() => {}, 1e6); console.log(process.pid)';

  async function stop(source: string) {
    const child = spawn(node, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = await new Promise<number>((resolve) => {
      child.stdout.once('data', (chunk) => resolve(Number(String(chunk))));
    });
    let rest = '';
    child.stdout.on('data', (chunk) => {
      rest += chunk;
    });
    child.kill('SIGTERM');
    const code = await new Promise((resolve) => child.once('close', resolve));
    return { code, isSameProcess: pid === child.pid, hasStopped: rest === 'stopped\n' };
  }

  test('become keeps the process, its signals and the exit code', async () => {
    const source = `import { become } from ${moduleUrl}; become(${JSON.stringify(node)}, ['-e', ${JSON.stringify(program)}], process.env);`;
    expect(await stop(source)).toEqual({ code: 7, isSameProcess: true, hasStopped: true });
  });

  test('runVisibly passes SIGTERM on, waits for the end, and then goes no further', async () => {
    const source = `import { runVisibly } from ${moduleUrl};
      const next = () => process.exit(1);
      await runVisibly(${JSON.stringify(node)}, ['-e', ${JSON.stringify(program)}]).then(next, (error) => process.exit(error.exitCode));`;
    expect(await stop(source)).toEqual({ code: 143, isSameProcess: false, hasStopped: true });
  });
});
