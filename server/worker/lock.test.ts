import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withLock } from './lock.mjs';
import { temporaryDir } from './testSupport.ts';

const lockModule = new URL('lock.mjs', import.meta.url).href;

it('lets one in at a time, tells the other whom it waits for, and leaves nothing behind', async () => {
  const dir = await temporaryDir();
  const path = join(dir, 'lock');
  const events: string[] = [];
  const waitedFor: number[] = [];
  const work = (name: string) => async () => {
    events.push(`${name} in`);
    await new Promise((resolve) => setImmediate(resolve));
    events.push(`${name} out`);
  };
  const options = { onWait: (pid: number) => waitedFor.push(pid) };
  await Promise.all([withLock(path, work('a'), options), withLock(path, work('b'), options)]);
  expect([events[0]?.at(0), events[1]?.at(0)]).toEqual([events[1]?.at(0), events[0]?.at(0)]);
  expect(events.map((event) => event.slice(2))).toEqual(['in', 'out', 'in', 'out']);
  expect(waitedFor).toEqual([process.pid]);
  expect(await readdir(dir)).toEqual([]);
});

it('is free again after work that failed', async () => {
  const path = join(await temporaryDir(), 'lock');
  await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await withLock(path, async () => 'in')).toBe('in');
});

it('takes over from a holder that was killed', async () => {
  const path = join(await temporaryDir(), 'lock');
  const script = `import { withLock } from ${JSON.stringify(lockModule)};
    await withLock(${JSON.stringify(path)}, () => { console.log('in'); return new Promise(() => setInterval(() => {}, 1e6)); });`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  expect(JSON.parse(await readFile(path, 'utf8')).pid).toBe(holder.pid);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  expect(await withLock(path, async () => JSON.parse(await readFile(path, 'utf8')).pid)).toBe(process.pid);
});

it('takes over from a dead holder whose process id another process has now', async () => {
  const path = join(await temporaryDir(), 'lock');
  await writeFile(path, JSON.stringify({ pid: process.pid, started: 'another boot 1', token: 'old' }));
  expect(await withLock(path, async () => 'in')).toBe('in');
});

it('takes over a lock that a power loss cut short', async () => {
  const path = join(await temporaryDir(), 'lock');
  await writeFile(path, '{"pid":');
  expect(await withLock(path, async () => 'in')).toBe('in');
});
