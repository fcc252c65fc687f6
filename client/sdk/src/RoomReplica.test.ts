/**
 * Owns the tests of the room's copy: exactly once, in order, and every hole noticed.
 */
import { type Cursor, getEntity, type RoomEvent } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RoomReplica } from './RoomReplica.ts';

const event = (version: number, displayName = `name${version}`): RoomEvent => ({
  version,
  patches: [
    {
      entity: 'peer',
      id: 'p1',
      set: { userId: 'u', displayName, role: 'speaker', connection: 'online', joinedAtMs: 1 },
    },
  ],
});

function setUp() {
  const changed = vi.fn();
  const missed = vi.fn();
  const replica = new RoomReplica({ changed, missed });
  replica.handleCatchUp({ snapshot: { roomId: 'room', epoch: 'e1', version: 5, entities: {} }, viewers: 0 });
  changed.mockClear();
  const name = (): string | undefined => replica.state && getEntity(replica.state, 'peer', 'p1')?.displayName;
  return { replica, changed, missed, name };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('live events', () => {
  test('[LOG2] fold once, however often they come', () => {
    const { replica, changed, name } = setUp();
    replica.handleEvents('e1', [event(6)]);
    replica.handleEvents('e1', [event(6, 'again'), event(7)]);
    replica.handleEvents('e1', [event(7, 'again')]);
    expect(name()).toBe('name7');
    expect(changed.mock.calls.map(([, events]) => events)).toEqual([[event(6)], [event(7)]]);
    expect(replica.cursor).toEqual({ epoch: 'e1', version: 7 } satisfies Cursor);
  });

  test('behind a hole wait for the catch-up and then fold in order', () => {
    const { replica, missed, name } = setUp();
    replica.handleEvents('e1', [event(8)]);
    replica.handleEvents('e1', [event(9)]);
    expect(missed).toHaveBeenCalledOnce();
    expect(name()).toBeUndefined();
    replica.handleCatchUp({ epoch: 'e1', events: [event(6), event(7), event(8)], viewers: 0 });
    expect(name()).toBe('name9');
    expect(missed).toHaveBeenCalledOnce();
  });

  test('[RESUME2] of another epoch ask for a snapshot, which may have a lower version', () => {
    const { replica, missed, name } = setUp();
    replica.handleEvents('e2', [event(1)]);
    expect(missed).toHaveBeenCalledOnce();
    replica.handleCatchUp({
      snapshot: { roomId: 'room', epoch: 'e2', version: 1, entities: {} },
      viewers: 0,
    });
    replica.handleEvents('e2', [event(2)]);
    expect(name()).toBe('name2');
  });

  test('that overtake the reply of the join are not lost', () => {
    const { replica, name, missed } = setUp();
    replica.handleInterrupted();
    replica.handleEvents('e1', [event(7)]);
    replica.handleCatchUp({ epoch: 'e1', events: [event(6)], viewers: 0 });
    expect(name()).toBe('name7');
    expect(missed).not.toHaveBeenCalled();
  });

  test('before the first catch-up wait for it', () => {
    const replica = new RoomReplica({ changed: vi.fn(), missed: vi.fn() });
    replica.handleEvents('e1', [event(2)]);
    expect(replica.cursor).toBeUndefined();
    replica.handleCatchUp({
      snapshot: { roomId: 'room', epoch: 'e1', version: 1, entities: {} },
      viewers: 0,
    });
    expect(replica.cursor).toEqual({ epoch: 'e1', version: 2 });
  });
});

describe('a heartbeat', () => {
  test('[PING1] with a higher version means a loss only when nothing comes', async () => {
    const { replica, missed } = setUp();
    replica.handleTail({ epoch: 'e1', version: 6 });
    replica.handleEvents('e1', [event(6)]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(missed).not.toHaveBeenCalled();
    replica.handleTail({ epoch: 'e1', version: 7 });
    await vi.advanceTimersByTimeAsync(2000);
    expect(missed).toHaveBeenCalledOnce();
  });

  test('with our version or a lower one means nothing', async () => {
    const { replica, missed } = setUp();
    replica.handleTail({ epoch: 'e1', version: 5 });
    replica.handleTail({ epoch: 'e1', version: 4 });
    await vi.advanceTimersByTimeAsync(5000);
    expect(missed).not.toHaveBeenCalled();
  });

  test('of another epoch means a loss', async () => {
    const { replica, missed } = setUp();
    replica.handleTail({ epoch: 'e2', version: 1 });
    await vi.advanceTimersByTimeAsync(2000);
    expect(missed).toHaveBeenCalledOnce();
  });
});

describe('a catch-up that does not fit', () => {
  test('is followed by a join without a cursor, so that a snapshot comes', () => {
    const { replica, missed, name } = setUp();
    replica.handleInterrupted();
    replica.handleCatchUp({ epoch: 'e1', events: [event(8)], viewers: 0 });
    expect(missed).toHaveBeenCalledOnce();
    expect(replica.cursor).toBeUndefined();
    replica.handleEvents('e1', [event(10)]);
    replica.handleCatchUp({
      snapshot: { roomId: 'room', epoch: 'e1', version: 9, entities: {} },
      viewers: 0,
    });
    expect(name()).toBe('name10');
    expect(replica.cursor).toEqual({ epoch: 'e1', version: 10 });
  });
});

describe('viewers', () => {
  test('[VIEWER2] are the last number that was told, and a message that was folded before takes nothing back', () => {
    const { replica, changed } = setUp();
    replica.handleEvents('e1', [event(6)], 3);
    replica.handleEvents('e1', [event(7)]);
    expect(replica.viewers).toBe(3);
    replica.handleEvents('e1', [{ version: 9, from: 8, patches: [] }], 5);
    replica.handleEvents('e1', [event(6)], 1);
    expect(replica.viewers).toBe(5);
    expect(changed).toHaveBeenCalledTimes(3);
    replica.handleCatchUp({ epoch: 'e1', events: [event(10)], viewers: 4 });
    expect(replica.viewers).toBe(4);
  });

  test('[BATCH7] an event that stands for several leaves no hole, and one that begins too late does', () => {
    const { replica, missed } = setUp();
    replica.handleEvents('e1', [{ ...event(9), from: 6 }]);
    expect(replica.cursor?.version).toBe(9);
    replica.handleEvents('e1', [{ ...event(12), from: 8 }]);
    expect(replica.cursor?.version).toBe(12);
    expect(missed).not.toHaveBeenCalled();
    replica.handleEvents('e1', [{ ...event(16), from: 14 }]);
    expect(missed).toHaveBeenCalledOnce();
  });
});
