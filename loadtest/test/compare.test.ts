/**
 * The comparison as a command, at its smallest: it measures, says what it cannot do, and leaves nothing running.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { workerBin } from '../../server/test/support/workerBin.ts';

const bench = fileURLToPath(new URL('../bench/index.ts', import.meta.url));

interface Run {
  readonly child: ChildProcess;
  /** What it printed so far. */
  output(): string;
  readonly ended: Promise<number | null>;
}

/** In a process group of its own, so that what it leaves behind can be seen. */
async function run(...args: string[]): Promise<Run> {
  const environment = { ...process.env, MEDIASOUP_WORKER_BIN: await workerBin() };
  const child = spawn(process.execPath, [bench, 'compare', ...args], { detached: true, env: environment });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += String(chunk)));
  return { child, output: () => output, ended: once(child, 'exit').then(([code]) => code as number | null) };
}

const isGroupGone = ({ child }: Run): boolean => {
  try {
    process.kill(-child.pid!, 0);
    return false;
  } catch {
    return true;
  }
};

const smallest = [
  '--quick',
  '--cases',
  'video',
  '--contenders',
  'parley,m1',
  '--rounds',
  '1',
  '--seconds',
  '3',
];

test('Parley and bare mediasoup are measured, each with its CPU per packet and its SRTP profile', async () => {
  const comparison = await run(...smallest);
  expect(await comparison.ended, comparison.output()).toBe(0);
  for (const id of ['parley', 'm1']) {
    expect(comparison.output()).toMatch(
      new RegExp(`^round 1/1 ${id} +video-2 +\\d+ packets/s, media [\\d.]+`, 'm'),
    );
  }
  expect(comparison.output()).toMatch(/^\| \*\*Parley\*\* \|.*AES.* \|$/m);
  expect(isGroupGone(comparison)).toBe(true);
});

test('Ctrl-C ends everything that was started', async () => {
  const comparison = await run(...smallest, '--rounds', '9');
  await expect.poll(comparison.output, { timeout: 60_000 }).toContain('round 1/9');
  comparison.child.kill('SIGINT');
  expect(await comparison.ended, comparison.output()).toBe(130);
  expect(comparison.output()).toContain('Interrupted');
  expect(isGroupGone(comparison)).toBe(true);
});

test('a mistyped option is one line and the usage, exit 2', async () => {
  const comparison = await run('--contenders', 'zoom');
  expect(await comparison.ended).toBe(2);
  expect(comparison.output()).toMatch(/^--contenders takes parley, m1, m0, j0, j1; not "zoom"\.\nUsage:/);
});
