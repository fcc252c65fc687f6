/**
 * Owns the tests of the socket's life: hello, requests over reconnects, heartbeat, close codes, back-off.
 */
import { CallError, closeCodes } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { backoffMs } from './backoff.ts';
import { type SignalingEvents, SignalingSocket } from './SignalingSocket.ts';
import { type FakeSocket, FakeSockets } from './testing/FakeSocket.ts';

const helloReply = {
  sessionId: 's1',
  resumeToken: 'resume1',
  resumed: false,
  userId: 'u1',
  role: 'speaker',
  grants: { publish: [], subscribe: true, chat: true, moderate: false },
  guest: true,
  pingIntervalMs: 10_000,
  graceMs: 30_000,
} as const;

function setUp() {
  const sockets = new FakeSockets();
  const events = {
    opened: vi.fn(),
    welcomed: vi.fn(),
    interrupted: vi.fn(),
    pinged: vi.fn(),
    ended: vi.fn(),
    notifications: {
      roomEvents: vi.fn(),
      chatMessage: vi.fn(),
      mediaMoved: vi.fn(),
      consumersClosed: vi.fn(),
      encodingsWanted: vi.fn(),
      audioPool: vi.fn(),
      activeSpeakers: vi.fn(),
      peerQuality: vi.fn(),
      peerTrouble: vi.fn(),
      removed: vi.fn(),
    },
  } satisfies SignalingEvents;
  const socket = new SignalingSocket({ url: 'ws://test/ws', token: 'jwt', connect: sockets.connect }, events);
  return { sockets, events, socket };
}

/** Lets the newest socket say hello and be answered. */
async function greet(socket: FakeSocket, reply: object = helloReply): Promise<Record<string, unknown>> {
  socket.serverAccept();
  const [hello] = socket.takeRequests();
  socket.serverSend({ id: hello?.id, ok: reply });
  await vi.advanceTimersByTimeAsync(0);
  return hello?.data ?? {};
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('hello', () => {
  test('[HELLO1] is the first frame and carries the token, [RESUME1] later the resume token too', async () => {
    const { sockets, socket, events } = setUp();
    socket.open();
    expect(await greet(sockets.last)).toEqual({ protocolVersion: 1, token: 'jwt' });
    expect(events.welcomed).toHaveBeenCalledOnce();
    sockets.last.serverClose(1006);
    await vi.advanceTimersByTimeAsync(500);
    expect(await greet(sockets.last)).toEqual({ protocolVersion: 1, token: 'jwt', resumeToken: 'resume1' });
  });

  test('[HELLO3] that is refused for good ends the session with the cause', async () => {
    const { sockets, socket, events } = setUp();
    socket.open();
    sockets.last.serverAccept();
    const [hello] = sockets.last.takeRequests();
    const error = { code: 'unauthenticated', message: 'expired', retryable: false };
    sockets.last.serverSend({ id: hello?.id, error });
    await vi.advanceTimersByTimeAsync(0);
    expect(events.ended).toHaveBeenCalledExactlyOnceWith({
      reason: 'error',
      failure: { code: 'unauthenticated', message: 'expired' },
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets.all).toHaveLength(1);
  });

  test('that nobody answers is tried on another socket', async () => {
    const { sockets, socket, events } = setUp();
    socket.open();
    sockets.last.serverAccept();
    await vi.advanceTimersByTimeAsync(8000);
    expect(events.interrupted).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(600);
    expect(sockets.all).toHaveLength(2);
  });
});

describe('requests', () => {
  test('[RESUME3] wait for the seat and resolve with the parsed reply', async () => {
    const { sockets, socket } = setUp();
    socket.open();
    await greet(sockets.last);
    const reply = socket.request('restartIce', { transportId: 't1' });
    expect(sockets.last.takeRequests()).toEqual([]);
    socket.seatTaken();
    const [request] = sockets.last.takeRequests();
    expect(request).toMatchObject({ name: 'restartIce', data: { transportId: 't1' } });
    sockets.last.serverSend({
      id: request?.id,
      ok: { iceParameters: { usernameFragment: 'u', password: 'p', surprise: 1 }, iceServers: [] },
    });
    await expect(reply).resolves.toEqual({
      iceParameters: { usernameFragment: 'u', password: 'p' },
      iceServers: [],
    });
  });

  test('[RETRY1] that had no answer are sent again after a reconnect, with the same id, once the seat is taken', async () => {
    const { sockets, socket } = setUp();
    socket.open();
    await greet(sockets.last);
    socket.seatTaken();
    const reply = socket.request('setMuted', { source: 'mic', muted: true });
    const [first] = sockets.last.takeRequests();
    sockets.last.serverClose(1006);
    await vi.advanceTimersByTimeAsync(500);
    await greet(sockets.last, { ...helloReply, resumed: true });
    expect(sockets.last.takeRequests()).toEqual([]);
    socket.seatTaken();
    const [second] = sockets.last.takeRequests();
    expect(second).toEqual(first);
    sockets.last.serverSend({ id: second?.id, ok: {} });
    await expect(reply).resolves.toEqual({});
  });

  test('of a session that was lost fail instead of acting in another one', async () => {
    const { sockets, socket } = setUp();
    socket.open();
    await greet(sockets.last);
    socket.seatTaken();
    const reply = socket.request('setMuted', { source: 'mic', muted: true });
    reply.catch(() => undefined);
    sockets.last.serverClose(1006);
    await vi.advanceTimersByTimeAsync(500);
    await greet(sockets.last, { ...helloReply, sessionId: 's2' });
    socket.seatTaken();
    expect(sockets.last.takeRequests()).toEqual([]);
    await expect(reply).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('that belong to a socket fail with it', async () => {
    const { sockets, socket } = setUp();
    socket.open();
    await greet(sockets.last);
    const join = socket.request('join', { roomId: 'room', displayName: 'Ada' });
    join.catch(() => undefined);
    sockets.last.serverClose(1006);
    await expect(join).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('without an answer time out, but not while there is no socket', async () => {
    const { sockets, socket } = setUp();
    socket.open();
    await greet(sockets.last);
    socket.seatTaken();
    const outcome = vi.fn();
    socket.request('setMuted', { source: 'mic', muted: true }, 3000).catch(outcome);
    sockets.last.serverClose(1006);
    await vi.advanceTimersByTimeAsync(5000);
    expect(outcome).not.toHaveBeenCalled();
    await greet(sockets.last);
    socket.seatTaken();
    await vi.advanceTimersByTimeAsync(3000);
    expect(outcome.mock.calls[0]?.[0]).toMatchObject({ code: 'timeout', retryable: true });
  });

  test('are refused with the code and details of the server', async () => {
    const { sockets, socket } = setUp();
    socket.open();
    await greet(sockets.last);
    socket.seatTaken();
    const reply = socket.request('unpublish', { source: 'mic' });
    reply.catch(() => undefined);
    const [request] = sockets.last.takeRequests();
    const error = { code: 'not-found', message: 'none', retryable: false, details: { what: 'publication' } };
    sockets.last.serverSend({ id: request?.id, error });
    await expect(reply).rejects.toMatchObject({ code: 'not-found', details: { what: 'publication' } });
  });
});

describe('a socket that ends', () => {
  test.each([
    [closeCodes.kicked, { reason: 'removed' }],
    [closeCodes.replaced, { reason: 'replaced' }],
    [closeCodes.unauthenticated, { reason: 'error', failure: { code: 'unauthenticated' } }],
    [closeCodes.incompatibleVersion, { reason: 'error', failure: { code: 'incompatible-version' } }],
  ])('with %i ends the session', async (code, end) => {
    const { sockets, socket, events } = setUp();
    socket.open();
    await greet(sockets.last);
    socket.seatTaken();
    const reply = socket.request('unpublish', { source: 'mic' });
    reply.catch(() => undefined);
    sockets.last.serverClose(code);
    expect(events.ended.mock.calls).toEqual([[expect.objectContaining({ reason: end.reason })]]);
    expect(events.ended.mock.calls[0]?.[0]).toMatchObject(end);
    await expect(reply).rejects.toBeInstanceOf(CallError);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets.all).toHaveLength(1);
  });

  test.each([1006, 1001, 1011, closeCodes.draining, closeCodes.tooSlow, closeCodes.badFrame])(
    'with %i is followed by another at once',
    async (code) => {
      const { sockets, socket, events } = setUp();
      socket.open();
      await greet(sockets.last);
      await vi.advanceTimersByTimeAsync(6000);
      sockets.last.serverClose(code);
      expect(events.interrupted).toHaveBeenCalledOnce();
      expect(events.interrupted.mock.calls[0]?.[0]).toBe(1);
      await vi.advanceTimersByTimeAsync(100);
      expect(sockets.all).toHaveLength(2);
    },
  );

  test('for sending too much is left alone for a while', async () => {
    const { sockets, socket } = setUp();
    socket.open();
    await greet(sockets.last);
    await vi.advanceTimersByTimeAsync(6000);
    sockets.last.serverClose(closeCodes.rateLimited);
    await vi.advanceTimersByTimeAsync(4900);
    expect(sockets.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(sockets.all).toHaveLength(2);
  });
});

describe('heartbeat', () => {
  test('[PING2] pings at the interval of the server and [PING1] hands on the positions', async () => {
    const { sockets, socket, events } = setUp();
    socket.open();
    await greet(sockets.last);
    await vi.advanceTimersByTimeAsync(10_000);
    const [ping] = sockets.last.takeRequests();
    expect(ping?.name).toBe('ping');
    sockets.last.serverSend({ id: ping?.id, ok: { serverTimeMs: 1, room: { epoch: 'e', version: 7 } } });
    await vi.advanceTimersByTimeAsync(0);
    expect(events.pinged).toHaveBeenCalledWith({ serverTimeMs: 1, room: { epoch: 'e', version: 7 } });
  });

  test('[LEAVE1] gives up a silent socket after two pings, with a code that keeps the seat', async () => {
    const { sockets, socket, events } = setUp();
    socket.open();
    await greet(sockets.last);
    const silent = sockets.last;
    await vi.advanceTimersByTimeAsync(10_000 + 7900);
    expect(silent.takeRequests().map(({ name }) => name)).toEqual(['ping', 'ping']);
    expect(events.interrupted).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(200);
    expect(events.interrupted).toHaveBeenCalledOnce();
    expect(silent.clientCloseCode).toBe(4000);
    expect(sockets.all).toHaveLength(2);
  });

  test('gives up a socket that still connects by closing it once it stands: browsers log an error for any other', () => {
    const { sockets, socket } = setUp();
    socket.open();
    socket.close();
    expect(sockets.last.clientCloseCode).toBeUndefined();
    sockets.last.serverAccept();
    expect(sockets.last.clientCloseCode).toBe(1000);
    expect(sockets.last.takeRequests()).toEqual([]);
  });

  test('takes any frame as a sign of life', async () => {
    const { sockets, socket, events } = setUp();
    socket.open();
    await greet(sockets.last);
    for (let elapsedMs = 0; elapsedMs < 60_000; elapsedMs += 3000) {
      await vi.advanceTimersByTimeAsync(3000);
      sockets.last.serverSend({ name: 'activeSpeakers', data: { peerIds: [] } });
    }
    expect(events.interrupted).not.toHaveBeenCalled();
  });

  test('looks at once when woken, and ends a wait for the next attempt', async () => {
    const { sockets, socket } = setUp();
    socket.open();
    await greet(sockets.last);
    socket.wake();
    expect(sockets.last.takeRequests().map(({ name }) => name)).toEqual(['ping']);
    for (let attempt = 0; attempt < 6; attempt += 1) {
      sockets.last.serverClose(1006);
      await vi.advanceTimersByTimeAsync(attempt < 5 ? 8000 : 0);
    }
    const before = sockets.all.length;
    socket.wake();
    expect(sockets.all).toHaveLength(before + 1);
  });
});

describe('frames from the server', () => {
  test('that are unknown, broken or not for us are skipped', async () => {
    const { sockets, socket, events } = setUp();
    socket.open();
    await greet(sockets.last);
    for (const frame of [{ name: 'fromTheFuture', data: {} }, { name: 'removed', data: {} }, [], 7, null]) {
      sockets.last.serverSend(frame);
    }
    sockets.last.serverSend({ id: 'nobody-asked', ok: {} });
    sockets.last.dispatchEvent(Object.assign(new Event('message'), { data: '{' }));
    expect(events.notifications.removed).not.toHaveBeenCalled();
    sockets.last.serverSend({ name: 'removed', data: { roomId: 'room' } });
    expect(events.notifications.removed).toHaveBeenCalledWith({ roomId: 'room' });
  });

  test('on a socket that was given up mean nothing', async () => {
    const { sockets, socket, events } = setUp();
    socket.open();
    await greet(sockets.last);
    const old = sockets.last;
    socket.reconnect();
    await vi.advanceTimersByTimeAsync(100);
    old.dispatchEvent(Object.assign(new Event('close'), { code: closeCodes.kicked }));
    expect(events.ended).not.toHaveBeenCalled();
  });
});

test('back-off starts nearly at once, doubles and stays within 8 s', () => {
  const range = (attempt: number): [number, number] => [
    backoffMs(attempt, () => 0),
    backoffMs(attempt, () => 1),
  ];
  expect([1, 2, 3, 4, 5, 6, 7, 20].map(range)).toEqual([
    [0, 100],
    [250, 500],
    [500, 1000],
    [1000, 2000],
    [2000, 4000],
    [4000, 8000],
    [4000, 8000],
    [4000, 8000],
  ]);
});
