/**
 * Owns taking a process's core away from it, as a busy machine does: it shares one with somebody who never rests and goes first.
 * Needs no rights, and control groups neither. Does not own the process.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** Leaves a process some 1.5 % of a core. @returns the way to end that, idempotent; the process stays on that core. */
export async function squeeze(pid: number): Promise<() => Promise<void>> {
  const [, allowed = '0'] =
    /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  const core = allowed.split(/[,-]/).at(-1) ?? '0';
  execFileSync('taskset', ['-p', '-c', core, String(pid)]);
  // Whoever is nice cannot take it back without rights, but alone on a core nobody is there to be nice to.
  execFileSync('renice', ['-n', '19', '-p', String(pid)]);
  const busy = spawn('taskset', ['-c', core, process.execPath, '-e', 'for (;;);'], { stdio: 'ignore' });
  await once(busy, 'spawn');
  const exited = once(busy, 'exit');
  return async () => {
    busy.kill('SIGKILL');
    await exited;
  };
}
