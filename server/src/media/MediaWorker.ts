/**
 * Owns one mediasoup-worker process: its port, its router, the time limit on every call to it, the probe, its end.
 * Does not own its replacement (WorkerPool), when it is full (load/) nor what lives in the router (MediaRoom, Seat).
 */
import { CallError, type ErrorCode } from '@parley/protocol';
import { createWorker, type types } from 'mediasoup';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { CpuShare } from './CpuShare.ts';
import { LoadWatch } from './load/LoadWatch.ts';
import { loadReader, type ReadLoad } from './load/readLoad.ts';
import { mediaCodecs } from './routerOptions.ts';
import { toCallError } from './toCallError.ts';
import { withTimeLimit } from './withTimeLimit.ts';
import { putAhead } from './workerPriority.ts';

/** A worker that has not answered a call for so long is taken for hung and killed. */
const CALL_LIMIT_MS = 2000;
/** How often an idle worker is asked for a sign of life. */
const PROBE_INTERVAL_MS = 1000;
/** A worker that was asked to close and still runs after this is killed. */
const CLOSE_LIMIT_MS = 1000;
/** Starting a process on a busy machine takes longer than a call. */
const START_LIMIT_MS = 10_000;

export interface MediaWorkerOptions {
  /** Path of the mediasoup-worker binary. */
  readonly workerBin: string;
  /** Position in the pool. */
  readonly index: number;
  readonly log: Logger;
  readonly clock: Clock;
  /** How loaded its process is. Default: as the kernel tells it. */
  readonly readLoad?: ReadLoad | undefined;
  /** Called when it sheds more or less. */
  readonly onShed: (worker: MediaWorker) => void;
  /** Called once, at once, when the worker is gone or given up (never after `close()`). */
  readonly onLost: (worker: MediaWorker) => void;
}

/** The port that a worker should listen on is in use. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
}

export class MediaWorker {
  readonly index: number;
  readonly port: number;
  readonly router: types.Router;
  readonly webRtcServer: types.WebRtcServer;
  /** Resolves when the process has ended and its port is free. */
  readonly exited: Promise<void>;
  readonly #worker: types.Worker;
  readonly #onLost: (worker: MediaWorker) => void;
  readonly #log: Logger;
  readonly #probe: NodeJS.Timeout;
  readonly #cpu = new CpuShare();
  readonly #load: LoadWatch;
  #state: 'live' | 'lost' | 'closed' = 'live';

  private constructor(
    options: MediaWorkerOptions,
    parts: {
      worker: types.Worker;
      port: number;
      router: types.Router;
      webRtcServer: types.WebRtcServer;
      exited: Promise<void>;
    },
  ) {
    this.index = options.index;
    this.port = parts.port;
    this.router = parts.router;
    this.webRtcServer = parts.webRtcServer;
    this.exited = parts.exited;
    this.#worker = parts.worker;
    this.#onLost = options.onLost;
    this.#log = options.log.child({ worker: options.index, pid: parts.worker.pid, mediaPort: parts.port });
    this.#worker.once('died', (error) => this.#lose(`died ${error.message}`));
    // mediasoup itself closes its workers on SIGINT and SIGTERM: the process is about to end, nothing is to be replaced.
    this.#worker.observer.once('close', () => {
      if (!this.#worker.died) this.#end('closed');
    });
    this.#probe = setInterval(() => void this.#checkAlive(), PROBE_INTERVAL_MS);
    this.#load = new LoadWatch({
      clock: options.clock,
      read: options.readLoad ?? loadReader(parts.worker.pid, parts.port),
      log: this.#log,
      onChange: () => options.onShed(this),
    });
    if (this.#worker.died) queueMicrotask(() => this.#lose('died while it started'));
    else this.#log.info({ aheadOfNode: putAhead(parts.worker.pid) }, 'media worker is up');
  }

  /**
   * Starts a process and lets it listen.
   * @param listenInfos what to listen on, all with the same port.
   * @throws PortTakenError, or an Error that says why the binary does not work.
   */
  static async start(
    options: MediaWorkerOptions,
    listenInfos: readonly types.TransportListenInfo[],
  ): Promise<MediaWorker> {
    const verbose = options.log.level === 'trace' || options.log.level === 'debug';
    const worker = await withTimeLimit(
      createWorker({
        workerBin: options.workerBin,
        // Warnings of the worker are about single packets, so anybody could fill the log with them.
        logLevel: verbose ? 'warn' : 'error',
        logTags: verbose ? ['info', 'ice', 'dtls', 'rtp', 'srtp'] : [],
      }),
      START_LIMIT_MS,
      () => new Error(`${options.workerBin} did not start within ${START_LIMIT_MS / 1000} s`),
    );
    const exited = new Promise<void>((resolve) => worker.once('subprocessclose', () => resolve()));
    try {
      const webRtcServer = await listen(worker, listenInfos, options.log);
      const router = await answered(worker.createRouter({ mediaCodecs }));
      const port = listenInfos[0]?.port ?? 0;
      return new MediaWorker(options, { worker, port, router, webRtcServer, exited });
    } catch (error) {
      await endProcess(worker, exited);
      throw error;
    }
  }

  get pid(): number {
    return this.#worker.pid;
  }

  /** Share of one core that it used of late, 0 to 1. */
  get cpuShare(): number {
    return this.#cpu.value;
  }

  /** How much of its pictures it leaves out because it is full: 0 nothing, see ShedPolicy. */
  get shedLevel(): number {
    return this.#load.level;
  }

  /** Whether calls can be placed here. */
  get live(): boolean {
    return this.#state === 'live';
  }

  /**
   * Makes one call to the process.
   * @param what the call's name, for the log.
   * @param refusedAs code of what the worker refuses in its own words.
   * @throws CallError: `unavailable` when the worker is gone, `timeout` when it does not answer (it is killed then), or
   *   what mediasoup's error maps to.
   */
  async call<T>(what: string, request: () => Promise<T>, refusedAs: ErrorCode = 'unavailable'): Promise<T> {
    if (!this.live) throw new CallError('unavailable', `media worker ${this.index} is gone`);
    try {
      return await withTimeLimit(request(), CALL_LIMIT_MS, () => {
        this.#lose(`did not answer ${what} within ${CALL_LIMIT_MS} ms`);
        return new CallError('timeout', `${what} was not answered in time`);
      });
    } catch (error) {
      throw toCallError(error, refusedAs);
    }
  }

  /** Ends the process, by force if it does not go. Resolves when it is gone. */
  async close(): Promise<void> {
    this.#end('closed');
    await endProcess(this.#worker, this.exited);
  }

  async #checkAlive(): Promise<void> {
    try {
      const { ru_utime, ru_stime } = await this.call('a probe', () => this.#worker.getResourceUsage());
      this.#cpu.measure(ru_utime + ru_stime, performance.now());
    } catch {
      // An answer is what counts; a refusal is one too.
    }
  }

  #lose(reason: string): void {
    if (this.#state !== 'live') return;
    this.#end('lost');
    this.#log.error(`media worker ${reason}`);
    // A hung process still holds the port that its replacement needs.
    if (!this.#worker.died) kill(this.#worker);
    this.#onLost(this);
  }

  #end(state: 'lost' | 'closed'): void {
    if (this.#state === 'live') this.#state = state;
    clearInterval(this.#probe);
    this.#load.stop();
  }
}

const answered = <T>(call: Promise<T>): Promise<T> =>
  withTimeLimit(call, START_LIMIT_MS, () => new Error('the media worker does not answer'));

/** Interfaces come and go; an address that cannot be bound (any more, or yet) must not keep a server from starting. */
async function listen(
  worker: types.Worker,
  listenInfos: readonly types.TransportListenInfo[],
  log: Logger,
): Promise<types.WebRtcServer> {
  let wanted = [...listenInfos];
  for (;;) {
    try {
      return await answered(worker.createWebRtcServer({ listenInfos: wanted }));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      // libuv's texts for EADDRINUSE and EADDRNOTAVAIL; the worker's protocol carries no codes.
      if (message.includes('address already in use')) throw new PortTakenError(message, { cause: error });
      const address = /ip:'([^']+)'.*address not available/.exec(message)?.[1];
      const rest = wanted.filter(({ ip }) => ip !== address);
      if (rest.length === wanted.length || rest.length === 0) throw error;
      log.warn({ address }, 'cannot listen on this address; going on without it');
      wanted = rest;
    }
  }
}

async function endProcess(worker: types.Worker, exited: Promise<void>): Promise<void> {
  worker.close();
  const timer = setTimeout(() => kill(worker), CLOSE_LIMIT_MS);
  await exited;
  clearTimeout(timer);
}

function kill(worker: types.Worker): void {
  try {
    process.kill(worker.pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
