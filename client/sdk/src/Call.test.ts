/**
 * Owns the tests of a whole call against a server in memory: joining, leaving, surviving, moderation, pages that come and go.
 */
import { CallError } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Call } from './Call.ts';
import { hasStoredSession } from './sessionStore.ts';
import { FakeServer } from './testing/FakeServer.ts';
import { fakeDevices, fakeTrack } from './testing/fakeMedia.ts';
import type { CallOptions } from './types.ts';

const URL = 'ws://test/ws';

function setUp(options: Partial<CallOptions> = {}, server = new FakeServer()) {
  const { devices, handlers } = fakeDevices();
  const opened: MediaStreamTrack[] = [];
  const openers = {
    openDevice: vi.fn(async (source: 'mic' | 'camera') => {
      const track = fakeTrack(source === 'mic' ? 'audio' : 'video');
      opened.push(track);
      return track;
    }),
    openScreen: vi.fn(async () => ({ screen: fakeTrack('video') })),
  };
  const call = new Call(
    { url: URL, roomId: 'room', displayName: 'Ada', ...options },
    { connect: server.connect, devices, openers },
  );
  const settle = () => server.settle(() => vi.advanceTimersByTimeAsync(0));
  const joined = async () => {
    const done = call.join();
    await settle();
    await done;
    return call.getSnapshot();
  };
  const me = () => call.getSnapshot().participants.find(({ isLocal }) => isLocal);
  return { call, server, settle, joined, handlers, opened, openers, me };
}

/** A page: document, window and sessionStorage, as far as calls look at them. */
function stubPage() {
  const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  const items = new Map<string, string>();
  vi.stubGlobal('document', page);
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  });
  const window = new EventTarget();
  vi.stubGlobal('addEventListener', window.addEventListener.bind(window));
  return {
    items,
    show: (visibilityState: 'visible' | 'hidden') => {
      page.visibilityState = visibilityState;
      page.dispatchEvent(new Event('visibilitychange'));
    },
    hide: (persisted = false) => window.dispatchEvent(Object.assign(new Event('pagehide'), { persisted })),
    restore: () => window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true })),
    online: () => window.dispatchEvent(new Event('online')),
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('joining', () => {
  test('resolves with the seat; media follows by itself', async () => {
    const { joined, server } = setUp();
    const snapshot = await joined();
    expect(snapshot.status).toEqual({ phase: 'joined' });
    expect(snapshot.participants.map(({ label, isLocal, isHost }) => [label, isLocal, isHost])).toEqual([
      ['Ada', true, true],
    ]);
    expect(snapshot.callStartedAtMs).toBe(1000);
    // Who hosts a guest room may moderate.
    expect(snapshot.grants.moderate).toBe(true);
    expect(snapshot.chat.enabled).toBe(true);
    expect(server.seenOf('publish').map(({ data }) => data.source)).toEqual(['mic', 'camera']);
  });

  test('after prepare needs no further connection', async () => {
    const { call, server, settle, joined } = setUp();
    call.prepare();
    call.prepare();
    await settle();
    expect(server.seen.map(({ name }) => name)).toEqual(['hello']);
    expect(call.getSnapshot().status).toEqual({ phase: 'idle' });
    await joined();
    expect(server.sockets).toHaveLength(1);
  });

  test('a full room is told at once', async () => {
    const { call, server, settle } = setUp();
    server.failNext('join', new CallError('capacity', 'full'));
    const done = call.join();
    done.catch(() => undefined);
    await settle();
    await expect(done).rejects.toMatchObject({ code: 'capacity' });
    expect(call.getSnapshot().status).toEqual({
      phase: 'left',
      reason: 'error',
      error: { code: 'capacity', message: 'full' },
    });
  });

  test('a server that is busy for a moment is asked again', async () => {
    const { call, server, settle } = setUp();
    server.failNext('join', new CallError('unavailable', 'no worker'));
    const done = call.join();
    await settle();
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    await done;
    expect(call.getSnapshot().status.phase).toBe('joined');
  });

  test('a server that nobody finds is given up after a while', async () => {
    const { call } = setUp();
    const done = call.join();
    done.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(30_000);
    await expect(done).rejects.toMatchObject({ code: 'timeout' });
    expect(call.getSnapshot().status.phase).toBe('left');
  });

  test('happens once', async () => {
    const { call, joined } = setUp();
    await joined();
    await expect(call.join()).rejects.toMatchObject({ code: 'invalid-state' });
  });
});

describe('leaving', () => {
  test('[LEAVE1] ends the seat, gives devices back and closes the socket in order', async () => {
    const { call, joined, server, settle, opened } = setUp();
    await joined();
    const left = call.leave();
    expect(call.getSnapshot().status).toEqual({ phase: 'left', reason: 'left' });
    expect(opened.map(({ readyState }) => readyState)).toEqual(['ended', 'ended']);
    await settle();
    await left;
    expect(server.seen.at(-1)?.name).toBe('leave');
    expect(server.sockets[0]?.clientCloseCode).toBe(1000);
    await expect(call.sendMessage('late')).rejects.toMatchObject({ code: 'invalid-state' });
  });

  test('while joining ends both, whatever the answer', async () => {
    const { call, server, settle, opened } = setUp();
    server.hold('join');
    const done = call.join();
    done.catch(() => undefined);
    await settle();
    void call.leave();
    await expect(done).rejects.toMatchObject({ code: 'invalid-state' });
    server.release('join');
    await settle();
    expect(call.getSnapshot().status).toEqual({ phase: 'left', reason: 'left' });
    expect(opened.every(({ readyState }) => readyState === 'ended')).toBe(true);
    expect(server.seenOf('createTransport')).toEqual([]);
  });

  test('without a connection is not waited for', async () => {
    const { call, joined, server } = setUp();
    await joined();
    server.cut();
    await call.leave();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.sockets).toHaveLength(1);
  });
});

describe('a socket that is cut', () => {
  test('[RESUME1] shows as reconnecting and heals: same peer, missed events once, media untouched', async () => {
    const { call, joined, server, settle, me } = setUp();
    await joined();
    const before = me()?.peerId;
    server.cut();
    expect(call.getSnapshot().status).toMatchObject({ phase: 'reconnecting', attempt: 2 });
    server.addPeer('p-bob', 'Bob');
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    const snapshot = call.getSnapshot();
    expect(snapshot.status).toEqual({ phase: 'joined' });
    expect(snapshot.participants.map(({ label }) => label)).toEqual(['Ada', 'Bob']);
    expect(me()?.peerId).toBe(before);
    expect(server.seenOf('createTransport')).toHaveLength(2);
    expect(server.seenOf('join')[1]?.data.since).toBeTruthy();
  });

  test('[RESUME8] by a server that was restarted ends with everybody back under the same peer id', async () => {
    const { call, joined, server, settle, me } = setUp();
    await joined();
    const before = me()?.peerId;
    server.restart('epoch2');
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    expect(call.getSnapshot().status).toEqual({ phase: 'joined' });
    expect(me()?.peerId).toBe(before);
    expect(server.room.epoch).toBe('epoch2');
    expect(server.seenOf('publish')).toHaveLength(4);
  });
});

describe('missing events', () => {
  test('[JOIN2] are fetched by joining again with the cursor', async () => {
    const { call, joined, server, settle } = setUp();
    await joined();
    const { version } = server.room;
    server.notify('roomEvents', {
      roomId: 'room',
      epoch: 'epoch1',
      events: [{ version: version + 5, patches: [] }],
    });
    await vi.advanceTimersByTimeAsync(100);
    await settle();
    expect(server.seenOf('join')[1]?.data.since).toEqual({ epoch: 'epoch1', version });
    expect(call.getSnapshot().status).toEqual({ phase: 'joined' });
    // The version that never was is not asked for again and again.
    expect(server.seenOf('join')).toHaveLength(2);
  });
});

describe('the session', () => {
  test.each([
    [4403, 'removed'],
    [4409, 'replaced'],
  ] as const)('that ends with %i leaves the call as %s', async (code, reason) => {
    const { call, joined, server, opened } = setUp();
    await joined();
    server.cut(code);
    expect(call.getSnapshot().status).toEqual({ phase: 'left', reason });
    expect(opened[0]?.readyState).toBe('ended');
  });

  test('[MOD2] that a host removes is told once', async () => {
    const { call, joined, server } = setUp();
    await joined();
    const listener = vi.fn();
    call.subscribe(listener);
    server.notify('removed', { roomId: 'room' });
    server.cut(4403);
    await vi.advanceTimersByTimeAsync(0);
    expect(call.getSnapshot().status).toEqual({ phase: 'left', reason: 'removed' });
    expect(listener).toHaveBeenCalledOnce();
  });
});

describe('moderation', () => {
  test('a mute by a host turns the microphone off here', async () => {
    const { call, joined, server, settle, me, opened } = setUp();
    await joined();
    const peerId = me()?.peerId ?? '';
    server.command({ type: 'moderatorMute', peerId, targetPeerId: peerId, source: 'mic' });
    await settle();
    expect(opened[0]?.enabled).toBe(false);
    expect(call.getSnapshot().local.mic.enabled).toBe(false);
    expect(me()?.media.mic).toMatchObject({ muted: true });
    // And the own way back works.
    await call.setMicEnabled(true);
    await settle();
    expect(server.room.tables.get('publication')?.get(`${peerId}.mic`)?.value).toMatchObject({
      muted: false,
    });
  });

  test('goes to the server in the form of its table', async () => {
    const { call, joined, server, settle } = setUp();
    await joined();
    server.addPeer('p-bob', 'Bob', ['mic', 'screen']);
    await settle();
    const done = Promise.all([
      call.moderatorMute('p-bob', 'mic'),
      call.moderatorStop('p-bob', 'screen'),
      call.removePeer('p-bob'),
    ]);
    await settle();
    await done;
    expect(call.getSnapshot().participants).toHaveLength(1);
  });
});

describe('a page', () => {
  test('[RESUME5] that is reloaded takes its seat back', async () => {
    const page = stubPage();
    const first = setUp();
    await first.joined();
    const before = first.me()?.peerId;
    expect(hasStoredSession('room', URL)).toBe(false);
    page.hide();
    await first.settle();
    expect(first.server.sockets[0]?.clientCloseCode).toBe(1000);
    expect(first.server.room.tables.get('peer')?.size).toBe(0);
    expect(hasStoredSession('room', URL)).toBe(true);
    const second = setUp({}, first.server);
    expect(hasStoredSession('room', URL)).toBe(false);
    await second.joined();
    expect(second.me()?.peerId).toBe(before);
    expect(second.call.getSnapshot().participants).toHaveLength(1);
  });

  test('[MOD10] that is reloaded by the host of guests comes back to the host', async () => {
    const page = stubPage();
    const first = setUp();
    await first.joined();
    first.server.addPeer('p-bob', 'Bob');
    await first.settle();
    page.hide();
    await first.settle();
    expect(first.server.seenOf('leave')).toEqual([]);
    const second = setUp({}, first.server);
    await second.joined();
    const { participants, grants } = second.call.getSnapshot();
    expect(participants.filter(({ isHost }) => isHost).map(({ label }) => label)).toEqual(['Ada']);
    expect(grants.moderate).toBe(true);
  });

  test('that is duplicated while visible gets a seat of its own', async () => {
    stubPage();
    const first = setUp();
    await first.joined();
    // The browser copies sessionStorage, which holds nothing now.
    const second = setUp({}, first.server);
    await second.joined();
    expect(second.me()?.peerId).not.toBe(first.me()?.peerId);
  });

  test('that is hidden leaves its session behind, and takes it along again when it shows', async () => {
    const page = stubPage();
    const { joined } = setUp();
    await joined();
    page.show('hidden');
    expect([...page.items.values()]).toEqual(['resume-s1']);
    page.show('visible');
    expect(page.items.size).toBe(0);
  });

  test('that comes back from the cache of pages is in the call again', async () => {
    const page = stubPage();
    const { call, joined, settle, server, me } = setUp();
    await joined();
    const before = me()?.peerId;
    page.hide(true);
    await settle();
    page.restore();
    await settle();
    expect(call.getSnapshot().status).toEqual({ phase: 'joined' });
    expect(me()?.peerId).toBe(before);
    expect(server.seenOf('publish')).toHaveLength(4);
  });

  test('that has left keeps no session', async () => {
    const page = stubPage();
    const { call, joined, settle } = setUp();
    await joined();
    page.show('hidden');
    void call.leave();
    await settle();
    page.hide();
    expect(page.items.size).toBe(0);
  });

  test('that was only looked at, before joining, keeps no session either', async () => {
    const page = stubPage();
    const { call, settle } = setUp();
    call.prepare();
    await settle();
    page.hide();
    expect(page.items.size).toBe(0);
  });
});

describe('the snapshot', () => {
  test('tells its listeners once per microtask, and not without a change', async () => {
    const { call, joined, server, settle } = setUp();
    await joined();
    await settle();
    const listener = vi.fn();
    const stop = call.subscribe(listener);
    server.addPeer('p-bob', 'Bob', ['mic']);
    expect(listener).not.toHaveBeenCalled();
    await Promise.resolve();
    expect(listener).toHaveBeenCalledOnce();
    server.notify('activeSpeakers', { peerIds: [] });
    await Promise.resolve();
    stop();
    await settle();
    expect(listener).toHaveBeenCalledOnce();
  });

  test('keeps the parts that did not change', async () => {
    const { call, joined, server, settle } = setUp();
    await joined();
    const before = call.getSnapshot();
    server.addPeer('p-bob', 'Bob');
    await settle();
    const after = call.getSnapshot();
    expect(after).not.toBe(before);
    expect(after.chat).toBe(before.chat);
    expect(after.grants).toBe(before.grants);
    expect(after.local).toBe(before.local);
    expect(after.participants[0]).toBe(before.participants[0]);
  });
});

describe('chat', () => {
  test('of the call shows history and own messages', async () => {
    const { call, joined, settle } = setUp();
    await joined();
    const done = call.sendMessage('hello');
    expect(call.getSnapshot().chat.entries).toMatchObject([{ text: 'hello', state: 'sending' }]);
    await settle();
    await done;
    expect(call.getSnapshot().chat.entries).toMatchObject([{ text: 'hello', state: 'sent', isLocal: true }]);
  });

  test('[CHAT1] a message written while the socket is gone is stored once, when it is back', async () => {
    const { call, joined, settle, server } = setUp();
    await joined();
    server.hold('chatSend');
    const done = call.sendMessage('hello');
    await settle();
    server.cut();
    server.release('chatSend');
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    await done;
    expect(server.messages).toHaveLength(1);
    expect(call.getSnapshot().chat.entries).toHaveLength(1);
  });
});
