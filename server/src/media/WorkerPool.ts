/**
 * Owns the workers of this process, one per core: their ports, their replacement when one dies, who is live.
 * Does not own which room lives where (MediaPlane) nor what a worker carries.
 */
import { networkInterfaces } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { CallError } from '@parley/protocol';
import { setLogEventListeners } from 'mediasoup';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { listenInfos } from './listenInfos.ts';
import type { ReadLoad } from './load/readLoad.ts';
import { MediaWorker, PortTakenError } from './MediaWorker.ts';

export interface WorkerPoolOptions {
  /** Path of the mediasoup-worker binary. */
  readonly workerBin: string;
  /** How many workers. */
  readonly workers: number;
  /** Worker `i` listens on `mediaPort + i`, UDP and TCP; 0: each on any free port. */
  readonly mediaPort: number;
  /** Told to clients instead of the interface addresses. */
  readonly announcedAddress: string | undefined;
  /** Where HTTP listens: decides whether loopback is offered. */
  readonly host: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** How loaded workers are, by index. Default: as the kernel tells it. */
  readonly readLoad?: ((index: number) => ReadLoad) | undefined;
  /** Called when a worker sheds more or less. */
  readonly onShed: (worker: MediaWorker) => void;
  /** Called once for each worker that is gone, at once and before its replacement starts. */
  readonly onLost: (worker: MediaWorker) => void;
}

// A worker that ran this long was sound: its replacement starts at once.
const SOUND_AFTER_MS = 10_000;
const MAX_BACKOFF_MS = 5000;
// Below Linux' ephemeral ports (32768 up), so that no client socket of this machine sits on one by chance.
const FREE_PORTS = { min: 10_000, count: 22_000 };
const FREE_PORT_TRIES = 20;

interface Slot {
  readonly index: number;
  /** Kept over replacements: firewalls and clients know it. */
  port: number;
  worker: MediaWorker | undefined;
  /** Deaths and failed starts in a row. */
  failures: number;
  startedAtMs: number;
}

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #slots: Slot[];
  readonly #closing = new AbortController();
  readonly #waiters = new Set<() => void>();
  /** Replacements under way; `close` waits for them, so that none comes up behind its back. */
  readonly #replacements = new Set<Promise<void>>();

  private constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.workers }, (_, index) => ({
      index,
      port: options.mediaPort === 0 ? 0 : options.mediaPort + index,
      worker: undefined,
      failures: 0,
      startedAtMs: 0,
    }));
  }

  /**
   * Starts all workers.
   * @throws CallError `unavailable` naming port and setting when a media port is taken, or saying why a worker does not start.
   */
  static async create(options: WorkerPoolOptions): Promise<WorkerPool> {
    // mediasoup logs through one hook for the whole process. To it a refused parameter is an error, so anybody could fill the
    // log with them; who asked is answered, and what a worker has to say before it dies comes on its stderr.
    setLogEventListeners({
      ondebug: undefined,
      onwarn: (namespace, text) => options.log.debug({ namespace }, text),
      onerror: (namespace, text) => {
        options.log[text.startsWith('(stderr)') ? 'warn' : 'debug']({ namespace }, text);
      },
    });
    const pool = new WorkerPool(options);
    const started = await Promise.allSettled(pool.#slots.map((slot) => pool.#start(slot)));
    const failed = started.find((result) => result.status === 'rejected');
    if (failed) {
      await pool.close();
      throw startError(failed.reason, options);
    }
    return pool;
  }

  /** Workers on which calls can be placed now. */
  live(): MediaWorker[] {
    return this.#slots.flatMap(({ worker }) => (worker?.live ? [worker] : []));
  }

  /**
   * Live workers, at once if there are any; else waits for a replacement.
   * @throws CallError `unavailable` after `limitMs`.
   */
  async whenLive(limitMs: number): Promise<[MediaWorker, ...MediaWorker[]]> {
    const [first, ...others] = this.live();
    if (first) return [first, ...others];
    if (this.#closing.signal.aborted) throw new CallError('unavailable', 'the media plane is closed');
    await new Promise<void>((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(done);
        reject(new CallError('unavailable', 'no media worker is running'));
      }, limitMs);
      this.#waiters.add(done);
    });
    // Woken because the pool closes, or the replacement died again meanwhile.
    const [next, ...rest] = this.live();
    if (!next) throw new CallError('unavailable', 'no media worker is running');
    return [next, ...rest];
  }

  /** Ends all processes. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const wake of [...this.#waiters]) wake();
    await Promise.all(this.#replacements);
    await Promise.all(this.#slots.map(({ worker }) => worker?.close()));
  }

  async #start(slot: Slot): Promise<void> {
    const { log, workerBin, clock, onShed, readLoad } = this.#options;
    const { index } = slot;
    const onLost = (worker: MediaWorker): void => this.#replace(slot, worker);
    const startOn = (port: number) =>
      MediaWorker.start(
        { workerBin, index, log, clock, readLoad: readLoad?.(index), onShed, onLost },
        listenInfos({ ...this.#options, port, interfaces: networkInterfaces() }),
      );
    const worker = slot.port === 0 ? await this.#startOnFreePort(startOn) : await startOn(slot.port);
    slot.worker = worker;
    slot.port = worker.port;
    slot.startedAtMs = performance.now();
    for (const wake of [...this.#waiters]) wake();
  }

  async #startOnFreePort(startOn: (port: number) => Promise<MediaWorker>): Promise<MediaWorker> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await startOn(FREE_PORTS.min + Math.floor(Math.random() * FREE_PORTS.count));
      } catch (error) {
        if (!(error instanceof PortTakenError) || attempt === FREE_PORT_TRIES) throw error;
      }
    }
  }

  #replace(slot: Slot, lost: MediaWorker): void {
    slot.worker = undefined;
    if (performance.now() - slot.startedAtMs > SOUND_AFTER_MS) slot.failures = 0;
    this.#options.onLost(lost);
    const replacement = this.#startReplacement(slot, lost).finally(() =>
      this.#replacements.delete(replacement),
    );
    this.#replacements.add(replacement);
  }

  async #startReplacement(slot: Slot, lost: MediaWorker): Promise<void> {
    const { log, mediaPort } = this.#options;
    // The port is free only when the process is gone.
    await lost.exited;
    while (!this.#closing.signal.aborted) {
      const backoffMs = slot.failures === 0 ? 0 : Math.min(125 * 2 ** slot.failures, MAX_BACKOFF_MS);
      slot.failures += 1;
      try {
        await delay(backoffMs, undefined, { signal: this.#closing.signal });
        await this.#start(slot);
        return;
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        log.error(
          { err: error, worker: slot.index, mediaPort: slot.port },
          'media worker does not come back',
        );
        // Where any port will do, another program may have taken the old one.
        if (mediaPort === 0 && error instanceof PortTakenError) slot.port = 0;
      }
    }
  }
}

function startError(cause: unknown, options: WorkerPoolOptions): CallError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (!(cause instanceof PortTakenError)) {
    return new CallError('unavailable', `a media worker does not start: ${reason}`, { cause });
  }
  const port = /port:(\d+)/.exec(reason)?.[1] ?? String(options.mediaPort);
  const protocol = reason.includes('uv_udp') || reason.includes('protocol:udp') ? 'UDP' : 'TCP';
  return new CallError(
    'unavailable',
    `media port ${port}/${protocol} is taken by another program: end it, or set PARLEY_MEDIA_PORT`,
    { cause, details: { setting: 'PARLEY_MEDIA_PORT', port: Number(port) } },
  );
}
