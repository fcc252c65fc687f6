/**
 * The rules of a room, one by one, and by property over whatever people may do.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  countEntities,
  countSeated,
  type Decision,
  decide,
  emptyRoom,
  entityVersion,
  fromSnapshot,
  getEntity,
  getSeated,
  isHost,
  isNext,
  listEntities,
  publicationIdOf,
  type RoomCommand,
  type RoomEvent,
  type RoomState,
  reduce,
  sources,
  toClientEvents,
  toSnapshot,
} from './index.ts';

const MAX_PEERS = 4;
const MAX_VIEWERS = 2;
const join = (peerId: string, more: Partial<Extract<RoomCommand, { type: 'join' }>> = {}): RoomCommand => ({
  type: 'join',
  peerId,
  userId: `user-of-${peerId}`,
  displayName: peerId.toUpperCase(),
  role: 'speaker',
  publish: sources,
  guest: true,
  sessionEndsAtMs: 9_000,
  videoCodecs: ['vp8'],
  nowMs: 1_000,
  callId: 'call',
  callStartedAtMs: 1_000,
  maxPeers: MAX_PEERS,
  maxViewers: MAX_VIEWERS,
  ...more,
});

const apply = (state: RoomState, command: RoomCommand): RoomState => {
  const { patches } = decide(state, command);
  return patches.length === 0
    ? state
    : reduce(state, [{ version: state.version + 1, patches: [...patches] }]);
};
const roomAfter = (...commands: RoomCommand[]): RoomState =>
  commands.reduce(apply, emptyRoom('room', 'epoch'));
const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe('decide', () => {
  test('[JOIN2] joining again changes nothing but what changed', () => {
    const state = roomAfter(join('a'));
    expect(decide(state, join('a')).patches).toEqual([]);
    expect(decide(state, join('a', { displayName: 'New' })).patches).toMatchObject([
      { entity: 'peer', id: 'a', set: { displayName: 'New' } },
    ]);
    const away = apply(state, { type: 'setConnection', peerId: 'a', connection: 'reconnecting' });
    expect(getEntity(apply(away, join('a')), 'peer', 'a')).toEqual(getEntity(state, 'peer', 'a'));
  });

  test('[JOIN3] who takes a seat back with fewer rights loses what they published beyond them, and the host role', () => {
    const publish = (source: 'mic' | 'camera'): RoomCommand => ({
      type: 'publish',
      peerId: 'a',
      source,
      generation: 1,
      muted: false,
    });
    const state = roomAfter(join('a'), join('b'), publish('mic'), publish('camera'));
    const muted = apply(state, join('a', { publish: ['mic'] }));
    expect(listEntities(muted, 'publication').map(([id]) => id)).toEqual(['a.mic']);
    const viewer = apply(state, join('a', { role: 'viewer' }));
    expect(countEntities(viewer, 'publication')).toBe(0);
    expect(isHost(viewer, 'a')).toBe(false);
    expect(isHost(viewer, 'b')).toBe(true);
  });

  test('[VIEWER1] a viewer has a seat but is not listed, does not host, and changes into a speaker and back', () => {
    const state = roomAfter(join('v', { role: 'viewer' }), join('a'));
    expect(listEntities(state, 'peer').map(([id]) => id)).toEqual(['a']);
    expect(listEntities(state, 'viewer')).toMatchObject([['v', { displayName: 'V', connection: 'online' }]]);
    expect(isHost(state, 'a')).toBe(true);
    expect(Object.keys(toSnapshot(state).entities).sort()).toEqual(['peer', 'room']);
    const away = apply(state, { type: 'setConnection', peerId: 'v', connection: 'reconnecting' });
    expect(getSeated(away, 'v')?.connection).toBe('reconnecting');
    const speaker = apply(away, join('v', { nowMs: 5_000 }));
    expect(getEntity(speaker, 'viewer', 'v')).toBeUndefined();
    expect(getEntity(speaker, 'peer', 'v')).toMatchObject({ connection: 'online', joinedAtMs: 1_000 });
    expect(apply(speaker, join('v', { role: 'viewer' })).tables.get('viewer')?.size).toBe(1);
    expect(countSeated(apply(state, { type: 'leave', peerId: 'v' }))).toBe(1);
  });

  test('[VIEWER1] a viewer does not publish nor moderate', () => {
    const state = roomAfter(join('a'), join('v', { role: 'viewer' }));
    const publish = { type: 'publish', peerId: 'v', source: 'mic', generation: 1, muted: false } as const;
    expect(codeOf(() => decide(state, publish))).toBe('forbidden');
    const remove = { type: 'remove', peerId: 'v', targetPeerId: 'a' } as const;
    expect(codeOf(() => decide(state, remove))).toBe('forbidden');
  });

  test('[VIEWER3] a removal takes the viewer seats of the identity along, and a viewer who is named', () => {
    const identity = { userId: 'u', guest: false, tokenExpiresAtMs: 5_000 };
    const state = roomAfter(
      join('host', { role: 'host', guest: false }),
      join('a', identity),
      join('v', { ...identity, role: 'viewer' }),
    );
    const removed = apply(state, { type: 'remove', peerId: 'host', targetPeerId: 'a' });
    expect(countSeated(removed)).toBe(1);
    expect(codeOf(() => decide(removed, join('v', { ...identity, role: 'viewer' })))).toBe('forbidden');
    expect(countSeated(apply(state, { type: 'remove', peerId: 'host', targetPeerId: 'v' }))).toBe(1);
  });

  test('[LEAVE2] with a seat goes all that it published', () => {
    const state = roomAfter(
      join('a'),
      { type: 'publish', peerId: 'a', source: 'mic', generation: 1, muted: false },
      { type: 'publish', peerId: 'a', source: 'camera', generation: 1, muted: false },
      { type: 'leave', peerId: 'a' },
    );
    expect(countEntities(state, 'publication')).toBe(0);
    expect(countEntities(state, 'peer')).toBe(0);
    expect(decide(state, { type: 'leave', peerId: 'a' }).patches).toEqual([]);
  });

  test('[CODEC1] a call has the codecs of the join that began it', () => {
    const state = roomAfter(join('a', { videoCodecs: ['av1', 'vp9'] }), join('b', { videoCodecs: ['h264'] }));
    expect(getEntity(state, 'room', 'room')?.videoCodecs).toEqual(['av1', 'vp9']);
    const next = apply(state, join('c', { videoCodecs: ['h264'], callId: 'another-call' }));
    expect(getEntity(next, 'room', 'room')?.videoCodecs).toEqual(['h264']);
  });

  test('[CODEC2] what somebody cannot receive goes once, and for the rest of the call', () => {
    const state = roomAfter(join('a', { videoCodecs: ['av1', 'vp9', 'vp8'] }), {
      type: 'excludeCodecs',
      codecs: ['av1', 'h264'],
    });
    expect(getEntity(state, 'room', 'room')?.videoCodecs).toEqual(['vp9', 'vp8']);
    expect(decide(state, { type: 'excludeCodecs', codecs: ['av1'] }).patches).toEqual([]);
    expect(decide(state, join('a', { videoCodecs: ['av1', 'vp9', 'vp8'] })).patches).toEqual([]);
    expect(decide(emptyRoom('room', 'epoch'), { type: 'excludeCodecs', codecs: ['av1'] }).patches).toEqual(
      [],
    );
  });

  test('[PUBLISH1] an older generation never replaces a newer one', () => {
    const publish = (generation: number): RoomCommand => ({
      type: 'publish',
      peerId: 'a',
      source: 'mic',
      generation,
      muted: false,
    });
    const state = roomAfter(join('a'), publish(5), publish(3));
    expect(getEntity(state, 'publication', 'a.mic')?.generation).toBe(5);
  });

  test('[MOD6] only a host by token moderates among members, whoever came first', () => {
    const state = roomAfter(join('a', { guest: false }), join('b', { guest: false, role: 'host' }));
    expect(isHost(state, 'a')).toBe(false);
    expect(codeOf(() => decide(state, { type: 'remove', peerId: 'a', targetPeerId: 'b' }))).toBe('forbidden');
    expect(codeOf(() => decide(state, { type: 'remove', peerId: 'b', targetPeerId: 'b' }))).toBe(
      'invalid-request',
    );
  });

  test('[MOD7] a bar holds until the token expires for the identity, until the session ends for the session', () => {
    const host = join('h', { guest: false, role: 'host' });
    const member = { guest: false, userId: 'u', tokenExpiresAtMs: 2_000, sessionEndsAtMs: 9_000 };
    const state = roomAfter(host, join('m', member), { type: 'remove', peerId: 'h', targetPeerId: 'm' });
    const at = (peerId: string, nowMs: number) =>
      codeOf(() => decide(state, join(peerId, { ...member, nowMs })));
    expect(at('another-session', 1_999)).toBe('forbidden');
    expect(at('another-session', 2_000)).toBeUndefined();
    expect(at('m', 8_999)).toBe('forbidden');
    expect(at('m', 9_000)).toBeUndefined();
  });

  test('[MOD2] with somebody go all seats of the same identity, and the session of each is barred', () => {
    const member = { guest: false, userId: 'u', tokenExpiresAtMs: 2_000 };
    const state = roomAfter(
      join('h', { guest: false, role: 'host' }),
      join('m1', member),
      join('m2', { ...member, tokenExpiresAtMs: 3_000 }),
      { type: 'publish', peerId: 'm2', source: 'mic', generation: 1, muted: false },
      { type: 'remove', peerId: 'h', targetPeerId: 'm1' },
    );
    expect(listEntities(state, 'peer').map(([id]) => id)).toEqual(['h']);
    expect(countEntities(state, 'publication')).toBe(0);
    expect(new Map(listEntities(state, 'ban'))).toEqual(
      new Map([
        ['u', { untilMs: 3_000 }],
        ['m1', { untilMs: 9_000 }],
        ['m2', { untilMs: 9_000 }],
      ]),
    );
  });

  test('[MOD2] another seat of the own identity cannot be removed: it would be oneself', () => {
    const host = { guest: false, role: 'host', userId: 'u' } as const;
    const state = roomAfter(join('a', host), join('b', host));
    expect(codeOf(() => decide(state, { type: 'remove', peerId: 'a', targetPeerId: 'b' }))).toBe(
      'invalid-request',
    );
  });

  test('[MOD7] a later removal never shortens a bar', () => {
    const token = { guest: false, userId: 'u', tokenExpiresAtMs: 3_000, sessionEndsAtMs: 9_000 };
    const seated = roomAfter(join('h', { guest: false, role: 'host' }), join('m', token));
    const untilAfter = (untilMs: number) => {
      // As after a removal that was decided while this seat was taken, which the engine mends by a second one.
      const patches = ['u', 'm'].map((id) => ({ entity: 'ban', id, set: { untilMs } }));
      const barred = reduce(seated, [{ version: seated.version + 1, patches }]);
      const state = apply(barred, { type: 'remove', peerId: 'h', targetPeerId: 'm' });
      return [getEntity(state, 'ban', 'u')?.untilMs, getEntity(state, 'ban', 'm')?.untilMs];
    };
    expect(untilAfter(36_000)).toEqual([36_000, 36_000]);
    expect(untilAfter(1_000)).toEqual([3_000, 9_000]);
  });

  test('[MOD8] a host mutes; only the owner unmutes', () => {
    const state = roomAfter(
      join('a'),
      join('b'),
      { type: 'publish', peerId: 'b', source: 'mic', generation: 1, muted: false },
      { type: 'moderatorMute', peerId: 'a', targetPeerId: 'b', source: 'mic' },
    );
    expect(getEntity(state, 'publication', 'b.mic')?.muted).toBe(true);
    const after = apply(state, { type: 'setMuted', peerId: 'b', source: 'mic', muted: false });
    expect(getEntity(after, 'publication', 'b.mic')?.muted).toBe(false);
  });

  test('[MOD9] only a host who is not there is replaced, by the longest-present participant or nobody', () => {
    const hostOf = (state: RoomState) => getEntity(state, 'room', 'room')?.hostPeerId;
    const kept = reduce(emptyRoom('r', 'e'), [
      {
        version: 1,
        patches: [{ entity: 'room', id: 'room', set: { callId: 'c', startedAtMs: 1, hostPeerId: 'a' } }],
      },
    ]);
    const replaced = (state: RoomState) => hostOf(apply(state, { type: 'replaceAbsentHost' }));
    expect(replaced(kept)).toBeUndefined();
    const others = apply(apply(kept, join('c')), join('b'));
    expect(hostOf(others)).toBe('a');
    expect(replaced(others)).toBe('c');
    expect(replaced(apply(others, join('a')))).toBe('a');
  });
});

test('[MOD10] who hosts guests keeps the hat while the page may come back, and hands it over when leaving for good', () => {
  const hostOf = (state: RoomState) => getEntity(state, 'room', 'room')?.hostPeerId;
  const pageGone = { type: 'leave', peerId: 'a', mayReturn: true } as const;
  const away = apply(roomAfter(join('a'), join('b'), join('c')), pageGone);
  expect(listEntities(away, 'peer').map(([id]) => id)).toEqual(['b', 'c']);
  expect(hostOf(away)).toBe('a');
  expect(codeOf(() => decide(away, { type: 'remove', peerId: 'b', targetPeerId: 'c' }))).toBe('forbidden');
  expect(codeOf(() => decide(away, { type: 'remove', peerId: 'a', targetPeerId: 'c' }))).toBe('not-found');
  expect(hostOf(apply(away, join('d')))).toBe('a');
  expect(hostOf(apply(apply(away, join('a')), { type: 'replaceAbsentHost' }))).toBe('a');
  expect(hostOf(apply(away, { type: 'replaceAbsentHost' }))).toBe('b');
  expect(hostOf(roomAfter(join('a'), join('b'), { type: 'leave', peerId: 'a' }))).toBe('b');
  // Nobody else is there: whoever comes after the replacement hosts.
  const alone = apply(roomAfter(join('a')), pageGone);
  expect(hostOf(apply(apply(alone, { type: 'replaceAbsentHost' }), join('b')))).toBe('b');
});

const peerIds = ['a', 'b', 'c', 'd', 'e'];
const peerId = fc.constantFrom(...peerIds);
const source = fc.constantFrom(...sources);
const command: fc.Arbitrary<RoomCommand> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .record({ id: peerId, role: fc.constantFrom('speaker' as const, 'viewer' as const) })
      .map(({ id, role }) => join(id, { role })),
  },
  fc.record({ type: fc.constant('leave' as const), peerId, mayReturn: fc.boolean() }),
  fc.constant({ type: 'replaceAbsentHost' as const }),
  fc.record({
    type: fc.constant('setConnection' as const),
    peerId,
    connection: fc.constantFrom('online' as const, 'reconnecting' as const),
  }),
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('publish' as const),
      peerId,
      source,
      generation: fc.integer({ min: 1, max: 9 }),
      muted: fc.boolean(),
    }),
  },
  fc.record({ type: fc.constant('unpublish' as const), peerId, source }),
  fc.record({ type: fc.constant('setMuted' as const), peerId, source, muted: fc.boolean() }),
  fc.record({ type: fc.constant('moderatorMute' as const), peerId, targetPeerId: peerId, source }),
  fc.record({ type: fc.constant('moderatorStop' as const), peerId, targetPeerId: peerId, source }),
  fc.record({ type: fc.constant('remove' as const), peerId, targetPeerId: peerId }),
);

/** A log as every twin is one: conditional commits, limits, events. */
class TinyLog {
  state = emptyRoom('room', 'epoch');
  readonly events: RoomEvent[] = [];

  commit({ patches, reads, limits }: Decision): 'committed' | 'conflict' | 'full' {
    for (const { entity, id, version } of reads) {
      if (entityVersion(this.state, entity, id) !== version) return 'conflict';
    }
    if (patches.length === 0) return 'committed';
    const event = { version: this.state.version + 1, patches: [...patches] };
    const next = reduce(this.state, [event]);
    if (limits.some(({ entity, max }) => (next.tables.get(entity)?.size ?? 0) > max)) return 'full';
    this.events.push(event);
    this.state = next;
    return 'committed';
  }
}

/** @param mayReturn whose page went: the only ones who may host without being there. */
function checkInvariants(state: RoomState, mayReturn: ReadonlySet<string>): void {
  const peers = new Map(listEntities(state, 'peer'));
  const viewers = listEntities(state, 'viewer').map(([id]) => id);
  expect(peers.size).toBeLessThanOrEqual(MAX_PEERS);
  expect(viewers.length).toBeLessThanOrEqual(MAX_VIEWERS);
  for (const [id, publication] of listEntities(state, 'publication')) {
    expect(id).toBe(publicationIdOf(publication.peerId, publication.source));
    expect(peers.get(publication.peerId)?.role, 'a publication without its peer, or of a viewer').toBe(
      'speaker',
    );
  }
  const seated = [...peers.keys(), ...viewers];
  expect([...(state.tables.get('seat')?.keys() ?? [])].sort(), 'one seat each').toEqual(seated.sort());
  const hostPeerId = getEntity(state, 'room', 'room')?.hostPeerId;
  if (hostPeerId !== undefined) expect([...peers.keys(), ...mayReturn]).toContain(hostPeerId);
  if (peers.size > 0) expect(hostPeerId, 'nobody hosts a room of guests').toBeDefined();
}

describe('by property', () => {
  test('several nodes that decide on stale states keep every invariant, and every reader folds the same room', () => {
    // Each step: a node decides a command on the state that it read up to three commits ago, and tries again on conflict.
    const step = fc.record({ command, lag: fc.integer({ min: 0, max: 3 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const log = new TinyLog();
        const history = [log.state];
        const mayReturn = new Set<string>();
        for (const { command, lag } of steps) {
          let seen = history[Math.max(0, history.length - 1 - lag)]!;
          for (let attempt = 0; attempt < 5; attempt += 1) {
            const decision = attemptDecide(seen, command);
            const before = log.state;
            const result = decision && log.commit(decision);
            if (result === 'committed') noteReturns(mayReturn, before, log.state, command);
            if (result !== 'conflict') break;
            seen = log.state;
          }
          checkInvariants(log.state, mayReturn);
          history.push(log.state);
        }
        expect(reduce(emptyRoom('room', 'epoch'), log.events)).toEqual(log.state);
        const oneByOne = log.events.reduce(
          (state, event) => reduce(state, [event]),
          emptyRoom('room', 'epoch'),
        );
        expect(oneByOne).toEqual(log.state);
      }),
      { numRuns: 150, seed: 20_260_101 },
    );
  });

  test('[BATCH7] a client that joins in the middle and hears events twice sees what the server shows', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), fc.nat(), (commands, cut) => {
        const log = new TinyLog();
        const states = [log.state];
        for (const next of commands) {
          const decision = attemptDecide(log.state, next);
          if (decision && log.commit(decision) === 'committed') states.push(log.state);
        }
        const start = states[cut % states.length]!;
        const overTheWire = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
        const client = fromSnapshot(overTheWire(toSnapshot(start)));
        // Told in batches, from before the snapshot on.
        const told = log.events.slice(Math.max(0, start.version - 2));
        const size = 1 + (cut % 5);
        const batches = Array.from({ length: Math.ceil(told.length / size) }, (_, index) =>
          overTheWire(toClientEvents(told.slice(index * size, (index + 1) * size))),
        );
        const seen = [...batches, ...batches].reduce((state, batch) => {
          expect(isNext(state, batch)).toBe(true);
          return reduce(state, batch);
        }, client);
        const shown = fromSnapshot(toSnapshot(log.state));
        for (const entity of ['room', 'peer', 'publication'] as const) {
          expect(listEntities(seen, entity)).toEqual(listEntities(shown, entity));
        }
        expect(seen.version).toBe(log.state.version);
        for (const hidden of ['ban', 'seat', 'viewer']) expect([...seen.tables.keys()]).not.toContain(hidden);
      }),
      { numRuns: 150, seed: 20_260_102 },
    );
  });
});

function noteReturns(
  mayReturn: Set<string>,
  before: RoomState,
  after: RoomState,
  command: RoomCommand,
): void {
  const left = command.type === 'leave' && getSeated(before, command.peerId);
  if (left && command.mayReturn) mayReturn.add(command.peerId);
  if (command.type === 'replaceAbsentHost') mayReturn.clear();
  for (const [id] of listEntities(after, 'peer')) mayReturn.delete(id);
}

function attemptDecide(state: RoomState, command: RoomCommand): Decision | undefined {
  try {
    return decide(state, command);
  } catch {
    return undefined;
  }
}
