/**
 * Owns how busy the servers under test are, where they run on this machine: CPU and memory of their processes and workers.
 * Does not own servers elsewhere: of them nothing is known.
 */
import { childrenOf, listenerOf, useOf } from './proc.ts';

/** A process of a server. */
export interface ServerProcess {
  readonly pid: number;
  readonly name: string;
}

/** One look. */
export interface ServerUse {
  readonly busiestPercent: number;
  readonly cpuPercent: number;
  readonly memoryBytes: number;
}

/** The server that listens on a port of this machine, and the workers that it started. */
export async function serverProcesses(port: number): Promise<ServerProcess[]> {
  const pid = await listenerOf(port);
  if (pid === undefined) return [];
  const workers = (await childrenOf(pid)).filter(({ name }) => name.startsWith('mediasoup'));
  return [{ pid, name: 'server' }, ...workers.map((worker) => ({ pid: worker.pid, name: 'media worker' }))];
}

/** Watches processes from its making on. */
export class ServerWatch {
  readonly #processes: readonly ServerProcess[];
  readonly #cpuMs = new Map<number, number>();
  #atMs = performance.now();

  static async create(processes: readonly ServerProcess[]): Promise<ServerWatch> {
    const watch = new ServerWatch(processes);
    await watch.take();
    return watch;
  }

  private constructor(processes: readonly ServerProcess[]) {
    this.#processes = processes;
  }

  /** Their memory, in bytes; undefined without any. */
  async weigh(): Promise<number | undefined> {
    const uses = await Promise.all(this.#processes.map(({ pid }) => useOf(pid)));
    const known = uses.filter((use) => use !== undefined);
    return known.length > 0 ? known.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0) : undefined;
  }

  /** What they used since the last call, and hold now; undefined without any. Only the recorder asks. */
  async take(): Promise<ServerUse | undefined> {
    const uses = await Promise.all(this.#processes.map(async ({ pid }) => ({ pid, use: await useOf(pid) })));
    const nowMs = performance.now();
    const elapsedMs = Math.max(1, nowMs - this.#atMs);
    this.#atMs = nowMs;
    let [busiestPercent, cpuPercent, memoryBytes] = [0, 0, 0];
    let known = false;
    for (const { pid, use } of uses) {
      if (!use) continue;
      known = true;
      const percent = ((use.cpuMs - (this.#cpuMs.get(pid) ?? use.cpuMs)) / elapsedMs) * 100;
      this.#cpuMs.set(pid, use.cpuMs);
      busiestPercent = Math.max(busiestPercent, percent);
      cpuPercent += percent;
      memoryBytes += use.memoryBytes;
    }
    return known ? { busiestPercent, cpuPercent, memoryBytes } : undefined;
  }
}
