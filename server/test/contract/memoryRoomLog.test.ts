/**
 * MemoryRoomLog against the contract of RoomLog, and that it forgets.
 */
import { describe, expect, test } from 'vitest';
import { MemoryRoomLog } from '../../src/cluster/MemoryRoomLog.ts';
import { FakeClock } from '../support/FakeClock.ts';
import { roomLogContract } from './roomLog.contract.ts';

roomLogContract('memory', async () => {
  const clock = new FakeClock();
  const log = new MemoryRoomLog(clock);
  return {
    log,
    now: () => clock.now(),
    advance: async (ms) => clock.advance(ms),
    dispose: () => log.close(),
  };
});

describe('MemoryRoomLog', () => {
  const room = { tenant: 'default', roomId: 'forgotten' };

  test('bars that were carried over go when the last one is over, however far away that is', async () => {
    const clock = new FakeClock();
    const log = new MemoryRoomLog(clock);
    const untilMs = clock.now() + 40 * 86_400_000;
    const patches = [{ entity: 'ban', id: 'a', set: { untilMs } }];
    await log.commit(room, { patches, reads: [], limits: [] });
    await log.endCall(room);
    clock.advance(39 * 86_400_000);
    expect((await log.read(room)).version).toBe(1);
    clock.advance(2 * 86_400_000);
    expect((await log.read(room)).version).toBe(0);
    expect(clock.pending).toBe(0);
    await log.close();
  });

  test('a listener that commits does not change the order for the others', async () => {
    const log = new MemoryRoomLog(new FakeClock());
    const heard: number[] = [];
    const patches = [{ entity: 'peer', id: 'a', set: {} }];
    log.subscribe(room, (_epoch, event) => {
      if (event.version === 1) void log.commit(room, { patches, reads: [], limits: [] });
    });
    log.subscribe(room, (_epoch, event) => heard.push(event.version));
    await log.commit(room, { patches, reads: [], limits: [] });
    expect(heard).toEqual([1, 2]);
    await log.close();
  });
});
