/**
 * The room log while Redis fails: gone, hung, cut off in the middle of a commit, restarted, emptied, or replaced by a replica that lags.
 * Nothing hangs, nothing happens twice or after it was said to have failed, and what the nodes hold comes back.
 */
import { CallError, getEntity } from '@parley/protocol';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { contentOf, type LogNode, logNode, peer } from '../support/logNode.ts';
import { RedisServer, type RedisServerOptions } from '../support/redis.ts';
import { KEEP_MS } from '../support/redisLogs.ts';
import { TcpProxy } from '../support/TcpProxy.ts';

const room = { tenant: 'default', roomId: 'faults' };
const ban = (id: string, value: Record<string, unknown> = {}) => ({ entity: 'ban', id, set: value });

async function redis(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await RedisServer.start(options);
  onTestFinished(() => server.stop());
  return server;
}

/** A way to a server that can be cut, and led elsewhere. */
async function proxyTo({ port }: RedisServer) {
  let target = port;
  const proxy = await TcpProxy.open(() => target);
  onTestFinished(() => proxy.close());
  return {
    url: `redis://${proxy.address}`,
    port: Number(proxy.address.split(':')[1]),
    cut: () => proxy.block(),
    heal: (to = target) => {
      target = to;
      proxy.unblock();
    },
    cutAtNextReply: () => proxy.cutAtNextAnswer(),
  };
}

/** How long until something fails, and as what. */
async function failure(attempt: Promise<unknown>): Promise<{ error: unknown; tookMs: number }> {
  const beganMs = performance.now();
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, tookMs: performance.now() - beganMs };
}

const unavailable = expect.objectContaining({ code: 'unavailable', retryable: true });
const version = async (node: LogNode) => (await node.log.read(room)).version;

describe('without an answer', () => {
  test('while Redis is gone everything fails in time; what is held can be asked for; then it goes on by itself', async () => {
    const server = await redis({ settings: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    const node = await logNode(server.url, room);
    await node.commit(peer('a'));
    const before = await node.log.read(room);
    await server.kill();
    const results = await Promise.all([
      failure(node.log.read(room)),
      ...Array.from({ length: 20 }, (_, n) => failure(node.commit(peer('b', { n })))),
      failure(node.log.eventsSince(room, { epoch: before.epoch, version: 0 })),
      failure(node.log.endCall(room)),
      failure(node.log.flush(room)),
    ]);
    for (const { error, tookMs } of results) {
      expect(error).toBeInstanceOf(CallError);
      expect(error).toEqual(unavailable);
      expect(tookMs).toBeLessThan(3_500);
    }
    expect(node.log.held(room)).toBe(before);
    await server.spawn();
    await expect.poll(() => version(node).catch(() => 0), { timeout: 10_000 }).toBe(1);
    await node.commit(peer('c'));
    expect(await node.log.read(room)).toMatchObject({ epoch: before.epoch, version: 2 });
    expect(node.heard).toEqual([1, 2]);
  });

  test('what a hung Redis was asked to do is not done later, when everybody was told that it failed', async () => {
    const server = await redis();
    const node = await logNode(server.url, room);
    await node.commit(peer('a'));
    server.signal('SIGSTOP');
    const results = await Promise.all([1, 2, 3].map((n) => failure(node.commit(peer(`late${n}`)))));
    server.signal('SIGCONT');
    for (const { error, tookMs } of results) {
      expect(error).toEqual(unavailable);
      expect(tookMs).toBeLessThan(3_500);
    }
    await expect.poll(() => node.commit(peer('b')).catch(() => undefined), { timeout: 10_000 }).toBeDefined();
    const { tables } = await node.log.read(room);
    expect([...(tables.get('peer')?.keys() ?? [])]).toEqual(['a', 'b']);
  });

  test('a commit whose answer was lost is done once, and its first result stands', async () => {
    const server = await redis();
    const proxy = await proxyTo(server);
    const node = await logNode(proxy.url, room);
    await node.commit(peer('a'));
    for (let turn = 0; turn < 5; turn += 1) {
      const before = await version(node);
      proxy.cutAtNextReply();
      expect(await node.commit(peer('a', { turn }))).toMatchObject({
        status: 'committed',
        event: { version: before + 1 },
      });
      proxy.cutAtNextReply();
      const request = { requestKey: `s:${turn}`, reply: { turn } };
      const commit = { patches: [peer('b', { turn })], reads: [], limits: [], ...request };
      expect((await node.log.commit(room, commit)).status).toBe('committed');
      expect(await node.log.commit(room, commit)).toEqual({ status: 'repeated', reply: { turn } });
      expect(await version(node)).toBe(before + 2);
    }
    expect(node.heard).toEqual(Array.from({ length: 11 }, (_, index) => index + 1));
  });

  test('a lost subscription costs time only, and comes back', async () => {
    const server = await redis();
    const [a, b] = [await logNode(server.url, room), await logNode(server.url, room)];
    for (let turn = 1; turn <= 3; turn += 1) {
      server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await a.commit(peer('a', { turn }));
      await expect.poll(() => b.heard.length, { timeout: 10_000 }).toBe(turn);
    }
    expect(b.heard).toEqual([1, 2, 3]);
  });

  test('a clock that is set forward by a minute, or back, refuses nobody for long', async () => {
    const server = await redis();
    const node = await logNode(server.url, room);
    for (const ms of [60_000, -60_000, 90_000]) {
      await node.commit(peer('a'));
      await server.clock.advance(ms);
      expect((await node.commit(peer('a', { ms }))).status).toBe('committed');
    }
  });
});

describe('recovery', () => {
  test('Redis flushed empty: the nodes restore the room under one new epoch, and everybody is told once', async () => {
    const server = await redis();
    const [a, b] = [await logNode(server.url, room), await logNode(server.url, room)];
    for (let turn = 0; turn < 20; turn += 1)
      await a.commit(peer(`p${turn % 3}`, { turn, list: [] }), ban(`b${turn}`));
    await expect.poll(() => b.heard.length).toBe(20);
    const before = await a.log.read(room);
    server.cli('FLUSHALL');
    await expect
      .poll(() => [a.heard.at(-1), b.heard.at(-1)], { timeout: 10_000 })
      .toEqual(['reset', 'reset']);
    const [afterA, afterB] = await Promise.all([a.log.read(room), b.log.read(room)]);
    expect(afterA.epoch).not.toBe(before.epoch);
    expect(afterB.epoch).toBe(afterA.epoch);
    expect(contentOf(afterA)).toEqual(contentOf(before));
    expect(contentOf(afterB)).toEqual(contentOf(before));
    // Above every version of the old epoch: generations of publications go on growing.
    expect(afterA.version).toBe(21);
    await b.commit(peer('after'));
    await expect.poll(() => a.heard.slice(20)).toEqual(['reset', 22]);
    expect(b.heard.slice(20)).toEqual(['reset', 22]);
    expect(await a.log.eventsSince(room, { epoch: before.epoch, version: 20 })).toEqual({ trimmed: true });
    expect(await a.log.eventsSince(room, { epoch: afterA.epoch, version: 21 })).toHaveProperty(
      'events.length',
      1,
    );
  });

  test('commits that come while a room is restored wait for it, and do not begin another one', async () => {
    const server = await redis();
    const [a, b] = [await logNode(server.url, room), await logNode(server.url, room)];
    await a.commit(peer('a'), peer('b'));
    const before = await b.log.read(room);
    server.cli('FLUSHALL');
    const reads = [{ entity: 'peer', id: 'a', version: 1 }];
    const commits = Array.from({ length: 10 }, (_, n) =>
      (n % 2 === 0 ? a : b).log.commit(room, { patches: [peer(`new${n}`)], reads, limits: [] }),
    );
    for (const { status } of await Promise.all(commits)) expect(['committed', 'conflict']).toContain(status);
    const state = await a.log.read(room);
    expect(state.epoch).not.toBe(before.epoch);
    for (const id of ['a', 'b']) expect(state.tables.get('peer')?.has(id)).toBe(true);
    expect(contentOf(await b.log.read(room))).toEqual(contentOf(state));
  });

  test('who comes before the loss is noticed does not make the others forget their call', async () => {
    const server = await redis();
    const a = await logNode(server.url, room);
    for (let turn = 0; turn < 5; turn += 1) await a.commit(peer('a', { turn }));
    server.cli('FLUSHALL');
    const stranger = await logNode(server.url, room);
    await stranger.commit(peer('stranger'));
    await expect.poll(() => a.heard.at(-1), { timeout: 10_000 }).toBe('reset');
    await expect.poll(() => stranger.heard.at(-1), { timeout: 10_000 }).toBe('reset');
    const [mine, theirs] = await Promise.all([a.log.read(room), stranger.log.read(room)]);
    expect(theirs.epoch).toBe(mine.epoch);
    expect([...(theirs.tables.get('peer')?.keys() ?? [])]).toEqual(['a']);
  });

  test('a failover that loses the last 100 writes: nothing is lost, and the bars of all nodes hold', async () => {
    const master = await redis();
    const replica = await redis({ clock: master.clock });
    const toMaster = await proxyTo(master);
    const link = await proxyTo(master);
    replica.cli('REPLICAOF', '127.0.0.1', String(link.port));
    await expect
      .poll(() => replica.cli('INFO', 'replication'), { timeout: 20_000 })
      .toContain('master_link_status:up');
    const [a, b] = [await logNode(toMaster.url, room), await logNode(toMaster.url, room)];
    for (let turn = 0; turn < 50; turn += 1) await a.commit(peer('a', { turn }));
    await expect.poll(() => replica.cli('HGET', '{room:default:faults}:head', 'version')).toBe('50');
    link.cut();
    for (let turn = 0; turn < 100; turn += 1) await b.commit(peer('b', { turn }), ban(`b${turn}`));
    await expect.poll(() => a.heard.length).toBe(150);
    const before = await a.log.read(room);
    await master.kill();
    replica.cli('REPLICAOF', 'NO', 'ONE');
    expect(replica.cli('HGET', '{room:default:faults}:head', 'version')).toBe('50');
    toMaster.heal(replica.port);
    await expect
      .poll(() => [a.heard.at(-1), b.heard.at(-1)], { timeout: 15_000 })
      .toEqual(['reset', 'reset']);
    const [afterA, afterB] = await Promise.all([a.log.read(room), b.log.read(room)]);
    expect(afterA).toMatchObject({ version: 151, epoch: afterB.epoch });
    expect(contentOf(afterA)).toEqual(contentOf(before));
    expect(contentOf(afterB)).toEqual(contentOf(before));
  });

  test('replicas of two histories: the longer one wins, with the bars of both', async () => {
    const server = await redis();
    const proxy = await proxyTo(server);
    const a = await logNode(proxy.url, room);
    for (let turn = 0; turn < 10; turn += 1) await a.commit(peer('a', { turn }));
    server.cli('SAVE');
    const untilMs = Date.now() + 3_600_000;
    for (let turn = 0; turn < 5; turn += 1) await a.commit(peer('lost', { turn }));
    await a.commit(ban('barred'), ban('timed', { untilMs }));
    // Back to what was saved, while the node that knows better is cut off; others go on from there.
    proxy.cut();
    await server.kill();
    await server.spawn();
    const b = await logNode(server.url, room);
    for (let turn = 0; turn < 30; turn += 1) await b.commit(peer('b', { turn }));
    expect(await version(b)).toBe(40);
    proxy.heal();
    await expect
      .poll(() => [a.heard.at(-1), b.heard.at(-1)], { timeout: 15_000 })
      .toEqual(['reset', 'reset']);
    const [afterA, afterB] = await Promise.all([a.log.read(room), b.log.read(room)]);
    expect(afterB.epoch).toBe(afterA.epoch);
    expect(contentOf(afterB)).toEqual(contentOf(afterA));
    expect([...(afterA.tables.get('peer')?.keys() ?? [])].sort()).toEqual(['a', 'b']);
    expect(getEntity(afterA, 'ban', 'barred')).toEqual({});
    expect(getEntity(afterA, 'ban', 'timed')).toEqual({ untilMs });
    // The bar with a time holds beyond the call, as ever.
    await b.log.endCall(room);
    expect(getEntity(await b.log.read(room), 'ban', 'timed')).toEqual({ untilMs });
  });

  test('who offers too late takes over what stands, and brings the bars that only it knew', async () => {
    const server = await redis();
    const proxy = await proxyTo(server);
    const [a, b] = [await logNode(server.url, room), await logNode(proxy.url, room)];
    await a.commit(peer('a'));
    await expect.poll(() => b.heard.length).toBe(1);
    // Only the node that is cut off knows of the bar.
    server.cli('ACL', 'SETUSER', 'default', '-publish');
    await b.commit(ban('barred'));
    proxy.cut();
    server.cli('FLUSHALL');
    await expect.poll(() => a.heard.at(-1), { timeout: 10_000 }).toBe('reset');
    proxy.heal();
    await expect.poll(() => b.heard.includes('reset'), { timeout: 10_000 }).toBe(true);
    await expect
      .poll(async () => getEntity(await a.log.read(room), 'ban', 'barred'), { timeout: 10_000 })
      .toEqual({});
  });

  test('the end of a call is not taken for a loss, by nobody', async () => {
    const server = await redis();
    const [a, b] = [await logNode(server.url, room), await logNode(server.url, room)];
    await a.commit(peer('a'), ban('forTheCall'));
    await expect.poll(() => b.heard).toEqual([1]);
    await a.log.endCall(room);
    const next = await b.log.read(room);
    expect(next.version).toBe(0);
    await b.commit(peer('b'));
    await expect
      .poll(() => [a.heard, b.heard])
      .toEqual([
        [1, 1],
        [1, 1],
      ]);
    expect(contentOf(await a.log.read(room))).toEqual([['peer b', {}]]);
    // Also when a node was not told of the end, nor of the beginning that followed.
    server.cli('ACL', 'SETUSER', 'default', '-publish');
    await a.log.endCall(room);
    await a.commit(peer('c'));
    await expect.poll(() => b.log.held(room)?.tables.get('peer')?.has('c'), { timeout: 10_000 }).toBe(true);
    expect(contentOf(await a.log.read(room))).toEqual([['peer c', {}]]);
  });

  test('the end of a call that somebody has come back to does nothing', async () => {
    const server = await redis();
    const [a, b] = [await logNode(server.url, room), await logNode(server.url, room)];
    await a.commit(peer('a'));
    await a.commit({ entity: 'peer', id: 'a', delete: true });
    const empty = await a.log.read(room);
    await b.commit(peer('b'));
    await a.log.endCall(room, empty);
    expect(await a.log.read(room)).toMatchObject({ epoch: empty.epoch, version: 3 });
  });

  test('a node that was away for longer than a room may be left alone does not bring an old call back', async () => {
    const server = await redis();
    const proxy = await proxyTo(server);
    let awayMs = 0;
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + awayMs };
    const a = await logNode(proxy.url, room, { clock });
    for (let turn = 0; turn < 9; turn += 1) await a.commit(peer('ghost', { turn }));
    proxy.cut();
    await server.clock.advance(2 * KEEP_MS);
    awayMs = 2 * KEEP_MS;
    const b = await logNode(server.url, room);
    await b.commit(peer('b'));
    proxy.heal();
    await expect.poll(() => a.heard.at(-1), { timeout: 10_000 }).toBe('reset');
    expect(contentOf(await a.log.read(room))).toEqual([['peer b', {}]]);
    await a.commit(peer('c'));
    await expect.poll(() => b.heard).toEqual([1, 2]);
  });

  test('a node that missed more events than are kept is told the state instead', async () => {
    const server = await redis();
    const proxy = await proxyTo(server);
    const [a, b] = [await logNode(server.url, room), await logNode(proxy.url, room)];
    await a.commit(peer('a'));
    await expect.poll(() => b.heard).toEqual([1]);
    proxy.cut();
    for (let turn = 0; turn < 1_100; turn += 1) await a.commit(peer('a', { turn }));
    proxy.heal();
    await expect.poll(() => b.heard, { timeout: 10_000 }).toEqual([1, 'reset']);
    await a.commit(peer('b'));
    await expect.poll(() => b.heard).toEqual([1, 'reset', 1_102]);
    expect(b.state()?.epoch).toBe(a.state()?.epoch);
  });
});
