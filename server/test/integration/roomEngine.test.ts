/**
 * The races of a room: conflicts, a removal in the middle of a publish, a call that ends while somebody comes in.
 */
import { CallError, getEntity, listEntities, type RtpParameters, sources } from '@parley/protocol';
import { describe, expect, test } from 'vitest';
import { MemoryRoomLog } from '../../src/cluster/MemoryRoomLog.ts';
import type { Commit, CommitResult, MediaPort, RoomKey, RoomLog } from '../../src/room/ports.ts';
import { type CallBook, type CallIdentity, type Joining, RoomEngine } from '../../src/room/RoomEngine.ts';
import { SeatMedia } from '../../src/room/SeatMedia.ts';
import { FakeClock } from '../support/FakeClock.ts';
import { MemoryRoomKeeper } from '../support/MemoryRoomKeeper.ts';

const room: RoomKey = { tenant: 'default', roomId: 'races' };
const seat = (peerId: string) => ({ room, peerId });
const joining = (name: string): Joining => ({
  userId: `user-${name}`,
  displayName: name,
  role: 'speaker',
  publish: sources,
  guest: true,
  sessionEndsAtMs: 9e12,
});
const rtpParameters: RtpParameters = { codecs: [] };
const microphone = { transportId: 't', source: 'mic', muted: false, rtpParameters } as const;

/** What stands of each seat's media, and a gate before each `produce`. */
class FakeMedia {
  readonly producers = new Map<string, { generation: number; paused: boolean }>();
  beforeProduce: () => Promise<void> = async () => {};
  beforeClose: () => Promise<void> = async () => {};
  readonly port: MediaPort = {
    attach: async () => ({ rtpCapabilities: {}, transportIds: [] }),
    outlook: async () => ({ audioPool: [], encodingsWanted: [] }),
    undecodable: async () => [],
    createTransport: () => Promise.reject(new Error('not here')),
    connectTransport: async () => {},
    restartIce: () => Promise.reject(new Error('not here')),
    produce: async ({ peerId }, { source, generation, muted }) => {
      await this.beforeProduce();
      this.producers.set(`${peerId}.${source}`, { generation, paused: muted });
    },
    setProducerPaused: async ({ peerId }, source, paused) => {
      const producer = this.producers.get(`${peerId}.${source}`);
      if (!producer) throw new CallError('not-found', 'no producer');
      producer.paused = paused;
    },
    closeProducer: async ({ peerId }, source) => void this.producers.delete(`${peerId}.${source}`),
    consume: () => Promise.reject(new Error('not here')),
    closeConsumer: async () => {},
    setConsumerPaused: async () => {},
    setView: async () => {},
    speechBegins: async () => {},
    closePeer: async ({ peerId }) => {
      await this.beforeClose();
      for (const id of this.producers.keys()) if (id.startsWith(`${peerId}.`)) this.producers.delete(id);
    },
    ready: () => true,
    close: async () => {},
  };
}

/** A call book that can be told to fail. */
class FakeCalls implements CallBook {
  call: CallIdentity | CallError = { callId: 'call-1', startedAtMs: 1 };
  occupied: boolean | undefined;
  roomOccupied(): void {
    this.occupied = true;
  }
  roomEmpty(): void {
    this.occupied = false;
  }
  async runningCall(): Promise<CallIdentity> {
    if (this.call instanceof CallError) throw this.call;
    return this.call;
  }
}

function setUp(wrap: (log: RoomLog) => RoomLog = (log) => log) {
  const clock = new FakeClock();
  const keeper = new MemoryRoomKeeper();
  const log = wrap(new MemoryRoomLog(clock, keeper));
  const media = new FakeMedia();
  const calls = new FakeCalls();
  const engine = new RoomEngine({ log, media: media.port, calls, clock, limits: { seats: 3, viewers: 2 } });
  return { log, keeper, media, calls, engine, seatMedia: new SeatMedia(engine, media.port) };
}

describe('RoomEngine', () => {
  test('[LOG6] people who come in the same moment all get in, up to the limit, and one of them hosts', async () => {
    const { engine } = setUp();
    const names = ['a', 'b', 'c', 'd', 'e'];
    const results = await Promise.allSettled(names.map((name) => engine.join(seat(name), joining(name))));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'capacity' },
    });
    expect(getEntity(await engine.read(room), 'room', 'room')?.hostPeerId).toBe('a');
  });

  test('[VIEWER4] viewers are counted apart: they fill no seat, and have a limit of their own', async () => {
    const { engine } = setUp();
    const watch = (name: string) => engine.join(seat(name), { ...joining(name), role: 'viewer' });
    await Promise.all(['a', 'b', 'c'].map((name) => engine.join(seat(name), joining(name))));
    await Promise.all([watch('v'), watch('w')]);
    await expect(watch('x')).rejects.toMatchObject({ code: 'capacity', details: { what: 'viewer' } });
    await expect(engine.join(seat('d'), joining('d'))).rejects.toMatchObject({ code: 'capacity' });
    expect(await engine.catchUp(room, undefined)).toMatchObject({ viewers: 2 });
  });

  test('[VIEWER1] a call lasts while somebody watches it', async () => {
    const { engine, calls } = setUp();
    await engine.join(seat('a'), joining('a'));
    await engine.join(seat('v'), { ...joining('v'), role: 'viewer' });
    await engine.leave(seat('a'));
    expect(calls.occupied).toBe(true);
    const { epoch } = await engine.read(room);
    await engine.callEnded(room);
    expect((await engine.read(room)).epoch).toBe(epoch);
    await engine.leave(seat('v'));
    expect(calls.occupied).toBe(false);
  });

  test('decides again when another node was quicker, on the state that it was told', async () => {
    let conflicts = 0;
    const { engine } = setUp((log) => {
      const commit = log.commit.bind(log);
      log.commit = async (key: RoomKey, next: Commit): Promise<CommitResult> => {
        if (next.patches.length === 0 || conflicts >= 3) return commit(key, next);
        conflicts += 1;
        const patches = [{ entity: 'room', id: 'room', set: { callId: 'other', startedAtMs: conflicts } }];
        const other = await commit(key, { patches, reads: [], limits: [] });
        if (other.status !== 'committed') throw new Error(other.status);
        return commit(key, next);
      };
      return log;
    });
    await engine.join(seat('a'), joining('a'));
    expect(conflicts).toBe(3);
    const state = await engine.read(room);
    expect(getEntity(state, 'peer', 'a')?.displayName).toBe('a');
    expect(getEntity(state, 'room', 'room')?.callId).toBe('call-1');
  });

  test('a room that never stops changing is unavailable, not an endless loop', async () => {
    const { engine } = setUp((log) => {
      log.commit = async (key) => ({ status: 'conflict', state: await log.read(key) });
      return log;
    });
    await expect(engine.join(seat('a'), joining('a'))).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('[MOD2] a removal in the middle of a publish leaves no producer behind', async () => {
    const { engine, media, seatMedia } = setUp();
    await engine.join(seat('host'), joining('host'));
    await engine.join(seat('troll'), joining('troll'));
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const { promise: producing, resolve: atGate } = Promise.withResolvers<void>();
    media.beforeProduce = () => {
      atGate();
      return gate;
    };
    const published = seatMedia.publish(seat('troll'), microphone);
    await producing;
    const removed = engine.remove(seat('host'), 'troll', 's:2');
    const late = seatMedia.publish(seat('troll'), { ...microphone, source: 'camera' });
    open();
    await Promise.all([published, removed]);
    await expect(late).rejects.toMatchObject({ code: 'invalid-state' });
    expect(media.producers.size).toBe(0);
    const state = await engine.read(room);
    expect(listEntities(state, 'publication')).toEqual([]);
    expect(listEntities(state, 'peer').map(([id]) => id)).toEqual(['host']);
  });

  test('[MOD2] a removal ends every seat of the identity with its media, also one that is taken in the same moment', async () => {
    let late: (() => Promise<unknown>) | undefined;
    const { engine, media, seatMedia } = setUp((log) => {
      const commit = log.commit.bind(log);
      log.commit = async (key, next) => {
        const between = next.patches.some(({ entity }) => entity === 'ban') ? late : undefined;
        if (between) late = undefined;
        await between?.();
        return commit(key, next);
      };
      return log;
    });
    const troll = { ...joining('troll'), guest: false, tokenExpiresAtMs: 9e12 };
    await engine.join(seat('host'), joining('host'));
    await engine.join(seat('troll-1'), troll);
    await seatMedia.publish(seat('troll-1'), microphone);
    late = async () => {
      await engine.join(seat('troll-2'), troll);
      await seatMedia.publish(seat('troll-2'), microphone);
    };
    await engine.remove(seat('host'), 'troll-1', 's:1');
    const state = await engine.read(room);
    expect(listEntities(state, 'peer').map(([id]) => id)).toEqual(['host']);
    expect(media.producers.size).toBe(0);
    for (const id of ['troll-1', 'troll-2', 'troll-3']) {
      await expect(engine.join(seat(id), troll)).rejects.toMatchObject({
        code: 'forbidden',
      });
    }
    await engine.join(seat('other'), joining('other'));
  });

  test('[MOD2] two hosts who remove two seats of one identity do not wait for each other', async () => {
    const { engine, media, seatMedia } = setUp();
    media.beforeClose = () => new Promise((resolve) => setImmediate(resolve));
    const host = (name: string): Joining => ({ ...joining(name), guest: false, role: 'host' });
    const troll = { ...joining('troll'), guest: false, tokenExpiresAtMs: 9e12 };
    await engine.join(seat('h'), host('h'));
    await engine.join(seat('t1'), troll);
    await engine.join(seat('t2'), troll);
    await seatMedia.publish(seat('t1'), microphone);
    await seatMedia.publish(seat('t2'), microphone);
    const results = await Promise.allSettled([
      engine.remove(seat('h'), 't1', 's:1'),
      engine.remove(seat('h'), 't2', 's:2'),
    ]);
    expect(results.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect(media.producers.size).toBe(0);
  });

  test('[MEDIA1] generations grow, also over an end in between; what could not be announced is closed again', async () => {
    const { engine, media, seatMedia } = setUp();
    await engine.join(seat('a'), joining('a'));
    const first = await seatMedia.publish(seat('a'), microphone);
    await seatMedia.unpublish(seat('a'), 'mic');
    const second = await seatMedia.publish(seat('a'), microphone);
    expect(second.generation).toBeGreaterThan(first.generation);
    await engine.join(seat('a'), { ...joining('a'), role: 'viewer' });
    expect(media.producers.size).toBe(0);
    await expect(seatMedia.publish(seat('a'), microphone)).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(media.producers.size).toBe(0);
  });

  test('[MOD8] a mute stops RTP, and is kept when the media is gone', async () => {
    const { engine, media, seatMedia } = setUp();
    await engine.join(seat('a'), joining('a'));
    await seatMedia.publish(seat('a'), microphone);
    await seatMedia.setMuted(seat('a'), 'mic', true);
    expect(media.producers.get('a.mic')?.paused).toBe(true);
    media.producers.clear();
    await seatMedia.setMuted(seat('a'), 'mic', false);
    expect(getEntity(await engine.read(room), 'publication', 'a.mic')?.muted).toBe(false);
  });

  test('[RETRY1] a retry on another node gets the first answer, even where its work is done', async () => {
    const { log, engine, media, seatMedia } = setUp();
    await engine.join(seat('host'), joining('host'));
    await engine.join(seat('a'), joining('a'));
    await seatMedia.publish(seat('a'), microphone);
    const stop = 's:1';
    await engine.moderatorStop(seat('host'), 'a', 'mic', stop);
    const elsewhere = new RoomEngine({
      log,
      media: media.port,
      calls: new FakeCalls(),
      clock: new FakeClock(),
      limits: { seats: 3, viewers: 2 },
    });
    await elsewhere.moderatorStop(seat('host'), 'a', 'mic', stop);
    const another = elsewhere.moderatorStop(seat('host'), 'a', 'mic', 's:2');
    await expect(another).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('calls', () => {
  test('[CALL1] the last leave is told, and the end of the call forgets the room', async () => {
    const { engine, calls } = setUp();
    await engine.join(seat('a'), joining('a'));
    expect(calls.occupied).toBe(true);
    await engine.leave(seat('a'));
    expect(calls.occupied).toBe(false);
    const { epoch } = await engine.read(room);
    await engine.callEnded(room);
    expect(await engine.read(room)).toMatchObject({ version: 0 });
    expect((await engine.read(room)).epoch).not.toBe(epoch);
  });

  test('[CALL1] who comes back while the call ends is in the next call, in a room that begins anew', async () => {
    const { engine, calls } = setUp();
    await engine.join(seat('a'), joining('a'));
    await engine.leave(seat('a'));
    const { epoch } = await engine.read(room);
    calls.call = { callId: 'call-2', startedAtMs: 2 };
    await Promise.all([engine.join(seat('b'), joining('b')), engine.callEnded(room)]);
    const state = await engine.read(room);
    expect(state.epoch).not.toBe(epoch);
    expect(getEntity(state, 'room', 'room')).toMatchObject({ callId: 'call-2', hostPeerId: 'b' });
    expect(listEntities(state, 'peer')).toHaveLength(1);
  });

  test('[CALL1] who comes in while the last one leaves is somebody who is there', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const { promise: arrived, resolve: atGate } = Promise.withResolvers<void>();
    const { engine, calls } = setUp((log) => {
      const commit = log.commit.bind(log);
      log.commit = async (key, next) => {
        if (next.patches.some(({ entity, id }) => entity === 'peer' && id === 'b')) {
          atGate();
          await gate;
        }
        return commit(key, next);
      };
      return log;
    });
    await engine.join(seat('a'), joining('a'));
    const coming = engine.join(seat('b'), joining('b'));
    await arrived;
    const leaving = engine.leave(seat('a'));
    await expect.poll(async () => listEntities(await engine.read(room), 'peer')).toEqual([]);
    open();
    await Promise.all([coming, leaving]);
    expect(calls.occupied).toBe(true);
    expect(getEntity(await engine.read(room), 'room', 'room')?.hostPeerId).toBe('b');
  });

  test('[MOD9] a removal that could not be kept has happened all the same, is not acknowledged, and a retry keeps it', async () => {
    const { engine, keeper, media, seatMedia } = setUp();
    await engine.join(seat('a'), joining('a'));
    await engine.join(seat('b'), joining('b'));
    await seatMedia.publish(seat('b'), microphone);
    keeper.down = true;
    await expect(engine.remove(seat('a'), 'b', 's:1')).rejects.toMatchObject({ code: 'unavailable' });
    expect(getEntity(await engine.read(room), 'peer', 'b')).toBeUndefined();
    expect(media.producers.size).toBe(0);
    keeper.down = false;
    await engine.remove(seat('a'), 'b', 's:1');
    expect(JSON.stringify((await keeper.keptRooms())[0]?.patches)).toContain('user-b');
  });

  test('[CALL1] who is barred does not count as somebody who came back', async () => {
    const { engine, calls } = setUp();
    await engine.join(seat('a'), joining('a'));
    await engine.join(seat('b'), joining('b'));
    await engine.remove(seat('a'), 'b', 's:1');
    await engine.leave(seat('a'));
    calls.roomOccupied = () => {
      throw new Error('nobody is there');
    };
    await expect(engine.join(seat('b'), joining('b'))).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('while the book of calls cannot be read, calls go on and begin', async () => {
    const { engine, calls } = setUp();
    calls.call = new CallError('unavailable', 'the disk is full');
    await engine.join(seat('a'), joining('a'));
    const callId = getEntity(await engine.read(room), 'room', 'room')?.callId;
    calls.call = { callId: 'call-1', startedAtMs: 1 };
    await engine.join(seat('b'), joining('b'));
    expect(getEntity(await engine.read(room), 'room', 'room')?.callId).toBe(callId);
  });
});
