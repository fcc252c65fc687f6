/**
 * A whole server with its rooms in Redis: its start with a Redis that is not as it should be, and calls that go on while Redis fails.
 */

import { once } from 'node:events';
import { createServer } from 'node:net';
import { listEntities } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { RedisCluster, RedisServer } from '../support/redis.ts';
import { SignalingClient } from '../support/SignalingClient.ts';
import { startTestServer, type TestServerOptions } from '../support/startServer.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis?.stop());

async function serverOn(REDIS_URL: string, options: TestServerOptions = {}) {
  const server = await startTestServer({ ...options, settings: { REDIS_URL, ...options.settings } });
  onTestFinished(() => server.stop());
  return server;
}

describe('a start is refused, in one line that names the cause and no password', () => {
  const refusal = async (url: string): Promise<string> => {
    const error = await startTestServer({ settings: { REDIS_URL: url } }).then(
      (server) => server.stop().then(() => new Error('it started')),
      (reason: unknown) => reason,
    );
    if (!(error instanceof Error)) throw new Error('no error');
    expect(error.message).toMatch(/^REDIS_URL: [^\n]+$/);
    expect(error.message).not.toContain('s3cret');
    return error.message;
  };

  test('nobody listens, or the name leads nowhere', async () => {
    expect(await refusal('redis://user:s3cret@127.0.0.1:1')).toContain('127.0.0.1:1 (ECONNREFUSED)');
    expect(await refusal('redis://127.0.0.1:1,127.0.0.1:2')).toMatch(/127.0.0.1:1 .*127.0.0.1:2/);
    expect(await refusal('redis://no-such-host.invalid')).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });

  test('a wrong password, or none', async () => {
    const closed = await RedisServer.start();
    onTestFinished(() => closed.stop());
    closed.cli('CONFIG', 'SET', 'requirepass', 'right');
    for (const wrong of ['//:s3cret@', '//nobody:s3cret@', '//']) {
      expect(await refusal(closed.url.replace('//', wrong))).toContain('refuses the user or the password');
    }
    await serverOn(closed.url.replace('//', '//:right@'));
  });

  test('what answers is not Redis, or never answers', async () => {
    for (const answer of ['HTTP/1.1 400 Bad Request\r\n\r\n', undefined]) {
      const stranger = createServer((socket) => {
        socket.on('error', () => {});
        if (answer) socket.end(answer);
      }).listen(0, '127.0.0.1');
      await once(stranger, 'listening');
      onTestFinished(() => void stranger.close());
      const address = stranger.address();
      const port = typeof address === 'object' ? address?.port : 0;
      expect(await refusal(`redis://127.0.0.1:${port}`)).toContain(`127.0.0.1:${port}`);
    }
  });

  test('a replica, and several hosts that are no cluster', async () => {
    const replica = await RedisServer.start({ settings: ['--replicaof', `127.0.0.1 ${redis.port}`] });
    onTestFinished(() => replica.stop());
    expect(await refusal(replica.url)).toContain('is a replica');
    expect(await refusal(`${redis.url},127.0.0.1:${redis.port}`)).toContain('is a single server');
  });
});

describe('a server', () => {
  const pair = async (url: string, roomId: string) => {
    const ada = await SignalingClient.join(url, roomId, 'Ada');
    const bob = await SignalingClient.join(url, roomId, 'Bob');
    await ada.until('Ada sees Bob', () => names(ada).length === 2);
    return [ada, bob] as const;
  };
  const names = (client: SignalingClient) =>
    client.room ? listEntities(client.room, 'peer').map(([, { displayName }]) => displayName) : [];

  test('keeps its rooms in a Redis Cluster, and finds it by any of its hosts', async () => {
    const cluster = await RedisCluster.start();
    onTestFinished(() => cluster.stop());
    const server = await serverOn(cluster.servers[1]!.url);
    const rooms = Array.from({ length: 6 }, (_, index) => `room${index}`);
    await Promise.all(rooms.map((roomId) => pair(server.url, roomId)));
    const heads = cluster.servers.map((each) =>
      each.cli('--scan', '--pattern', '*:head').split('\n').filter(Boolean),
    );
    expect(
      heads
        .flat()
        .map((key) => key.split(/[:}]/)[2])
        .sort(),
    ).toEqual(rooms);
  });

  test('Redis flushed: clients see a hole, ask again, and have the same room under another epoch', async () => {
    const server = await serverOn(redis.url);
    const [ada, bob] = await pair(server.url, 'flushed');
    const before = ada.room!;
    // What does not fit is an error of these clients; the SDK's join again.
    for (const client of [ada, bob]) client.room = undefined;
    redis.cli('FLUSHALL');
    const told = (client: SignalingClient) =>
      client.notifications.find(({ name, data }) => {
        return name === 'roomEvents' && JSON.stringify(data).includes('"patches":[]');
      });
    for (const client of [ada, bob]) await client.until('the hole is told', () => told(client));
    for (const client of [ada, bob]) {
      await client.join('flushed', 'again', before);
      expect(client.room!.epoch).not.toBe(before.epoch);
      expect(client.room!.tables.get('peer')?.size).toBe(2);
    }
    expect(bob.room!.epoch).toBe(ada.room!.epoch);
  });

  test('while Redis is gone, media requests work and others fail as unavailable; then everything goes on', async () => {
    const own = await RedisServer.start({ settings: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    onTestFinished(() => own.stop());
    const server = await serverOn(own.url);
    const ready = async () =>
      (await fetch(`${server.url.replace('ws', 'http').replace('/ws', '')}/readyz`)).status;
    const [ada, bob] = await pair(server.url, 'gone');
    expect(await ready()).toBe(200);
    await own.kill();
    await ada.request('createTransport', { direction: 'send' });
    await ada.request('ping', {});
    await expect(bob.request('moderatorMute', { peerId: ada.peerId, source: 'mic' })).rejects.toMatchObject({
      code: expect.stringMatching(/unavailable|forbidden/),
    });
    await expect(SignalingClient.join(server.url, 'gone', 'Carl')).rejects.toMatchObject({
      code: 'unavailable',
    });
    await expect.poll(ready).toBe(503);
    await own.spawn();
    await expect.poll(ready, { timeout: 10_000 }).toBe(200);
    await SignalingClient.join(server.url, 'gone', 'Carl');
    for (const client of [ada, bob]) await client.until('Carl is seen', () => names(client).includes('Carl'));
  });
});
