/**
 * RedisRoomLog against the contract of RoomLog, on a real Redis and on a real Redis Cluster of three masters.
 */
import { afterAll, beforeAll } from 'vitest';
import type { RedisRoomLog } from '../../src/cluster/redis/RedisRoomLog.ts';
import { RedisCluster, RedisServer } from '../support/redis.ts';
import { redisLog } from '../support/redisLogs.ts';
import { type RoomLogFixture, roomLogContract } from './roomLog.contract.ts';

let server: RedisServer;
let cluster: RedisCluster;
beforeAll(async () => {
  [server, cluster] = await Promise.all([RedisServer.start(), RedisCluster.start()]);
});
afterAll(async () => {
  await Promise.all([server?.stop(), cluster?.stop()]);
});

async function fixtureOn(url: string, servers: readonly RedisServer[]): Promise<RoomLogFixture> {
  for (const one of servers) one.cli('FLUSHALL');
  const logs: RedisRoomLog[] = [];
  const open = async () => {
    const log = await redisLog(url);
    logs.push(log);
    return log;
  };
  const log = await open();
  const [{ clock }] = servers as [RedisServer];
  return {
    log,
    restarted: open,
    now: () => clock.now(),
    advance: (ms) => clock.advance(ms),
    dispose: async () => {
      await Promise.all(logs.map((each) => each.close()));
    },
  };
}

roomLogContract('a Redis server', () => fixtureOn(server.url, [server]));
roomLogContract('a Redis Cluster', () => fixtureOn(cluster.url, cluster.servers));
