/**
 * Owns reading how much CPU time processes have used, from /proc, with all their threads and including ones that ended.
 * Does not own which processes count as what.
 */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** User and system time in clock ticks, out of the text of /proc/<pid>/stat. @throws when it is no such text. */
export function parseProcessTicks(stat: string): number {
  // The name in parentheses may hold anything, parentheses and spaces too; fields are counted behind the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (!Number.isFinite(ticks)) throw new Error(`not a process's stat: ${stat}`);
  return ticks;
}

/** Ticks in which a core did something, out of the text of /proc/stat; undefined when it has no such core. */
export function parseCoreTicks(stat: string, core: number): number | undefined {
  const line = stat.split('\n').find((text) => text.startsWith(`cpu${core} `));
  if (line === undefined) return undefined;
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return user + nice + system + irq + softirq;
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU seconds of processes so far. @throws when one of them is gone. */
export async function cpuSeconds(pids: readonly number[]): Promise<number> {
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8')));
  return texts.reduce((sum, text) => sum + parseProcessTicks(text), 0) / ticksPerSecond;
}

/** Seconds in which a core was busy with anything, ours or not. */
export async function coreSeconds(core: number): Promise<number> {
  return (parseCoreTicks(await readFile('/proc/stat', 'utf8'), core) ?? 0) / ticksPerSecond;
}
