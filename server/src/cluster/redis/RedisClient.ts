/**
 * Owns the connections to Redis or a Redis Cluster: scripts by their hash, a limit of time for everything, wake-ups out and in.
 * Does not own what the scripts do, nor keys. The only class that works with ioredis.
 *
 * Nothing here hangs: whatever is asked has until its deadline, on whatever connection there is by then; after that it fails with
 * `unavailable`. What is asked again may have been done already: scripts recognise a commit by its id. What was left in a queue is refused
 * by the script itself once its deadline has passed by Redis' clock (`notAfter`), so that a Redis which comes back after a minute does
 * not do what everybody was told had failed.
 */
import { CallError } from '@parley/protocol';
import { Cluster, Redis } from 'ioredis';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import type { RedisSettings } from '../../redisUrl.ts';
import { commonOptions, inspectRedis } from './connectRedis.ts';
import type { Script } from './scripts.ts';

const RETRY_MS = 25;
const MAX_RECONNECT_MS = 500;
const CLOSE_LIMIT_MS = 500;
/** Answers of a Redis that is about to be able to: asking again helps. */
const PASSING = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|LOADING|READONLY|MASTERDOWN|BUSY|NOREPLICAS)\b/;

/** Commands over the connections of one process. */
export class RedisClient {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #redis: Redis | Cluster;
  /** Wake-ups come in here; a cluster's client has connections of its own for them. */
  readonly #subscriber: Redis | Cluster;
  readonly #onReady: (() => void)[] = [];
  /** What Redis' clock said last, and when that was by ours. */
  #redisTime: { readonly redisMs: number; readonly atMs: number } | undefined;
  #reachable = true;
  #closed = false;

  private constructor(settings: RedisSettings, cluster: boolean, clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
    const common = {
      ...commonOptions(settings),
      autoResendUnfulfilledCommands: false,
      disableClientInfo: true,
    };
    const reconnectMs = (attempt: number) => Math.min(MAX_RECONNECT_MS, attempt * 50);
    if (cluster) {
      this.#redis = new Cluster([...settings.hosts], {
        enableOfflineQueue: false,
        enableAutoPipelining: true,
        shardedSubscribers: true,
        clusterRetryStrategy: reconnectMs,
        slotsRefreshInterval: 2_000,
        // Certificates name hosts, and the cluster may tell addresses: do not resolve names beforehand.
        dnsLookup: (address, callback) => callback(null, address),
        redisOptions: { ...common, maxRetriesPerRequest: 0 },
      });
      this.#subscriber = this.#redis;
    } else {
      this.#redis = new Redis({
        ...common,
        ...settings.hosts[0],
        enableOfflineQueue: false,
        enableAutoPipelining: true,
        maxRetriesPerRequest: 0,
        retryStrategy: reconnectMs,
        // A master that has become a replica: connect again, to whatever is master then.
        reconnectOnError: (error) => error.message.startsWith('READONLY'),
      });
      this.#subscriber = this.#redis.duplicate({ enableOfflineQueue: true, maxRetriesPerRequest: null });
    }
    for (const redis of new Set([this.#redis, this.#subscriber])) {
      // Reported where something fails by it; without a listener it would end the process.
      redis.on('error', () => undefined);
    }
    this.#redis.on('ready', () => {
      for (const listener of this.#onReady) listener();
    });
  }

  /**
   * Connects.
   * @throws CallError `unavailable` whose message is one line for the operator.
   */
  static async connect(settings: RedisSettings, clock: Clock, log: Logger): Promise<RedisClient> {
    const { cluster, warnings } = await inspectRedis(settings);
    for (const warning of warnings) log.warn(warning);
    return new RedisClient(settings, cluster, clock, log);
  }

  /** Whether the connection stands. */
  get ready(): boolean {
    return this.#redis.status === 'ready';
  }

  /** Calls back each time that the connection stands (again). */
  onReady(listener: () => void): void {
    this.#onReady.push(listener);
  }

  /** The deadline by Redis' clock, for a script that must not run after it; 0 while that is not known. Rather too early than too late. */
  notAfter(deadlineMs: number): number {
    const { redisMs, atMs } = this.#redisTime ?? { redisMs: 0, atMs: 0 };
    return redisMs === 0 ? 0 : Math.floor(redisMs + deadlineMs - atMs);
  }

  /** What a script said that the time is. */
  learnTime(redisMs: number): void {
    this.#redisTime = { redisMs, atMs: this.#clock.monotonicMs() };
  }

  /** Runs a script. `deadlineMs` is by the monotonic clock. @throws CallError `unavailable`. */
  run(
    { sha, source }: Script,
    keys: readonly string[],
    args: readonly (string | number)[],
    deadlineMs: number,
  ): Promise<unknown> {
    return this.#within(deadlineMs, async () => {
      try {
        return await this.#redis.evalsha(sha, keys.length, ...keys, ...args);
      } catch (error) {
        // Redis forgets scripts when it restarts.
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
        return await this.#redis.eval(source, keys.length, ...keys, ...args);
      }
    });
  }

  /** Fields of a hash. @throws CallError `unavailable`. */
  hmget(key: string, fields: readonly string[], deadlineMs: number): Promise<(string | null)[]> {
    return this.#within(deadlineMs, () => this.#redis.hmget(key, ...fields));
  }

  /** Takes a member out of a sorted set. @throws CallError `unavailable`. */
  async zrem(key: string, member: string, deadlineMs: number): Promise<void> {
    await this.#within(deadlineMs, () => this.#redis.zrem(key, member));
  }

  /** Tells whoever listens to a channel; may be lost. */
  publish(channel: string, text: string): void {
    if (this.#closed) return;
    const sent =
      this.#redis instanceof Cluster
        ? this.#redis.spublish(channel, text)
        : this.#redis.publish(channel, text);
    sent.catch((error: unknown) => this.#log.debug({ err: error }, 'a wake-up was not sent'));
  }

  /** Hears channels from now on, as far as the connection stands. */
  async subscribe(
    channels: readonly string[],
    listener: (channel: string, text: string) => void,
  ): Promise<void> {
    this.#subscriber.on(this.#redis instanceof Cluster ? 'smessage' : 'message', listener);
    for (const channel of channels) {
      await this.#within(this.#clock.monotonicMs() + CLOSE_LIMIT_MS * 4, async () => {
        if (this.#redis instanceof Cluster) await this.#redis.ssubscribe(channel);
        else await this.#subscriber.subscribe(channel);
      });
    }
  }

  /** Lets what was sent arrive, then ends the connections. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const quits = [...new Set([this.#redis, this.#subscriber])].map((redis) =>
      redis.quit().catch(() => undefined),
    );
    let cancel = () => {};
    const limit = new Promise<void>((resolve) => {
      cancel = this.#clock.setTimeout(resolve, CLOSE_LIMIT_MS);
    });
    await Promise.race([Promise.all(quits), limit]);
    cancel();
    this.#redis.disconnect();
    this.#subscriber.disconnect();
  }

  /** Asks until it is answered or the deadline has come. */
  async #within<T>(deadlineMs: number, ask: () => Promise<T>): Promise<T> {
    let cause: unknown = new Error('too late to ask');
    while (!this.#closed && this.#clock.monotonicMs() < deadlineMs) {
      try {
        const answer = await this.#inTime(deadlineMs, ask);
        if (!this.#reachable) this.#log.info('Redis answers again');
        this.#reachable = true;
        return answer;
      } catch (error) {
        cause = error;
        const waitMs = Math.min(RETRY_MS, deadlineMs - this.#clock.monotonicMs());
        if (!mayPass(error) || waitMs <= 0) break;
        await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, waitMs));
      }
    }
    if (this.#reachable && !this.#closed)
      this.#log.error({ err: cause }, 'Redis does not answer as it should');
    this.#reachable = false;
    throw new CallError('unavailable', 'The room log cannot be reached', { cause });
  }

  #inTime<T>(deadlineMs: number, ask: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const waitMs = deadlineMs - this.#clock.monotonicMs();
      const cancel = this.#clock.setTimeout(() => reject(new Error('no answer in time')), waitMs);
      ask().then(resolve, reject).finally(cancel);
    });
  }
}

/** Whether asking again may help: the connection is gone, or Redis said so. A refusal of the command itself stays one. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return true;
  return PASSING.test(error.message);
}
