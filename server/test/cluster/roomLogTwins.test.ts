/**
 * The two logs side by side: whatever is committed, in whatever order, both give the same results and hold the same rooms. What the scripts
 * do in Lua is thus compared with what `reduce` does.
 */
import { emptyRoom, entityVersion, type Patch, type RoomState } from '@parley/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { MemoryRoomLog } from '../../src/cluster/MemoryRoomLog.ts';
import {
  decodeEvent,
  decodeState,
  encodeState,
  patchArgs,
  roomKeys,
} from '../../src/cluster/redis/roomCodec.ts';
import type { Commit, CommitResult } from '../../src/room/ports.ts';
import { contentOf } from '../support/logNode.ts';
import { MemoryRoomKeeper } from '../support/MemoryRoomKeeper.ts';
import { RedisServer } from '../support/redis.ts';
import { redisLog } from '../support/redisLogs.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server?.stop());

const kinds = ['peer', 'publication', 'later-kind'];
const id = fc.constantFrom('a', 'b', 'c.mic', '0', '__proto__');
/** What JSON can hold and a careless script would lose: empty lists, long numbers, line breaks, names like the format's own. */
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }).map((json) => JSON.parse(JSON.stringify(json))),
  fc.constantFrom(
    [],
    {},
    [[]],
    1_790_000_000_123.5,
    2 ** 53 - 1,
    1e300,
    '\n"a"\t1',
    '\t',
    '',
    '\u2028',
    'ä€😀',
  ),
);
const name = fc.oneof(
  fc.constantFrom('a', 'b', 'untilMs', '', '\n', '\t"', 'ä'),
  fc.string({ maxLength: 5 }),
);
const patch: fc.Arbitrary<Patch> = fc.oneof(
  fc.record({
    entity: fc.constantFrom(...kinds),
    id,
    set: fc.dictionary(name, value, { maxKeys: 4 }).filter((set) => !Object.hasOwn(set, '__proto__')),
  }),
  fc.record({ entity: fc.constantFrom(...kinds), id, delete: fc.constant(true as const) }),
);
const step = fc.record({
  patches: fc.array(patch, { maxLength: 4 }),
  reads: fc.array(fc.record({ entity: fc.constantFrom(...kinds), id, stale: fc.boolean() }), {
    maxLength: 2,
  }),
  limits: fc.array(fc.record({ entity: fc.constantFrom(...kinds), max: fc.nat({ max: 3 }) }), {
    maxLength: 1,
  }),
  request: fc.option(fc.constantFrom('s:1', 's:2'), { freq: 4 }),
  reply: value,
});

/** What a result says, apart from the epoch, which is each log's own. */
function gist(result: CommitResult) {
  const state =
    'state' in result ? { version: result.state.version, content: contentOf(result.state) } : undefined;
  const event = 'event' in result ? result.event : undefined;
  return { status: result.status, state, event, ...('reply' in result && { reply: result.reply }) };
}

test('[LOG3] [LOG5] [LOG7] both twins say the same to whatever is committed', {
  timeout: 180_000,
}, async () => {
  const memory = new MemoryRoomLog(systemClock, new MemoryRoomKeeper());
  const redis = await redisLog(server.url);
  // Another node, which is never asked before the end: it has to read everything as it lies in Redis.
  const reader = await redisLog(server.url);
  let rooms = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      rooms += 1;
      const key = { tenant: 'twins', roomId: `room${rooms}` };
      let state: RoomState = emptyRoom(key.roomId, '');
      for (const { patches, reads, limits, request, reply } of steps) {
        const commit: Commit = {
          patches,
          limits,
          reads: reads.map(({ entity, id: of, stale }) => ({
            entity,
            id: of,
            version: entityVersion(state, entity, of) - (stale ? 1 : 0),
          })),
          ...(request !== null && { requestKey: request, reply }),
        };
        const results = [await memory.commit(key, commit), await redis.commit(key, commit)] as const;
        expect(gist(results[1])).toEqual(gist(results[0]));
        state = await memory.read(key);
      }
      const [mine, theirs] = [await redis.read(key), await reader.read(key)];
      expect(contentOf(mine)).toEqual(contentOf(state));
      expect(contentOf(theirs)).toEqual(contentOf(state));
      for (const [kind, table] of state.tables) {
        const versions = [...table].map(([of, entry]) => [of, entry.version]);
        // In the order of their creation, with the versions of their last change.
        expect([...(theirs.tables.get(kind) ?? [])].map(([of, entry]) => [of, entry.version])).toEqual(
          versions,
        );
      }
    }),
    { numRuns: 150 },
  );
  await Promise.all([memory.close(), redis.close(), reader.close()]);
});

test('a state is written and read again as it was', () => {
  const table = fc.uniqueArray(fc.record({ id, version: fc.nat(), set: fc.dictionary(name, value) }), {
    selector: (entity) => entity.id,
  });
  fc.assert(
    fc.property(table, table, (peers, publications) => {
      const entries = (list: typeof peers) =>
        new Map(list.map((entity) => [entity.id, { version: entity.version, value: { ...entity.set } }]));
      const tables = new Map(
        Object.entries({ peer: entries(peers), publication: entries(publications) }).filter(
          ([, { size }]) => size > 0,
        ),
      );
      const state: RoomState = { roomId: 'r', epoch: 'e', version: 7, tables };
      const hash = encodeState(state);
      // A hash gives its fields in any order.
      const pairs = Array.from({ length: hash.length / 2 }, (_, index) =>
        hash.slice(2 * index, 2 * index + 2),
      );
      const read = decodeState({ roomId: 'r', epoch: 'e', version: 7 }, pairs.toReversed().flat());
      expect(read).toEqual(state);
      for (const [kind, entities] of tables)
        expect([...read.tables.get(kind)!.keys()]).toEqual([...entities.keys()]);
    }),
  );
});

test('an event is read as it was written, and nothing else is taken for one', () => {
  const patches = [{ entity: 'peer', id: 'a', set: { text: 'a [b] \n c', list: [] } }];
  const text = `12 1790000000123 commit-id ${JSON.stringify(patches)}`;
  expect(decodeEvent(text)).toEqual({ event: { version: 12, patches }, commitId: 'commit-id' });
  for (const wrong of ['', '12 1 c', '12 1 c {}', '12 1 c [{"entity":1}]'])
    expect(() => decodeEvent(wrong)).toThrow();
});

test('all keys of a room lie in one place of a cluster, and no two rooms share one', () => {
  const keys = roomKeys({ tenant: 'a', roomId: 'b' });
  expect(new Set(keys.map((key) => key.slice(0, key.indexOf('}') + 1)))).toEqual(new Set(['{room:a:b}']));
  expect(patchArgs([{ entity: 'peer', id: 'a', set: { x: null, y: undefined, z: [] } }])).toEqual([
    1,
    'peer',
    'a',
    2,
    '"x"',
    '',
    '"z"',
    '[]',
  ]);
});
