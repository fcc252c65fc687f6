/**
 * Owns real Redis servers for tests: Debian's binary, each on a free port and in a folder of its own, with a clock that a test sets
 * forward; alone, or three masters as a Redis Cluster. Does not own the system's service: nothing is enabled, and port 6379 is not touched.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const START_LIMIT_MS = 20_000;
const SLOTS = 16_384;

/** What a test may choose of a server. */
export interface RedisServerOptions {
  /** Further settings, as on the command line. */
  readonly settings?: readonly string[];
  /** Another server's clock, for one that belongs to it. */
  readonly clock?: ShiftedClock;
}

/** A running redis-server; it keeps its port and folder over restarts. */
export class RedisServer {
  readonly port: number;
  readonly folder: string;
  readonly clock: ShiftedClock;
  readonly #settings: readonly string[];
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(port: number, folder: string, clock: ShiftedClock, settings: readonly string[]) {
    this.port = port;
    this.folder = folder;
    this.clock = clock;
    this.#settings = settings;
  }

  /** Starts a server on the loopback address and waits until it answers. */
  static async start({ settings = [], clock }: RedisServerOptions = {}): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-redis-'));
    const server = new RedisServer(await freePort(), folder, clock ?? (await ShiftedClock.make()), settings);
    await server.spawn();
    return server;
  }

  /** For REDIS_URL. */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('Redis does not run');
    return pid;
  }

  /** Starts the process (again), on what is in its folder. */
  async spawn(): Promise<void> {
    const binary = '/usr/bin/redis-server';
    if (!existsSync(binary)) {
      throw new Error('redis-server is missing: apt-get install -y --no-install-recommends redis-server');
    }
    const settings = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder, '--save', ''];
    const child = spawn(binary, [...settings, ...this.#settings], {
      env: { ...process.env, ...this.clock.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (this.#output += chunk));
    const deadlineMs = Date.now() + START_LIMIT_MS;
    while (this.#answer() !== 'PONG') {
      if (child.exitCode !== null || Date.now() > deadlineMs)
        throw new Error(`Redis did not start:\n${this.#output}`);
      await delay(20);
    }
  }

  /** Runs a command by redis-cli. Gives what it prints. @throws with what it prints, when that is an error. */
  cli(...args: string[]): string {
    return execFileSync('redis-cli', ['-e', '-p', String(this.port), ...args], {
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
  }

  /** Stops or continues the process where it is (SIGSTOP, SIGCONT). */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    process.kill(this.pid, signal);
  }

  /** Ends the process at once; the folder stays. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async stop(): Promise<void> {
    await this.kill();
    await this.clock.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  #answer(): string {
    try {
      return this.cli('PING');
    } catch {
      return '';
    }
  }
}

/** Three masters that share the slots. */
export class RedisCluster {
  readonly servers: readonly RedisServer[];

  private constructor(servers: readonly RedisServer[]) {
    this.servers = servers;
  }

  /** Starts a cluster and waits until every server knows that it is whole. */
  static async start(): Promise<RedisCluster> {
    const clock = await ShiftedClock.make();
    const settings = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '86400000'];
    const servers: RedisServer[] = [];
    for (let index = 0; index < 3; index += 1) servers.push(await RedisServer.start({ settings, clock }));
    const cluster = new RedisCluster(servers);
    for (const [index, server] of servers.entries()) {
      const first = Math.ceil((index * SLOTS) / 3);
      const last = Math.ceil(((index + 1) * SLOTS) / 3) - 1;
      server.cli('CLUSTER', 'ADDSLOTSRANGE', String(first), String(last));
      server.cli('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
      for (const other of servers.slice(0, index))
        server.cli('CLUSTER', 'MEET', '127.0.0.1', String(other.port));
    }
    const deadlineMs = Date.now() + START_LIMIT_MS;
    const isWhole = (server: RedisServer) =>
      ['cluster_state:ok', 'cluster_known_nodes:3', `cluster_slots_assigned:${SLOTS}`].every((line) =>
        server.cli('CLUSTER', 'INFO').includes(line),
      );
    while (!servers.every(isWhole)) {
      if (Date.now() > deadlineMs)
        throw new Error(`The cluster is not whole: ${servers[0]?.cli('CLUSTER', 'INFO')}`);
      await delay(50);
    }
    return cluster;
  }

  /** For REDIS_URL. */
  get url(): string {
    return `redis://${this.servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
  }

  get clock(): ShiftedClock {
    const [first] = this.servers;
    if (!first) throw new Error('no servers');
    return first.clock;
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

/** The wall clock of one or more servers: a file that a library under them reads (shiftedClock.c). */
export class ShiftedClock {
  readonly #folder: string;
  #offsetMs = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(): Promise<ShiftedClock> {
    const clock = new ShiftedClock(await mkdtemp(join(tmpdir(), 'parley-clock-')));
    const source = join(import.meta.dirname, 'shiftedClock.c');
    execFileSync('gcc', ['-Wall', '-Werror', '-O1', '-shared', '-fPIC', '-o', clock.#library, source]);
    await clock.advance(0);
    return clock;
  }

  get environment(): Record<string, string> {
    return { LD_PRELOAD: this.#library, PARLEY_CLOCK_OFFSET: this.#offset };
  }

  get #library(): string {
    return join(this.#folder, 'shiftedClock.so');
  }

  get #offset(): string {
    return join(this.#folder, 'offset');
  }

  /** What the servers take for the time. */
  now(): number {
    return Date.now() + this.#offsetMs;
  }

  /** Sets it forward. */
  async advance(ms: number): Promise<void> {
    this.#offsetMs += ms;
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(this.#offsetMs));
    const file = await open(this.#offset, existsSync(this.#offset) ? 'r+' : 'w');
    await file.write(bytes);
    await file.close();
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  // A cluster's own port lies 10,000 above: both have to exist.
  for (;;) {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    server.close();
    await once(server, 'close');
    if (address !== null && typeof address === 'object' && address.port < 55_000) return address.port;
  }
}
