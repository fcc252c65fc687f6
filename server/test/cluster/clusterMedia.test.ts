/**
 * [CLUSTER] Media on nodes of their own, over real sockets with real workers: calls pass, news come back, and what is lost with a node or with the
 * way to it is made good. Signaling nodes are ClusterMedia over one room log.
 */
import { fromSnapshot } from '@parley/protocol';
import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { NodeRecord } from '../../src/cluster/directory.ts';
import { MemoryRoomLog } from '../../src/cluster/MemoryRoomLog.ts';
import { ClusterMedia } from '../../src/cluster/media/ClusterMedia.ts';
import { RPC_VERSION } from '../../src/cluster/rpc/calls.ts';
import { createLogger } from '../../src/log.ts';
import type { MediaPeer } from '../../src/room/ports.ts';
import { RoomEngine } from '../../src/room/RoomEngine.ts';
import { RoomHomes } from '../../src/room/RoomHomes.ts';
import { MediaClients, MediaRecord } from '../support/MediaClients.ts';
import { CLUSTER_SECRET, MediaNode } from '../support/MediaNode.ts';
import { MemoryRoomKeeper } from '../support/MemoryRoomKeeper.ts';
import { parseRtp } from '../support/rtp.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** A cluster of these media nodes, and a log that its signaling nodes share. */
async function cluster(...nodeIds: string[]) {
  const nodes: MediaNode[] = [];
  for (const nodeId of nodeIds) {
    const node = await MediaNode.start(nodeId);
    nodes.push(node);
    ends.push(() => node.close());
  }
  const roomLog = new MemoryRoomLog(systemClock, new MemoryRoomKeeper());
  const listed: NodeRecord[] = nodes.map(({ record }) => record);
  const signaling = (nodeId = 'signaling') => {
    const record = new MediaRecord();
    const media = new ClusterMedia({
      dial: {
        identity: { nodeId, incarnation: crypto.randomUUID() },
        secret: CLUSTER_SECRET,
        version: RPC_VERSION,
        clock: systemClock,
      },
      nodes: () => listed,
      local: undefined,
      homes: new RoomHomes(roomLog, () => engine),
      region: 'default',
      events: record.events,
      clock: systemClock,
      log: createLogger(process.env.PARLEY_TEST_LOG_LEVEL ?? 'silent'),
    });
    const calls = {
      roomOccupied: () => {},
      roomEmpty: () => {},
      runningCall: () => Promise.reject(new Error()),
    };
    const engine: RoomEngine = new RoomEngine({
      log: roomLog,
      media,
      calls,
      clock: systemClock,
      limits: { seats: 9, viewers: 0 },
    });
    const clients = new MediaClients(media, record);
    ends.push(async () => {
      clients.closeClients();
      await media.close();
    });
    return { media, clients, engine, told: record.told };
  };
  const nodeOf = (nodeId: string | undefined) => nodes.find(({ record }) => record.nodeId === nodeId)!;
  const homeOf = async (peer: MediaPeer) => {
    const state = await roomLog.read(peer.room);
    const home = state.tables.get('mediaHome')?.get('room')?.value.nodeId;
    return nodeOf(typeof home === 'string' ? home : undefined);
  };
  return { nodes, listed, signaling, homeOf };
}

type Signaling = ReturnType<Awaited<ReturnType<typeof cluster>>['signaling']>;

/** Ada talks, Bob listens, and a packet has arrived. */
async function call(a: Signaling, b: Signaling = a) {
  const room = { tenant: 'default', roomId: `call-${crypto.randomUUID().slice(0, 8)}` };
  const [ada, bob] = [
    { room, peerId: 'ada' },
    { room, peerId: 'bob' },
  ];
  const { publicationId } = await a.clients.publish(ada, { ssrc: 4711 });
  const { client, consumers } = await b.clients.subscribe(bob, [publicationId]);
  await client.nextPacket();
  return { room, ada, bob, publicationId, client, consumers };
}

/** What both clients do when their media moved. Returns when a packet arrived. */
async function reestablish(a: Signaling, b: Signaling, { ada, bob }: { ada: MediaPeer; bob: MediaPeer }) {
  const { publicationId } = await a.clients.publish(ada, { generation: 2, ssrc: 815 });
  const { client } = await b.clients.subscribe(bob, [publicationId], 'bob-moved');
  expect(parseRtp(await client.nextPacket()).payload.toString()).toMatch(/^opus 815 /);
}

test('[CLUSTER1] a call through a media node: calls, answers, errors and news pass', async () => {
  const { signaling, homeOf } = await cluster('m1');
  const one = signaling();
  const { room, ada, bob, publicationId, consumers } = await call(one);
  expect((await one.media.attach(ada)).transportIds).toEqual(['ada-send-1']);
  await one.clients.event(
    'audioPool',
    (key, ids) => key.roomId === room.roomId && ids.includes(publicationId),
  );
  await one.clients.event('activeSpeakers', (_key, ids) => ids[0] === 'ada');
  expect(await one.media.outlook(bob)).toEqual({ audioPool: [publicationId], encodingsWanted: [] });
  await expect(one.media.consume(bob, 'bob-recv', 'nobody.mic')).rejects.toMatchObject({
    code: 'not-found',
    details: { what: 'publication' },
  });
  await expect(one.media.speechBegins(bob)).rejects.toMatchObject({ code: 'invalid-state' });
  await one.media.closeProducer(ada, 'mic');
  const [, ended] = await one.clients.event('consumersClosed');
  expect(ended).toEqual([consumers[0]!.consumerId]);
  await one.media.closePeer(ada);
  await one.media.closePeer(bob);
  const home = await homeOf(ada);
  await vi.waitFor(async () => expect((await home.plane.inspect())[0]?.transports).toBe(0), 5_000);
});

test('[CLUSTER2] signaling nodes that choose at the same moment put a room on one media node, and both hear of it', async () => {
  const { signaling } = await cluster('m1', 'm2');
  const [one, two] = [signaling('s1'), signaling('s2')];
  const room = { tenant: 'default', roomId: 'both' };
  const [ada, bob] = [
    { room, peerId: 'ada' },
    { room, peerId: 'bob' },
  ];
  await Promise.all([one.media.attach(ada), two.media.attach(bob)]);
  const { publicationId } = await one.clients.publish(ada);
  const { client } = await two.clients.subscribe(bob, [publicationId]);
  await client.nextPacket();
  for (const { clients } of [one, two])
    await clients.event('activeSpeakers', (_room, ids) => ids[0] === 'ada');
  // Of a seat hears only the node that has its session.
  await one.media.closeProducer(ada, 'mic');
  await two.clients.event('consumersClosed');
  expect(one.told.filter(({ name }) => name === 'consumersClosed')).toEqual([]);
  // A host on the other node may end what is not of its own sessions.
  await one.media.closePeer(bob);
  await expect(two.media.restartIce(bob, 'bob-recv')).rejects.toMatchObject({ code: 'not-found' });
});

test('[CLUSTER3] a media node that dies: its seats are told at once, and go on elsewhere, those of the other signaling node too', async () => {
  const { signaling, homeOf } = await cluster('m1', 'm2');
  const [one, two] = [signaling('s1'), signaling('s2')];
  const seats = await call(one, two);
  const home = await homeOf(seats.ada);
  const diedMs = performance.now();
  await home.close();
  const moved = await Promise.all([one.clients.event('moved'), two.clients.event('moved')]);
  expect(moved.map(([peers]) => peers.map(({ peerId }) => peerId))).toEqual([['ada'], ['bob']]);
  await reestablish(one, two, seats);
  expect(performance.now() - diedMs).toBeLessThan(4_000);
  expect(await homeOf(seats.ada)).not.toBe(home);
  for (const { told } of [one, two]) expect(told.filter(({ name }) => name === 'moved')).toHaveLength(1);
});

test('[CLUSTER3] a media node that stands still is left within 3 s; when it goes on nobody is there any more', async () => {
  const { signaling, homeOf } = await cluster('m1', 'm2');
  const one = signaling();
  const seats = await call(one);
  const home = await homeOf(seats.ada);
  const stillMs = performance.now();
  home.way.freeze();
  const [moved] = await one.clients.event('moved');
  expect(performance.now() - stillMs).toBeLessThan(4_500);
  expect(moved).toHaveLength(2);
  await reestablish(one, one, seats);
  expect(await homeOf(seats.ada)).not.toBe(home);
});

test('[CLUSTER4] a room that another signaling node moved takes everybody along', async () => {
  const { signaling, homeOf } = await cluster('m1', 'm2');
  const [one, two] = [signaling('s1'), signaling('s2')];
  const seats = await call(one, two);
  const home = await homeOf(seats.ada);
  const other = home.record.nodeId === 'm1' ? 'm2' : 'm1';
  await one.engine.change(seats.room, { type: 'placeMedia', nodeId: other, instead: home.record.nodeId });
  await Promise.all([one.clients.event('moved'), two.clients.event('moved')]);
  await vi.waitFor(async () => expect((await home.plane.inspect())[0]?.transports).toBe(0), 5_000);
  await reestablish(one, two, seats);
  expect((await homeOf(seats.ada)).record.nodeId).toBe(other);
});

test('[CLUSTER5] a connection that breaks for a moment costs nothing: media flows, and what was missed is told', async () => {
  const { signaling, homeOf } = await cluster('m1');
  const one = signaling();
  const { bob, ada, client, publicationId } = await call(one);
  const home = await homeOf(bob);
  home.way.loseAnswers();
  // Told into nothing.
  await home.plane.setProducerPaused(ada, 'mic', true);
  const before = one.told.length;
  home.way.cut();
  await one.clients.event('audioPool', () => one.told.length > before);
  expect((await one.media.attach(bob)).transportIds).toEqual(['bob-recv']);
  await one.media.setProducerPaused(ada, 'mic', false);
  await client.nextPacket();
  expect((await one.media.outlook(bob)).audioPool).toEqual([publicationId]);
  expect(one.told.filter(({ name }) => name === 'moved')).toEqual([]);
});

test('[CLUSTER5] what was lost while the connection was broken is told when it stands again', async () => {
  const { signaling, homeOf } = await cluster('m1');
  const one = signaling();
  const seats = await call(one);
  const home = await homeOf(seats.bob);
  home.way.loseAnswers();
  const [worker] = await home.plane.inspect();
  process.kill(worker!.pid, 'SIGKILL');
  await vi.waitFor(async () => expect((await home.plane.inspect())[0]?.pid).not.toBe(worker!.pid), 5_000);
  expect(one.told.filter(({ name }) => name === 'moved')).toEqual([]);
  home.way.cut();
  await vi.waitFor(() => {
    const moved = one.told.flatMap((event) => (event.name === 'moved' ? event.args[0] : []));
    expect(moved.map(({ peerId }) => peerId).sort()).toEqual(['ada', 'bob']);
  }, 5_000);
  await reestablish(one, one, seats);
});

test('[CLUSTER6] a worker that dies on a media node: its seats are told by that node and stay on it', async () => {
  const { signaling, homeOf } = await cluster('m1', 'm2');
  const one = signaling();
  const seats = await call(one);
  const home = await homeOf(seats.ada);
  const [worker] = await home.plane.inspect();
  process.kill(worker!.pid, 'SIGKILL');
  const [moved] = await one.clients.event('moved');
  expect(moved.map(({ peerId }) => peerId).sort()).toEqual(['ada', 'bob']);
  await reestablish(one, one, seats);
  expect(await homeOf(seats.ada)).toBe(home);
});

test('[CLUSTER7] a draining node, and one that is full, take no new room; without any, a first join fails as unavailable', async () => {
  const { signaling, listed, homeOf } = await cluster('m1', 'm2', 'm3');
  const one = signaling();
  listed[0] = { ...listed[0]!, draining: true };
  listed[1] = { ...listed[1]!, headRoom: 0 };
  listed[2] = { ...listed[2]!, region: 'elsewhere', load: 0.5 };
  for (const name of ['a', 'b']) {
    const peer = { room: { tenant: 'default', roomId: name }, peerId: 'p' };
    await one.media.attach(peer);
    expect((await homeOf(peer)).record.nodeId).toBe('m3');
  }
  listed.length = 0;
  const lonely = signaling('s2');
  const peer = { room: { tenant: 'default', roomId: 'c' }, peerId: 'p' };
  await expect(lonely.media.attach(peer)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  expect(lonely.media.ready()).toBe(false);
  // Who has seen a media node before lets people in, and gives them media when one is there again.
  expect((await one.media.attach(peer)).transportIds).toEqual([]);
  await expect(
    one.media.createTransport(peer, { transportId: 't', direction: 'send' }),
  ).rejects.toMatchObject({
    code: 'unavailable',
  });
});

test('[CLUSTER8] clients never see where a room is', async () => {
  const { signaling } = await cluster('m1');
  const one = signaling();
  const { room } = await call(one);
  const caughtUp = await one.engine.catchUp(room, undefined);
  expect('snapshot' in caughtUp && fromSnapshot(caughtUp.snapshot).tables.has('mediaHome')).toBe(false);
});
