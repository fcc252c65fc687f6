/**
 * Owns what `npm start -- --lan` runs, as a process on a machine of lanMachines.ts: default ports, a data folder of its own.
 * Does not own servers on loopback (serverProcess.ts).
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LanMachine } from './lanMachines.ts';
import { workerBin } from './workerBin.ts';

const command = new URL('../../cli/parley.mjs', import.meta.url).pathname;
/** The set-up may have to build the web app. */
const START_LIMIT_MS = 100_000;

/** A running `npm start -- --lan`. */
export class LanServer {
  readonly dataDir: string;
  /** All that it printed so far. */
  output = '';
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, dataDir: string) {
    this.#child = child;
    this.dataDir = dataDir;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
  }

  /** Starts it and waits until all is printed. @throws with its output when that does not come. */
  static async start(machine: LanMachine, environment: Record<string, string> = {}): Promise<LanServer> {
    const dataDir = await mkdtemp(join(tmpdir(), 'parley-lan-'));
    const child = machine.spawn(process.execPath, [command, 'start', '--lan'], {
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        PARLEY_DATA_DIR: dataDir,
        MEDIASOUP_WORKER_BIN: await workerBin(),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const server = new LanServer(child, dataDir);
    const deadline = Date.now() + START_LIMIT_MS;
    // The last line of the greeting: from here on everything listens.
    while (!server.output.includes('Guest mode:')) {
      if (child.exitCode !== null || Date.now() > deadline) {
        await server.stop();
        throw new Error(`No greeting came (exit code ${child.exitCode}):\n${server.output}`);
      }
      await delay(50);
    }
    return server;
  }

  /** Where it keeps the certificate of its CA. */
  get caFile(): string {
    return join(this.dataDir, 'tls', 'ca.crt');
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await exited;
    }
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
