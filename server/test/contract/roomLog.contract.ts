/**
 * The contract of RoomLog: what every twin keeps, however it stores. Owns the suite; each twin's test file brings a factory.
 * Does not own the rules of rooms (decide), only what a commit promises.
 */
import { type Decision, entityVersion, getEntity, type RoomEvent, reduce } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RoomKey, RoomLog } from '../../src/room/ports.ts';

/** A log and the time that it goes by. */
export interface RoomLogFixture {
  readonly log: RoomLog;
  /** The log of the process after this one, which ended without a word. */
  restarted(): Promise<RoomLog>;
  now(): number;
  /** Lets time pass for the log (turning a fake clock, or the store's keys' ages). */
  advance(ms: number): Promise<void>;
  dispose(): Promise<void>;
}

const room: RoomKey = { tenant: 'default', roomId: 'contract' };
const set = (id: string, value: Record<string, unknown> = {}, entity = 'peer') => ({
  entity,
  id,
  set: value,
});
const decision = (patches: Decision['patches'], more: Partial<Decision> = {}): Decision => ({
  patches,
  reads: [],
  limits: [],
  ...more,
});

/** Runs the suite against one twin. */
export function roomLogContract(name: string, create: () => Promise<RoomLogFixture>): void {
  describe(`RoomLog: ${name}`, () => {
    let fixture: RoomLogFixture;
    let log: RoomLog;
    beforeEach(async () => {
      fixture = await create();
      log = fixture.log;
    });
    afterEach(() => fixture.dispose());

    const commit = async (...patches: Decision['patches']) => {
      const result = await log.commit(room, decision(patches));
      if (result.status !== 'committed') throw new Error(result.status);
      return result;
    };

    test('[LOG1] an untouched room is empty and not remembered by reading', async () => {
      const first = await log.read(room);
      expect(first).toMatchObject({ roomId: 'contract', version: 0 });
      expect((await commit(set('a'))).event?.version).toBe(1);
    });

    test('[LOG2] versions are gapless from 1, and folding the events gives the state', async () => {
      const { state: first } = await commit(set('a', { displayName: 'A' }));
      for (let index = 0; index < 20; index += 1) await commit(set(`p${index % 3}`, { n: index }));
      const missed = await log.eventsSince(room, { epoch: first.epoch, version: 1 });
      if (!('events' in missed)) throw new Error('trimmed');
      expect(missed.events.map((event) => event.version)).toEqual(
        Array.from({ length: 20 }, (_, index) => index + 2),
      );
      expect(reduce(first, missed.events)).toEqual(await log.read(room));
    });

    test('[LOG3] a commit sees exactly the versions that it names, absent being 0', async () => {
      const { state } = await commit(set('a'), set('b'));
      const reads = [{ entity: 'peer', id: 'a', version: entityVersion(state, 'peer', 'a') }];
      await commit(set('b', { n: 1 }));
      expect(await log.commit(room, decision([set('c')], { reads }))).toMatchObject({ status: 'committed' });
      await commit(set('a', { n: 1 }));
      const conflict = await log.commit(room, decision([set('d')], { reads }));
      expect(conflict).toMatchObject({ status: 'conflict', state: await log.read(room) });
      const absent = [{ entity: 'peer', id: 'd', version: 0 }];
      expect(await log.commit(room, decision([set('d')], { reads: absent }))).toMatchObject({
        status: 'committed',
      });
      expect(await log.commit(room, decision([set('d')], { reads: absent }))).toMatchObject({
        status: 'conflict',
      });
    });

    test('[LOG4] an entity that was deleted and made again has another version', async () => {
      const { state } = await commit(set('a'));
      await commit({ entity: 'peer', id: 'a', delete: true });
      await commit(set('a'));
      const reads = [{ entity: 'peer', id: 'a', version: entityVersion(state, 'peer', 'a') }];
      expect((await log.commit(room, decision([], { reads }))).status).toBe('conflict');
    });

    test('[LOG5] a limit holds for what would be there afterwards, and nothing happens beyond it', async () => {
      const limits = [{ entity: 'peer', max: 2 }];
      for (const id of ['a', 'b']) {
        expect((await log.commit(room, decision([set(id)], { limits }))).status).toBe('committed');
      }
      const before = await log.read(room);
      expect(await log.commit(room, decision([set('c')], { limits }))).toEqual({
        status: 'full',
        entity: 'peer',
      });
      expect(await log.read(room)).toEqual(before);
      const swap = [{ entity: 'peer', id: 'a', delete: true as const }, set('c')];
      expect((await log.commit(room, decision(swap, { limits }))).status).toBe('committed');
    });

    test('[LOG6] of commits that race for the same entity one gets through', async () => {
      const reads = [{ entity: 'peer', id: 'a', version: 0 }];
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          log.commit(room, decision([set('a', { by: index })], { reads })),
        ),
      );
      expect(results.filter(({ status }) => status === 'committed')).toHaveLength(1);
      expect(results.filter(({ status }) => status === 'conflict')).toHaveLength(19);
      expect((await log.read(room)).version).toBe(1);
    });

    test('[LOG7] a request is committed once; for two minutes its retry gets the first answer', async () => {
      const request = { requestKey: 's:1', reply: { generation: 1 } };
      const first = await log.commit(room, { ...decision([set('a')]), ...request });
      expect(first.status).toBe('committed');
      await fixture.advance(119_000);
      const retry = { ...decision([set('a', { n: 2 })]), requestKey: 's:1', reply: { generation: 2 } };
      expect(await log.commit(room, retry)).toEqual({ status: 'repeated', reply: { generation: 1 } });
      expect((await log.read(room)).version).toBe(1);
      await fixture.advance(2_000);
      expect((await log.commit(room, retry)).status).toBe('committed');
    });

    test('[LOG8] a refused commit does not use up its request', async () => {
      const request = { requestKey: 's:1', reply: 1 };
      const reads = [{ entity: 'peer', id: 'a', version: 7 }];
      expect((await log.commit(room, { ...decision([set('a')], { reads }), ...request })).status).toBe(
        'conflict',
      );
      expect((await log.commit(room, { ...decision([set('a')]), ...request })).status).toBe('committed');
    });

    test('[LOG9] a cursor of another epoch, or beyond the end, cannot be caught up', async () => {
      const { state } = await commit(set('a'));
      expect(await log.eventsSince(room, { epoch: 'other', version: 1 })).toEqual({ trimmed: true });
      expect(await log.eventsSince(room, { epoch: state.epoch, version: 2 })).toEqual({ trimmed: true });
      expect(await log.eventsSince(room, { epoch: state.epoch, version: 1 })).toEqual({ events: [] });
    });

    test('[LOG10] the last 1,000 events are kept, for ten minutes', async () => {
      const { state } = await commit(set('a'));
      for (let index = 0; index < 1_001; index += 1) await commit(set('a', { index }));
      const at = (version: number) => log.eventsSince(room, { epoch: state.epoch, version });
      expect(await at(1)).toEqual({ trimmed: true });
      expect(await at(2)).toHaveProperty('events.length', 1_000);
      await fixture.advance(9 * 60_000);
      await commit(set('a', { late: true }));
      await fixture.advance(61_000);
      expect(await at(1_001)).toEqual({ trimmed: true });
      expect(await at(1_002)).toHaveProperty('events.length', 1);
    });

    test('[LOG11] subscribers hear each event of their room once, in order, until they stop', async () => {
      const heard: RoomEvent[] = [];
      const stop = log.subscribe(room, (event) => heard.push(event));
      await log.commit({ ...room, roomId: 'another' }, decision([set('x')]));
      await log.commit({ ...room, tenant: 'another' }, decision([set('x')]));
      const { state } = await commit(set('a'));
      await Promise.all(Array.from({ length: 10 }, (_, index) => commit(set('a', { index }))));
      await log.commit(room, decision([]));
      await expect.poll(() => heard.length).toBe(11);
      expect(heard.map((event) => event.version)).toEqual(Array.from({ length: 11 }, (_, i) => i + 1));
      const missed = await log.eventsSince(room, { epoch: state.epoch, version: 0 });
      expect(missed).toEqual({ events: heard });
      stop();
      await commit(set('b'));
      expect(heard).toHaveLength(11);
    });

    test('[LOG12] after the end of a call the room begins anew; only bars with a time are carried over', async () => {
      const soon = { untilMs: fixture.now() + 60_000 };
      const { state } = await commit(
        set('a'),
        set('forever', {}, 'ban'),
        set('soon', soon, 'ban'),
        set('over', { untilMs: fixture.now() - 1 }, 'ban'),
      );
      await log.commit(room, { ...decision([]), requestKey: 's:1', reply: 1 });
      await log.endCall(room);
      const next = await log.read(room);
      expect(next.epoch).not.toBe(state.epoch);
      expect(getEntity(next, 'ban', 'soon')).toEqual(soon);
      expect(next.tables.get('ban')?.size).toBe(1);
      expect(next.tables.get('peer')).toBeUndefined();
      expect((await log.commit(room, { ...decision([]), requestKey: 's:1', reply: 2 })).status).toBe(
        'committed',
      );
      await fixture.advance(61_000);
      await log.endCall(room);
      expect(await log.read(room)).toMatchObject({ version: 0 });
    });

    test('[LOG13] rooms of one name in two tenants know nothing of each other', async () => {
      await commit(set('a'));
      expect((await log.read({ ...room, tenant: 'another' })).version).toBe(0);
    });

    test('[LOG14] after a flush, bars, the call and its host outlive the process', async () => {
      const call = { callId: 'c', startedAtMs: 1, hostPeerId: 'a' };
      const until = { untilMs: fixture.now() + 60_000 };
      await commit(
        set('room', call, 'room'),
        set('a'),
        set('forTheCall', {}, 'ban'),
        set('timed', until, 'ban'),
      );
      await log.flush(room);
      const restarted = await fixture.restarted();
      const state = await restarted.read(room);
      expect(getEntity(state, 'room', 'room')).toEqual(call);
      expect(getEntity(state, 'ban', 'forTheCall')).toEqual({});
      expect(getEntity(state, 'ban', 'timed')).toEqual(until);
      await restarted.endCall(room);
      await restarted.flush(room);
      const later = await (await fixture.restarted()).read(room);
      expect([...later.tables].map(([entity, table]) => [entity, [...table.keys()]])).toEqual([
        ['ban', ['timed']],
      ]);
    });
  });
}
