/**
 * Owns the first contact with Redis: whether it is there, what it is, and what about it an operator has to mend.
 * Does not own the connections that the process works with (RedisClient).
 */
import { CallError } from '@parley/protocol';
import { Redis, type RedisOptions } from 'ioredis';
import type { RedisSettings } from '../../redisUrl.ts';

/** What was found behind REDIS_URL. */
export interface RedisKind {
  readonly cluster: boolean;
  /** What to tell the operator, though it works. */
  readonly warnings: readonly string[];
}

const CONNECT_LIMIT_MS = 5_000;
/** The first with sharded pub/sub, effects of scripts and EXPIRE's conditions. */
const MIN_MAJOR = 7;

/** What every connection is made with. */
export const commonOptions = ({ tls, username, password, db }: RedisSettings): RedisOptions => ({
  ...(tls && { tls: {} }),
  ...(username !== undefined && { username }),
  ...(password !== undefined && { password }),
  db,
  connectTimeout: CONNECT_LIMIT_MS,
});

/**
 * Asks the first host that answers.
 * @throws CallError `unavailable` whose message is one line for the operator.
 */
export async function inspectRedis(settings: RedisSettings): Promise<RedisKind> {
  const failures: string[] = [];
  for (const { host, port } of settings.hosts) {
    const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    const info = await infoOf({ ...commonOptions(settings), host, port }).catch((error: unknown) => {
      failures.push(`${where} (${reasonOf(error)})`);
    });
    if (info !== undefined) return judge(info, settings, where);
  }
  throw refusal(`cannot use Redis at ${failures.join(', ')}; check that it runs and that the URL is right`);
}

async function infoOf(options: RedisOptions): Promise<string> {
  const redis = new Redis({
    ...options,
    lazyConnect: true,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    commandTimeout: CONNECT_LIMIT_MS,
    disableClientInfo: true,
  });
  // What it says when the connection fails is only that it is closed; the cause comes as an event.
  let cause: unknown;
  redis.on('error', (error) => {
    cause ??= error;
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), CONNECT_LIMIT_MS);
  });
  try {
    return await Promise.race([redis.connect().then(() => redis.info()), late]);
  } catch (error) {
    throw cause ?? error;
  } finally {
    clearTimeout(timer);
    redis.disconnect();
  }
}

function judge(info: string, settings: RedisSettings, where: string): RedisKind {
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const version = field('redis_version');
  if (!(Number.parseInt(version, 10) >= MIN_MAJOR)) {
    throw refusal(
      `${where} runs Redis ${version || 'of an unknown version'}; ${MIN_MAJOR}.0 or newer is needed`,
    );
  }
  const cluster = field('redis_mode') === 'cluster';
  if (!cluster && settings.hosts.length > 1) {
    throw refusal(`several hosts mean a Redis Cluster, but ${where} is a single server; name only that one`);
  }
  if (cluster && settings.db !== 0) throw refusal('a Redis Cluster has no databases: leave out the number');
  if (!cluster && field('role') !== 'master') {
    throw refusal(`${where} is a replica, which takes no writes; name the master`);
  }
  const policy = field('maxmemory_policy');
  const warnings =
    policy === 'noeviction' || policy === ''
      ? []
      : [`Redis may throw away rooms when its memory is full (${policy}); set maxmemory-policy noeviction`];
  return { cluster, warnings };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (/^(WRONGPASS|NOAUTH|NOPERM)\b/.test(error.message)) {
    return 'it refuses the user or the password';
  }
  return error.message.split('\n')[0]?.slice(0, 120) ?? 'no reason given';
}

const refusal = (message: string): CallError => new CallError('unavailable', `REDIS_URL: ${message}`);
