/**
 * Owns a Parley server as a process of its own, for tests that kill it, restart it or drive it with a browser.
 * Does not own in-process servers (startServer.ts).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { workerBin } from './workerBin.ts';

const mainFile = new URL('../../src/main.ts', import.meta.url);

/** A TCP port of the loopback address that was free a moment ago. */
async function freePort(host = '127.0.0.1'): Promise<number> {
  const server = createServer();
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A running server process on ports and a data folder that outlive its restarts. */
export class ServerProcess {
  readonly port: number;
  readonly dataDir: string;
  readonly #environment: Record<string, string>;
  /** The program and its arguments. */
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(
    port: number,
    dataDir: string,
    environment: Record<string, string>,
    args: readonly string[],
  ) {
    this.port = port;
    this.dataDir = dataDir;
    this.#environment = environment;
    this.#args = args;
  }

  /** Starts a server and waits until `/readyz` answers 200. `environment` adds settings; `program` is run instead of main.ts. */
  static async start(
    options: { environment?: Record<string, string>; args?: readonly string[]; program?: URL } = {},
  ): Promise<ServerProcess> {
    const dataDir = await mkdtemp(join(tmpdir(), 'parley-test-'));
    const server = new ServerProcess(await freePort(), dataDir, options.environment ?? {}, [
      (options.program ?? mainFile).pathname,
      ...(options.args ?? []),
    ]);
    await server.spawn();
    return server;
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  /** All that the process printed, for failure messages and assertions. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('The server does not run');
    return pid;
  }

  /** Starts the process (again). @throws with its output when it does not get ready in a minute. */
  async spawn(): Promise<void> {
    const child = spawn(process.execPath, this.#args, {
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        PORT: String(this.port),
        PARLEY_DATA_DIR: this.dataDir,
        PARLEY_MEDIA_PORT: '0',
        MEDIASOUP_WORKER_BIN: await workerBin(),
        ...this.#environment,
      },
      cwd: this.dataDir,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-200_000);
      });
    }
    const deadline = Date.now() + 60_000;
    while (!(await this.isReady())) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`The server did not get ready (exit code ${child.exitCode}):\n${this.#output}`);
      }
      await delay(50);
    }
  }

  async isReady(): Promise<boolean> {
    try {
      return (await fetch(`http://127.0.0.1:${this.port}/readyz`)).status === 200;
    } catch {
      return false;
    }
  }

  /** Ends the process with a signal and waits for its end; the data folder stays. */
  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    child.kill(signal);
    await once(child, 'exit');
    return child.exitCode;
  }

  /** Pids of the mediasoup workers that this process has started. */
  async workerPids(): Promise<number[]> {
    const pids: number[] = [];
    for (const entry of await readdir('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      try {
        const status = await readFile(`/proc/${entry}/stat`, 'utf8');
        const [name, parent] = [
          /\((.*)\)/.exec(status)?.[1],
          status.slice(status.lastIndexOf(')') + 4).split(' ')[0],
        ];
        if (name?.startsWith('mediasoup-work') && Number(parent) === this.pid) pids.push(Number(entry));
      } catch {
        // It ended while we looked.
      }
    }
    return pids;
  }

  async stop(): Promise<void> {
    await this.kill('SIGTERM');
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
