/**
 * Who hears what of a room, and when: held while being caught up, then everything after it, in order, each once.
 */
import { expect, test } from 'vitest';
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
  subscriptions = 0;
  subscribe(_key: unknown, listener: NonNullable<FakeLog['listener']>): () => void {
    this.listener = listener;
    this.subscriptions += 1;
    return () => {
      this.listener = undefined;
    };
  }
  say(version: number, patches: { entity: string; id: string; set: object }[] | unknown[] = []): void {
    this.listener?.('epoch', { version, patches: patches as [] });
  }
}

function setUp() {
  const log = new FakeLog();
  const hub = new RoomHub(log);
  const attach = (peerId: string, options: { chat?: boolean } = {}) => {
    const heard: string[] = [];
    const member: HubMember = {
      peerId,
      chat: options.chat ?? true,
      send: (text) => {
        const { name, data } = JSON.parse(text);
        heard.push(name === 'roomEvents' ? `event ${data.events[0].version}` : name);
      },
      removed: () => heard.push('removed!'),
    };
    const membership: Membership = hub.attach(room, member);
    return { heard, membership };
  };
  return { log, hub, attach };
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
  ]);
  log.say(2, [{ entity: 'peer', id: 'ada', delete: true }]);
  expect(bob.heard).toEqual(['removed!']);
  expect(ada.heard).toEqual(['event 1', 'event 2']);
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
