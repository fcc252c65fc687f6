/**
 * Owns what Linux tells in /proc: who listens on a port, who is whose child, CPU, memory, open-files limits.
 * Does not own what it means. Where there is no /proc (other systems, other machines) the answers are empty.
 */
import { readdir, readFile, readlink } from 'node:fs/promises';

/** USER_HZ: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** TCP_LISTEN, as /proc/net/tcp writes it. */
const LISTENING = '0A';

const text = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');

/** What a process has used and holds. */
export interface ProcessUse {
  readonly cpuMs: number;
  readonly memoryBytes: number;
}

/** The process that listens on a TCP port of this machine. */
export async function listenerOf(port: number): Promise<number | undefined> {
  const tables = await Promise.all([text('/proc/net/tcp'), text('/proc/net/tcp6')]);
  const inodes = new Set<string>();
  for (const line of tables.join('\n').split('\n')) {
    const fields = line.trim().split(/\s+/);
    const [local = '', state, inode = ''] = [fields[1], fields[3], fields[9]];
    if (state === LISTENING && Number.parseInt(local.split(':')[1] ?? '', 16) === port) inodes.add(inode);
  }
  if (inodes.size === 0) return undefined;
  for (const pid of await pids()) {
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const link = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
      if (inode !== undefined && inodes.has(inode)) return pid;
    }
  }
  return undefined;
}

/** The processes that a process has started. */
export async function childrenOf(parent: number): Promise<{ pid: number; name: string }[]> {
  const found: { pid: number; name: string }[] = [];
  for (const pid of await pids()) {
    const stat = parseStat(await text(`/proc/${pid}/stat`));
    if (stat?.parent === parent) found.push({ pid, name: stat.name });
  }
  return found;
}

/** Undefined when it has ended. */
export async function useOf(pid: number): Promise<ProcessUse | undefined> {
  const [stat, status] = await Promise.all([text(`/proc/${pid}/stat`), text(`/proc/${pid}/status`)]);
  const parsed = parseStat(stat);
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (!parsed || kilobytes === undefined) return undefined;
  return { cpuMs: parsed.cpuMs, memoryBytes: Number(kilobytes) * 1024 };
}

/** How many files a process may have open; undefined when that is unknown or has no limit. */
export async function openFilesLimit(pid: number | 'self'): Promise<number | undefined> {
  const soft = /^Max open files\s+(\d+)/m.exec(await text(`/proc/${pid}/limits`))?.[1];
  return soft === undefined ? undefined : Number(soft);
}

async function pids(): Promise<number[]> {
  const entries = await readdir('/proc').catch(() => []);
  return entries.filter((entry) => /^\d+$/.test(entry)).map(Number);
}

/** The name may hold spaces and parentheses, so what follows counts from the last one. */
function parseStat(stat: string): { name: string; parent: number; cpuMs: number } | undefined {
  const name = /\((.*)\)/s.exec(stat)?.[1];
  if (name === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { name, parent: Number(fields[1]), cpuMs: (ticks * 1000) / TICKS_PER_SECOND };
}
