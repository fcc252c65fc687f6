/**
 * Owns room logs of several nodes in one process, over one Redis of a test.
 * Does not own the Redis (redis.ts).
 */
import { type Clock, systemClock } from '../../src/clock.ts';
import { RedisClient } from '../../src/cluster/redis/RedisClient.ts';
import { RedisRoomLog } from '../../src/cluster/redis/RedisRoomLog.ts';
import { createLogger, type Logger } from '../../src/log.ts';
import { parseRedisUrl } from '../../src/redisUrl.ts';

/** Ten minutes, as a process keeps rooms. */
export const KEEP_MS = 10 * 60_000;

/** What a test may choose of a node. */
export interface LogNodeOptions {
  readonly log?: Logger;
  readonly clock?: Clock;
}

/** The log of one node on a Redis, by its URL. */
export async function redisLog(url: string, options: LogNodeOptions = {}): Promise<RedisRoomLog> {
  const settings = parseRedisUrl(url);
  if (typeof settings === 'string') throw new Error(settings);
  const { log = createLogger('silent'), clock = systemClock } = options;
  const client = await RedisClient.connect(settings, clock, log);
  return RedisRoomLog.open({ client, clock, log, keepMs: KEEP_MS });
}
