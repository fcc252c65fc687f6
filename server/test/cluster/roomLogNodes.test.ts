/**
 * Room logs of several nodes over one Redis: who hears what and when, also with every wake-up lost; what is left behind.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { contentOf, logNode, peer } from '../support/logNode.ts';
import { RedisCluster, RedisServer } from '../support/redis.ts';
import { KEEP_MS, redisLog } from '../support/redisLogs.ts';

let server: RedisServer;
let cluster: RedisCluster;
beforeAll(async () => {
  [server, cluster] = await Promise.all([RedisServer.start(), RedisCluster.start()]);
});
afterAll(async () => {
  await Promise.all([server?.stop(), cluster?.stop()]);
});

describe.each(['a server', 'a cluster'])('nodes over %s', (kind) => {
  const room = { tenant: 'default', roomId: 'nodes' };
  const target = () =>
    kind === 'a server'
      ? { url: server.url, servers: [server] }
      : { url: cluster.url, servers: cluster.servers };
  const cli = (...args: string[]) => target().servers.map((each) => each.cli(...args));
  const clock = () => target().servers[0]!.clock;

  beforeEach(() => {
    cli('FLUSHALL');
    cli('CONFIG', 'RESETSTAT');
  });

  test('each node hears each event once, in order, with the state after it, whoever committed', async () => {
    const { url } = target();
    const nodes = await Promise.all([1, 2, 3].map(() => logNode(url, room)));
    const commits = nodes.flatMap((node, index) =>
      Array.from({ length: 100 }, (_, turn) => node.commit(peer(`p${turn % 7}`, { by: index, turn }))),
    );
    await Promise.all(commits);
    const all = Array.from({ length: 300 }, (_, index) => index + 1);
    for (const node of nodes) await expect.poll(() => node.heard, { timeout: 10_000 }).toEqual(all);
    const [first, ...others] = await Promise.all(nodes.map((node) => node.log.read(room)));
    for (const other of others) expect(contentOf(other)).toEqual(contentOf(first!));
  });

  test('a wake-up goes to each other node that holds the room, once, and to nobody else', async () => {
    const { url } = target();
    const [a, b] = [await logNode(url, room), await logNode(url, room)];
    await logNode(url, { ...room, roomId: 'elsewhere' });
    const publishes = () =>
      cli('INFO', 'commandstats').reduce(
        (sum, stats) => sum + Number(/cmdstat_s?publish:calls=(\d+)/.exec(stats)?.[1] ?? 0),
        0,
      );
    const before = publishes();
    for (let turn = 0; turn < 10; turn += 1) await a.commit(peer('a', { turn }));
    await expect.poll(() => b.heard.length).toBe(10);
    expect(publishes() - before).toBe(10);
    b.stop();
    await expect.poll(() => a.log.held(room)?.version).toBe(10);
    await expect.poll(() => cli('--scan', '--pattern', '*:nodes').join('')).toContain('elsewhere');
    await a.commit(peer('a', { turn: 10 }));
    expect(publishes() - before).toBe(10);
  });

  test('with all wake-ups lost every event arrives within 3 s', async () => {
    const { url } = target();
    cli('ACL', 'SETUSER', 'default', '-publish', '-spublish');
    onTestFinished(() => void cli('ACL', 'SETUSER', 'default', '+publish', '+spublish'));
    const [a, b] = [await logNode(url, room), await logNode(url, room)];
    for (let turn = 1; turn <= 4; turn += 1) {
      await a.commit(peer('a', { turn }));
      const committedMs = performance.now();
      await expect.poll(() => b.heard.length, { timeout: 10_000, interval: 20 }).toBe(turn);
      expect(performance.now() - committedMs).toBeLessThan(3_000);
    }
    expect(b.heard).toEqual([1, 2, 3, 4]);
    expect(cli('INFO', 'commandstats').join('\n')).toMatch(/cmdstat_s?publish:.*rejected_calls=4/);
  });

  test('a node reads what another has committed, however late it is told', async () => {
    const { url } = target();
    cli('ACL', 'SETUSER', 'default', '-publish', '-spublish');
    onTestFinished(() => void cli('ACL', 'SETUSER', 'default', '+publish', '+spublish'));
    const [a, b] = [await logNode(url, room), await logNode(url, room)];
    for (let turn = 1; turn <= 50; turn += 1) {
      await a.commit(peer('a', { turn }));
      expect((await b.log.read(room)).version).toBe(turn);
    }
    expect(b.heard).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  test('a conflict brings what was missed, so the next try succeeds', async () => {
    const { url } = target();
    const [a, b] = [await redisLog(url), await redisLog(url)];
    onTestFinished(async () => void (await Promise.all([a.close(), b.close()])));
    await a.commit(room, { patches: [peer('a')], reads: [], limits: [] });
    const state = await b.read(room);
    await a.commit(room, { patches: [peer('a', { n: 1 })], reads: [], limits: [] });
    const decide = (seen: typeof state) => ({
      patches: [peer('b')],
      reads: [{ entity: 'peer', id: 'a', version: seen.tables.get('peer')?.get('a')?.version ?? 0 }],
      limits: [],
    });
    const conflict = await b.commit(room, decide(state));
    if (conflict.status !== 'conflict') throw new Error(conflict.status);
    expect(conflict.state.version).toBe(2);
    expect((await b.commit(room, decide(conflict.state))).status).toBe('committed');
  });

  test('10,000 rooms that come and go leave no key behind', { timeout: 240_000 }, async () => {
    const log = await redisLog(target().url);
    onTestFinished(() => log.close());
    const soon = clock().now() + KEEP_MS / 2;
    const visit = async (index: number) => {
      const key = { tenant: `t${index % 3}`, roomId: `room${index}` };
      const stop = index % 10 === 0 ? log.subscribe(key, () => {}) : undefined;
      await log.commit(key, {
        patches: [peer('a'), peer('b')],
        reads: [],
        limits: [{ entity: 'peer', max: 2 }],
      });
      const bar = { entity: 'ban', id: 'b', set: { untilMs: soon } };
      const removal = [{ entity: 'peer', id: 'b', delete: true as const }, bar];
      await log.commit(key, { patches: removal, reads: [], limits: [], requestKey: `s:${index}`, reply: {} });
      await log.commit(key, { patches: [{ entity: 'peer', id: 'a', delete: true }], reads: [], limits: [] });
      stop?.();
      // The others end by themselves: nobody was there to end their call.
      if (index % 2 === 0) await log.endCall(key);
    };
    for (let first = 0; first < 10_000; first += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, index) => visit(first + index)));
    }
    const keys = () => cli('DBSIZE').reduce((sum, text) => sum + Number(text.replace(/\D/g, '')), 0);
    expect(keys()).toBeGreaterThan(20_000);
    await clock().advance(KEEP_MS);
    await expect.poll(keys, { timeout: 60_000 }).toBe(0);
  });

  test('a room in which people sit stays, however long nothing happens', async () => {
    const { url } = target();
    const node = await logNode(url, room);
    await node.commit(peer('a'));
    await clock().advance(KEEP_MS - 60_000);
    // The node says that it holds the room when it begins to, and every 20 s.
    node.stop();
    node.log.subscribe(room, () => {});
    await node.log.read(room);
    await clock().advance(KEEP_MS - 60_000);
    expect((await node.log.read(room)).version).toBe(1);
    expect(cli('--scan').join('\n')).toContain('nodes}:head');
  });

  test('after a long silence an event of which nobody was told is told as what it is', async () => {
    const { url } = target();
    const [a, b] = [await logNode(url, room), await logNode(url, room)];
    for (let turn = 1; turn <= 3; turn += 1) await a.commit(peer('a', { turn }));
    await expect.poll(() => b.heard).toEqual([1, 2, 3]);
    cli('ACL', 'SETUSER', 'default', '-publish', '-spublish');
    onTestFinished(() => void cli('ACL', 'SETUSER', 'default', '+publish', '+spublish'));
    await clock().advance(KEEP_MS - 60_000);
    // Another node holds the room from now on, which keeps it for ten more minutes.
    await logNode(url, room);
    await clock().advance(2 * 60_000);
    await a.commit(peer('a', { turn: 4 }));
    expect(cli('-c', 'LLEN', '{room:default:nodes}:events').join(' ')).toMatch(/\b1\b/);
    await expect.poll(() => b.heard, { timeout: 10_000 }).toEqual([1, 2, 3, 4]);
  });

  test('a node that died is not woken for ever', async () => {
    const { url } = target();
    const [a, b] = [await logNode(url, room), await logNode(url, room)];
    await a.commit(peer('a'));
    const entries = () => cli('--scan', '--pattern', '*{room:default:nodes}:nodes').filter(Boolean).length;
    expect(entries()).toBe(1);
    await b.log.close();
    await clock().advance(61_000);
    await expect.poll(entries).toBe(0);
  });
});
