/**
 * MemoryRoomLog against the contract of RoomLog, and that it forgets.
 */
import { describe, expect, test } from 'vitest';
import { MemoryRoomLog } from '../../src/cluster/MemoryRoomLog.ts';
import { FakeClock } from '../support/FakeClock.ts';
import { MemoryRoomKeeper } from '../support/MemoryRoomKeeper.ts';
import { roomLogContract } from './roomLog.contract.ts';

roomLogContract('memory', async () => {
  const clock = new FakeClock();
  const keeper = new MemoryRoomKeeper();
  const log = new MemoryRoomLog(clock, keeper);
  return {
    log,
    restarted: () => MemoryRoomLog.open(clock, keeper),
    now: () => clock.now(),
    advance: async (ms) => clock.advance(ms),
    dispose: () => log.close(),
  };
});

describe('MemoryRoomLog', () => {
  const room = { tenant: 'default', roomId: 'forgotten' };

  test('bars that were carried over go when the last one is over, however far away that is', async () => {
    const clock = new FakeClock();
    const keeper = new MemoryRoomKeeper();
    const log = new MemoryRoomLog(clock, keeper);
    const untilMs = clock.now() + 40 * 86_400_000;
    const patches = [{ entity: 'ban', id: 'a', set: { untilMs } }];
    await log.commit(room, { patches, reads: [], limits: [] });
    await log.endCall(room);
    clock.advance(39 * 86_400_000);
    expect((await log.read(room)).version).toBe(1);
    expect(keeper.kept.size).toBe(1);
    clock.advance(2 * 86_400_000);
    expect((await log.read(room)).version).toBe(0);
    expect(keeper.kept.size).toBe(0);
    expect(clock.pending).toBe(0);
    await log.close();
  });

  test('a listener that commits does not change the order for the others', async () => {
    const log = new MemoryRoomLog(new FakeClock(), new MemoryRoomKeeper());
    const heard: number[] = [];
    const patches = [{ entity: 'peer', id: 'a', set: {} }];
    log.subscribe(room, (event) => {
      if (event.version === 1) void log.commit(room, { patches, reads: [], limits: [] });
    });
    log.subscribe(room, (event) => heard.push(event.version));
    await log.commit(room, { patches, reads: [], limits: [] });
    expect(heard).toEqual([1, 2]);
    await log.close();
  });

  test('the disk is troubled only by bars and hosts', async () => {
    const keeper = new MemoryRoomKeeper();
    const log = new MemoryRoomLog(new FakeClock(), keeper);
    const commit = (entity: string, set: Record<string, unknown>) =>
      log.commit(room, { patches: [{ entity, id: entity, set }], reads: [], limits: [] });
    await commit('room', { callId: 'c', startedAtMs: 1 });
    await commit('peer', {});
    await log.endCall(room);
    expect(keeper.calls).toBe(0);
    await commit('room', { callId: 'c', startedAtMs: 1, hostPeerId: 'a' });
    await commit('peer', {});
    expect([keeper.calls, keeper.kept.size]).toEqual([1, 1]);
    await log.endCall(room);
    expect([keeper.calls, keeper.kept.size]).toEqual([2, 0]);
  });

  test('a flush fails while the storage does, and tries again', async () => {
    const keeper = new MemoryRoomKeeper();
    const log = new MemoryRoomLog(new FakeClock(), keeper);
    keeper.down = true;
    const patches = [{ entity: 'ban', id: 'a', set: {} }];
    await log.commit(room, { patches, reads: [], limits: [] });
    await expect(log.flush(room)).rejects.toMatchObject({ code: 'unavailable' });
    keeper.down = false;
    await log.flush(room);
    expect([...keeper.kept.values()]).toEqual([{ key: room, patches }]);
    const { calls } = keeper;
    await log.flush(room);
    expect(keeper.calls).toBe(calls);
  });

  test('bars that ran out while nothing ran are not kept any longer', async () => {
    const clock = new FakeClock();
    const keeper = new MemoryRoomKeeper();
    const patches = [{ entity: 'ban', id: 'a', set: { untilMs: clock.now() } }];
    await keeper.keepRoom({ key: room, patches });
    const log = await MemoryRoomLog.open(clock, keeper);
    expect((await log.read(room)).version).toBe(0);
    expect(keeper.kept.size).toBe(0);
  });
});
