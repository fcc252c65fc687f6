/**
 * Who hears what of a room, and when: held while being caught up, then everything after it, in order, each once, however many wait.
 */
import { emptyRoom, isNext, type Patch, type RoomEvent, type RoomState, reduce } from '@parley/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/FakeClock.ts';
import { type HubMember, type Membership, RoomHub } from './RoomHub.ts';

const room = { tenant: 'default', roomId: 'hub' };
const message = {
  conversationId: 'c',
  seq: 1,
  messageId: '01890a5d-ac96-774b-bcce-b302099a8057',
  senderId: 'u',
  senderName: 'U',
  text: 'hello',
  sentAtMs: 1,
};

/** A log that a test speaks for. */
class FakeLog {
  listener: Parameters<ConstructorParameters<typeof RoomHub>[0]['subscribe']>[1] | undefined;
  onReset: Parameters<ConstructorParameters<typeof RoomHub>[0]['subscribe']>[2];
  subscriptions = 0;
  subscribe(
    _key: unknown,
    listener: NonNullable<FakeLog['listener']>,
    onReset?: FakeLog['onReset'],
  ): () => void {
    this.listener = listener;
    this.onReset = onReset;
    this.subscriptions += 1;
    return () => {
      this.listener = undefined;
    };
  }
  state: RoomState = emptyRoom('hub', 'epoch');
  say(version: number, patches: Patch[] = [nameOf('somebody', `${version}`)]): void {
    const event: RoomEvent = { version, patches };
    this.state = reduce(this.state, [event]);
    this.listener?.(event, this.state);
  }
}

const nameOf = (id: string, displayName: string): Patch => ({ entity: 'peer', id, set: { displayName } });
const viewer = (id: string): Patch => ({ entity: 'viewer', id, set: { displayName: id } });

function setUp() {
  const log = new FakeLog();
  const clock = new FakeClock();
  const hub = new RoomHub(log, clock);
  const attach = (peerId: string, options: { chat?: boolean } = {}) => {
    const heard: string[] = [];
    const member: HubMember = {
      peerId,
      chat: options.chat ?? true,
      send: (text) => {
        const { name, data } = JSON.parse(text);
        if (name !== 'roomEvents') heard.push(name);
        else {
          const versions = data.events.map(({ from, version }: RoomEvent) =>
            from ? `${from}-${version}` : version,
          );
          heard.push(`event ${versions}${data.viewers === undefined ? '' : `, ${data.viewers} watch`}`);
        }
      },
      removed: () => heard.push('removed!'),
    };
    const membership: Membership = hub.attach(room, member);
    return { heard, membership };
  };
  /** A room of so many, all live. */
  const fill = (count: number) =>
    Array.from({ length: count }, (_, index) => {
      const { heard, membership } = attach(`p${index}`);
      membership.release('epoch', log.state.version);
      return { heard, membership };
    });
  return { log, hub, clock, attach, fill };
}

test('[JOIN1] nothing comes before the reply, nothing twice, nothing is lost', () => {
  const { log, hub, attach } = setUp();
  const ada = attach('ada');
  log.say(1);
  log.say(2);
  hub.chatMessage(room, { message });
  log.say(3);
  hub.moment(room, 'activeSpeakers', { peerIds: [] });
  expect(ada.heard).toEqual([]);
  ada.membership.release('epoch', 2);
  log.say(4);
  expect(ada.heard).toEqual(['chatMessage', 'event 3', 'event 4']);
});

test('events of another epoch than the one that was caught up are passed on, for the client to notice', () => {
  const { log, attach } = setUp();
  const ada = attach('ada');
  log.say(1);
  ada.membership.release('another', 7);
  expect(ada.heard).toEqual(['event 1']);
});

test('[GRANT1] chat goes only to who may read it; what is for one seat only there', () => {
  const { hub, attach } = setUp();
  const [ada, deaf] = [attach('ada'), attach('deaf', { chat: false })];
  for (const { membership } of [ada, deaf]) membership.release('epoch', 0);
  hub.chatMessage(room, { message });
  hub.toPeer(room, 'deaf', 'mediaMoved', {});
  hub.chatMessage({ ...room, tenant: 'another' }, { message });
  expect(ada.heard).toEqual(['chatMessage']);
  expect(deaf.heard).toEqual(['mediaMoved']);
});

test('[MOD2] a removal is told to the seat instead of the event; a leave is not a removal', () => {
  const { log, attach } = setUp();
  const [ada, bob] = [attach('ada'), attach('bob')];
  for (const { membership } of [ada, bob]) membership.release('epoch', 0);
  log.say(1, [
    { entity: 'ban', id: 'bob', set: {} },
    { entity: 'peer', id: 'bob', delete: true },
    { entity: 'seat', id: 'bob', delete: true },
  ]);
  log.say(2, [
    { entity: 'peer', id: 'ada', delete: true },
    { entity: 'seat', id: 'ada', delete: true },
  ]);
  expect(bob.heard).toEqual(['removed!']);
  expect(ada.heard).toEqual(['event 1', 'event 2']);
});

test('[LOG15] where the steps cannot be told everybody is shown a hole, by itself; who was barred meanwhile is out', () => {
  const { log, fill, attach, clock } = setUp();
  const [ada, bob] = fill(10);
  const late = attach('late');
  log.say(1);
  log.say(2);
  const ban: Patch = { entity: 'ban', id: 'p1', set: {} };
  const patches = [nameOf('p0', 'Ada'), ban];
  log.state = reduce(emptyRoom('hub', 'restored'), [{ version: 900, patches }]);
  log.onReset?.(log.state);
  log.say(901);
  clock.advance(1_000);
  expect(ada?.heard).toEqual(['event 1,2', 'event 900', 'event 901']);
  expect(bob?.heard).toEqual(['event 1,2', 'removed!']);
  late.membership.release('restored', 900);
  expect(late.heard.at(-1)).toBe('event 901');
});

test('a room is subscribed to once, and only while somebody is there', () => {
  const { log, attach } = setUp();
  const [ada, bob] = [attach('ada'), attach('bob')];
  expect(log.subscriptions).toBe(1);
  ada.membership.end();
  ada.membership.end();
  expect(log.listener).toBeDefined();
  bob.membership.end();
  expect(log.listener).toBeUndefined();
  attach('carl');
  expect(log.subscriptions).toBe(2);
});

test('[BATCH1] a small room hears each event at once; a large one the first ones soon and the next ones together', () => {
  const small = setUp();
  const [one] = small.fill(7);
  for (const version of [1, 2, 3]) small.log.say(version);
  expect(one?.heard).toEqual(['event 1', 'event 2', 'event 3']);

  const { log, clock, fill } = setUp();
  const members = fill(500);
  log.say(1);
  clock.advance(5);
  for (const version of [2, 3]) log.say(version);
  clock.advance(99);
  log.say(4);
  expect(members[0]?.heard).toEqual(['event 1']);
  clock.advance(5);
  for (const { heard } of members) expect(heard).toEqual(['event 1', 'event 2,3,4']);
  log.say(5);
  clock.advance(5_000);
  log.say(6);
  clock.advance(5);
  expect(members[499]?.heard.slice(2)).toEqual(['event 5', 'event 6']);
});

test('[BATCH2] what a member changed itself is told to it before its reply, and never again', () => {
  const { log, clock, fill } = setUp();
  const [ada, bob] = fill(100);
  log.say(1);
  clock.advance(5);
  for (const version of [2, 3]) log.say(version);
  ada?.membership.hurry();
  ada?.membership.hurry();
  log.say(4);
  clock.advance(1_000);
  expect(ada?.heard).toEqual(['event 1', 'event 2,3', 'event 4']);
  expect(bob?.heard).toEqual(['event 1', 'event 2,3,4']);
});

test('[BATCH3] a heartbeat names what was told, not what waits', () => {
  const { log, hub, clock, fill } = setUp();
  fill(100);
  const told = () => hub.told(room, log.state);
  log.say(1);
  clock.advance(5);
  expect(told()).toEqual({ epoch: 'epoch', version: 1 });
  log.say(2);
  log.say(3);
  expect(told()).toEqual({ epoch: 'epoch', version: 1 });
  // Lost on its way here: the log is further than what waits.
  expect(hub.told(room, { epoch: 'other', version: 9 })).toEqual({ epoch: 'other', version: 9 });
  clock.advance(1_000);
  expect(told()).toEqual({ epoch: 'epoch', version: 3 });
});

test('[BATCH4] who joins between two batches hears only what it does not know', () => {
  const { log, clock, fill, attach } = setUp();
  fill(100);
  log.say(1);
  clock.advance(5);
  log.say(2);
  const [early, late] = [attach('early'), attach('late')];
  log.say(3);
  early.membership.release('epoch', 2);
  log.say(4);
  clock.advance(1_000);
  late.membership.release('epoch', 3);
  expect(early.heard).toEqual(['event 3,4']);
  expect(late.heard).toEqual(['event 4']);
});

test('[BATCH5] a removal ends the member at once, whatever waits; nobody else is told sooner', () => {
  const { log, clock, fill } = setUp();
  const [ada, bob] = fill(100);
  log.say(1);
  clock.advance(5);
  log.say(2, [
    { entity: 'ban', id: 'p1', set: {} },
    { entity: 'seat', id: 'p1', delete: true },
  ]);
  expect(bob?.heard).toEqual(['event 1', 'removed!']);
  expect(ada?.heard).toEqual(['event 1']);
});

test('[BATCH6] events of two epochs never share a message', () => {
  const { log, clock, fill } = setUp();
  const [ada] = fill(100);
  log.say(1);
  clock.advance(5);
  log.say(2);
  log.state = emptyRoom('hub', 'later');
  log.say(1);
  log.say(2);
  clock.advance(1_000);
  expect(ada?.heard).toEqual(['event 1', 'event 2', 'event 1,2']);
});

test('[BATCH1] nothing waits for a room in which nobody is left', () => {
  const { log, clock, fill } = setUp();
  const members = fill(100);
  log.say(1);
  log.say(2);
  expect(clock.pending).toBe(1);
  for (const { membership } of members) membership.end();
  expect(clock.pending).toBe(0);
});

test('[VIEWER2] a thousand viewers who come are a number, told once a second', () => {
  const { log, clock, fill } = setUp();
  const [ada] = fill(100);
  for (let version = 1; version <= 1_000; version += 1) {
    log.say(version, [viewer(`v${version}`), { entity: 'seat', id: `v${version}`, set: {} }]);
    clock.advance(2);
  }
  clock.advance(1_000);
  expect(ada?.heard).toEqual(['event 1-3, 3 watch', 'event 4-503, 503 watch', 'event 504-1000, 1000 watch']);
  // Beside something to be seen they do not wait.
  log.say(1_001);
  log.say(1_002, [viewer('late')]);
  log.say(1_003);
  clock.advance(20);
  expect(ada?.heard.slice(3)).toEqual(['event 1001,1002-1003, 1001 watch']);
});

test('[BATCH4] whoever comes and goes, whenever: each member hears every version once, in order, without a hole', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant('say' as const) },
    { weight: 2, arbitrary: fc.constant('say unseen' as const) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 400 }) },
    fc.record({ read: fc.nat(30), hurry: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60 }), fc.array(step, { maxLength: 120 }), (others, steps) => {
      const { log, hub, clock, fill } = setUp();
      fill(others);
      const clients: { state: RoomState; membership: Membership; due: number }[] = [];
      const join = (read: number) => {
        const client = { state: emptyRoom('hub', 'epoch'), due: read } as (typeof clients)[number];
        client.membership = hub.attach(room, {
          peerId: `client${clients.length}`,
          chat: false,
          send: (text) => {
            const { events } = JSON.parse(text).data;
            expect(events.every(({ version }: RoomEvent) => version > client.state.version)).toBe(true);
            expect(isNext(client.state, events)).toBe(true);
            client.state = reduce(client.state, events);
          },
          removed: () => {},
        });
        clients.push(client);
      };
      for (const next of steps) {
        if (next === 'say') log.say(log.state.version + 1);
        else if (next === 'say unseen') log.say(log.state.version + 1, [viewer('v')]);
        else if (typeof next === 'number') clock.advance(next);
        else {
          join(next.read);
          if (next.hurry) for (const { membership } of clients) membership.hurry();
        }
        // Some are answered a few steps after they attached.
        for (const client of clients) {
          if (client.due === 0) {
            client.state = { ...log.state, tables: new Map() };
            client.membership.release('epoch', log.state.version);
          }
          client.due -= 1;
        }
      }
      clock.advance(2_000);
      for (const { state, due } of clients) if (due < 0) expect(state.version).toBe(log.state.version);
    }),
    { numRuns: 200, seed: 20_260_103 },
  );
});
