/**
 * Owns the load tool as a person runs it: a process with arguments, what it prints, how it ends, its JSON report.
 * Does not own the server under test.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Report } from '../../src/report/schema.ts';
import { childrenOf } from '../../src/run/proc.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** How a run of the tool ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A tool that runs. */
export class RunningTool {
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';

  /** @param prefix a shell's words before the command, such as `ulimit -n 64;`. */
  constructor(args: readonly string[], prefix = '') {
    const command = `${prefix} exec "$0" "$@"`;
    this.#child = spawn('/bin/sh', ['-c', command, process.execPath, main, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#stdout += chunk.toString();
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
  }

  /** Waits for a text in its progress. */
  async until(text: string | RegExp): Promise<void> {
    for (const limitMs = Date.now() + 30_000; Date.now() < limitMs; await delay(50)) {
      if (this.#stderr.search(text) >= 0) return;
    }
    throw new Error(`The tool never said ${text}:\n${this.#stderr}${this.#stdout}`);
  }

  /** Its bot processes. */
  async bots(): Promise<number[]> {
    return (await childrenOf(this.#child.pid ?? 0)).map(({ pid }) => pid);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async ended(): Promise<Ended> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'close');
    return { code: this.#child.exitCode, stdout: this.#stdout, stderr: this.#stderr };
  }
}

/** Runs the tool to its end. */
export const loadtest = (...args: readonly string[]): Promise<Ended> => new RunningTool(args).ended();

/** Runs the tool to its end and reads its JSON report. */
export async function reported(...args: readonly string[]): Promise<Ended & { report: Report }> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-loadtest-'));
  try {
    const file = join(folder, 'report.json');
    const ended = await loadtest(...args, '--json', file);
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text === '') throw new Error(`There is no report (exit code ${ended.code}):\n${ended.stderr}`);
    return { ...ended, report: Report.parse(JSON.parse(text)) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
