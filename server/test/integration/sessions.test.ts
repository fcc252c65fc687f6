/**
 * Sessions that outlive their sockets, and the whole server: drops, resumes, replaced sockets, the end of the grace time, restarts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { getEntity, listEntities } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { opusParameters } from '../support/rtp.ts';
import { SignalingClient } from '../support/SignalingClient.ts';
import { ServerProcess } from '../support/serverProcess.ts';
import { startTestServer, type TestServer } from '../support/startServer.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const connectionOf = (seenBy: SignalingClient, peerId: string): string | undefined =>
  seenBy.room && getEntity(seenBy.room, 'peer', peerId)?.connection;

const hostOf = (seenBy: SignalingClient): string | undefined =>
  seenBy.room && getEntity(seenBy.room, 'room', 'room')?.hostPeerId;

const resume = (client: SignalingClient, url = server.url): Promise<SignalingClient> =>
  SignalingClient.connect(url, { resumeToken: client.hello!.resumeToken });

describe('a socket that drops', () => {
  test('[RESUME1] keeps its seat and its media; what it missed comes exactly once', async () => {
    const ada = await SignalingClient.join(server.url, 'drop', 'Ada');
    const bob = await SignalingClient.join(server.url, 'drop', 'Bob');
    const { transportId } = await bob.request('createTransport', { direction: 'send' });
    await bob.cut();
    await ada.until('Bob reconnects', () => connectionOf(ada, bob.peerId) === 'reconnecting');
    const carl = await SignalingClient.join(server.url, 'drop', 'Carl');

    const back = await resume(bob);
    expect(back.hello).toMatchObject({ resumed: true, sessionId: bob.hello!.sessionId });
    const reply = await back.join('drop', 'Bob', bob.room);
    expect(reply.peerId).toBe(bob.peerId);
    expect(reply.transportIds).toEqual([transportId]);
    const missed = 'events' in reply.room ? reply.room.events : [];
    expect(missed.map((event) => event.version)).toEqual(
      missed.map((_, index) => bob.room!.version + 1 + index),
    );
    expect(getEntity(back.room!, 'peer', carl.peerId)?.displayName).toBe('Carl');
    await ada.until('Bob is back', () => connectionOf(ada, bob.peerId) === 'online');
    await carl.close();
    await back.until('Carl is gone', () => !getEntity(back.room!, 'peer', carl.peerId));
    // None of the missed ones came again as a notification.
    expect(back.roomEvents.every((event) => event.version > missed.at(-1)!.version)).toBe(true);
    expect(back.room).toEqual(ada.room);
    await Promise.all([ada.close(), back.close()]);
  });

  test('[RESUME2] a cursor of another epoch, or beyond the log, gets a snapshot', async () => {
    const ada = await SignalingClient.join(server.url, 'epochs', 'Ada');
    for (const since of [
      { epoch: 'another', version: 1 },
      { epoch: ada.room!.epoch, version: ada.room!.version + 5 },
    ]) {
      const reply = await ada.request('join', { roomId: 'epochs', displayName: 'Ada', since });
      expect(reply.room).toHaveProperty('snapshot.epoch', ada.room!.epoch);
    }
    await ada.close();
  });

  test('[RESUME3] before it joins again the session has no seat to act from', async () => {
    const ada = await SignalingClient.join(server.url, 'unseated', 'Ada');
    await ada.cut();
    const back = await resume(ada);
    await expect(back.request('createTransport', { direction: 'send' })).rejects.toMatchObject({
      code: 'invalid-state',
    });
    await back.close();
  });

  test('[RESUME4] the same session on another socket replaces the first (4409), with one seat all the time', async () => {
    const ada = await SignalingClient.join(server.url, 'replaced', 'Ada');
    const bob = await SignalingClient.join(server.url, 'replaced', 'Bob');
    const again = await resume(bob);
    expect((await bob.closed).code).toBe(4409);
    await again.join('replaced', 'Bob', bob.room);
    await ada.until('Bob is back', () => connectionOf(ada, bob.peerId) === 'online');
    expect(listEntities(ada.room!, 'peer')).toHaveLength(2);
    expect(ada.roomEvents.some((event) => event.patches.some((patch) => 'delete' in patch))).toBe(false);
    await Promise.all([ada.close(), again.close()]);
  });

  test('[RESUME5] a reload takes its seat back under the same peer id', async () => {
    const ada = await SignalingClient.join(server.url, 'reload', 'Ada');
    const bob = await SignalingClient.join(server.url, 'reload', 'Bob');
    await bob.close(1001);
    const again = await resume(bob);
    expect((await again.join('reload', 'Bob')).peerId).toBe(bob.peerId);
    await ada.until('one Bob', () => connectionOf(ada, bob.peerId) === 'online');
    expect(listEntities(ada.room!, 'peer')).toHaveLength(2);
    await Promise.all([ada.close(), again.close()]);
  });

  test.each([1000, 1001])(
    '[MOD10] a host of guests whose page is reloaded (%i) stays the host',
    async (code) => {
      const room = `host-reload-${code}`;
      const ada = await SignalingClient.join(server.url, room, 'Ada');
      const bob = await SignalingClient.join(server.url, room, 'Bob');
      await ada.close(code);
      await bob.until('Ada is gone', () => connectionOf(bob, ada.peerId) === undefined);
      await expect(bob.request('removePeer', { peerId: ada.peerId })).rejects.toMatchObject({
        code: 'forbidden',
      });
      const again = await resume(ada);
      expect((await again.join(room, 'Ada')).peerId).toBe(ada.peerId);
      expect(hostOf(again)).toBe(ada.peerId);
      await bob.until('Ada is back', () => connectionOf(bob, ada.peerId) === 'online');
      expect(hostOf(bob)).toBe(ada.peerId);
      await again.request('removePeer', { peerId: bob.peerId });
      expect((await bob.closed).code).toBe(4403);
      await again.close();
    },
  );

  test('[MOD10] a host of guests who leaves for good hands over at once', async () => {
    const ada = await SignalingClient.join(server.url, 'host-leaves', 'Ada');
    const bob = await SignalingClient.join(server.url, 'host-leaves', 'Bob');
    await ada.request('leave', {});
    await bob.until('Bob hosts', () => hostOf(bob) === bob.peerId);
    // And gets nothing back by coming again.
    await ada.join('host-leaves', 'Ada');
    expect(hostOf(ada)).toBe(bob.peerId);
    await Promise.all([ada.close(), bob.close()]);
  });

  test('[JOIN4] a session has one seat: not two live ones, and a kept one ends when it goes elsewhere', async () => {
    const ada = await SignalingClient.join(server.url, 'first-room', 'Ada');
    const bob = await SignalingClient.join(server.url, 'first-room', 'Bob');
    await expect(bob.request('join', { roomId: 'second-room', displayName: 'Bob' })).rejects.toMatchObject({
      code: 'invalid-state',
    });
    expect((await bob.request('ping', {})).room?.epoch).toBe(ada.room!.epoch);
    await bob.cut();
    const back = await resume(bob);
    const elsewhere = await back.join('second-room', 'Bob');
    expect(elsewhere.peerId).not.toBe(bob.peerId);
    await ada.until('Bob is gone', () => connectionOf(ada, bob.peerId) === undefined);
    await Promise.all([ada.close(), back.close()]);
  });

  test('[RETRY1] a repeated request gets the first answer, also on the next socket', async () => {
    const ada = await SignalingClient.join(server.url, 'retries', 'Ada');
    const id = ada.newId();
    const first = await ada.request('createTransport', { direction: 'send' }, id);
    expect(await ada.request('createTransport', { direction: 'send' }, id)).toEqual(first);
    await ada.cut();
    const back = await resume(ada);
    await back.join('retries', 'Ada');
    expect(await back.request('createTransport', { direction: 'send' }, id)).toEqual(first);
    await expect(back.request('leave', {}, id)).rejects.toMatchObject({
      code: 'invalid-request',
      details: { path: 'id' },
    });
    await back.close();
  });
});

describe('a worker that dies', () => {
  test('[MEDIA3] everybody there is told, and makes new transports in the same room under the same ids', async () => {
    const mortal = await startTestServer();
    try {
      const ada = await SignalingClient.join(mortal.url, 'worker', 'Ada');
      const bob = await SignalingClient.join(mortal.url, 'worker', 'Bob');
      const before = await ada.request('createTransport', { direction: 'send' });
      await bob.request('createTransport', { direction: 'send' });
      const [worker] = await mortal.running.media.inspect();
      process.kill(worker!.pid, 'SIGKILL');
      await Promise.all(
        [ada, bob].map((client) => client.until('told', () => client.heard('mediaMoved').length > 0)),
      );
      const after = await ada.request('createTransport', { direction: 'send' });
      expect(after.transportId).not.toBe(before.transportId);
      const rtpParameters = opusParameters(1);
      const { transportId } = after;
      const { publicationId } = await ada.request('publish', {
        transportId,
        source: 'mic',
        muted: false,
        rtpParameters,
      });
      await bob.until('Bob sees it', () => getEntity(bob.room!, 'publication', publicationId));
      expect(listEntities(bob.room!, 'peer').map(([id]) => id)).toEqual([ada.peerId, bob.peerId]);
      await Promise.all([ada.close(), bob.close()]);
    } finally {
      await mortal.stop();
    }
  });
});

describe('when the grace time is over', () => {
  test('[RESUME6] the seat ends, and the same session may join anew', async () => {
    const hasty = await startTestServer({ settings: { PARLEY_SESSION_GRACE_MS: '200' } });
    try {
      const ada = await SignalingClient.join(hasty.url, 'grace', 'Ada');
      const bob = await SignalingClient.join(hasty.url, 'grace', 'Bob');
      await bob.cut();
      await ada.until('Bob is gone', () => connectionOf(ada, bob.peerId) === undefined);
      const back = await resume(bob, hasty.url);
      expect((await back.join('grace', 'Bob')).peerId).toBe(bob.peerId);
      await ada.until('Bob is back', () => connectionOf(ada, bob.peerId) === 'online');
      await Promise.all([ada.close(), back.close()]);
    } finally {
      await hasty.stop();
    }
  });

  test('[RESUME7] a session that says hello again but never joins does not hold its seat', async () => {
    const hasty = await startTestServer({ settings: { PARLEY_SESSION_GRACE_MS: '200' } });
    try {
      const ada = await SignalingClient.join(hasty.url, 'idle', 'Ada');
      const bob = await SignalingClient.join(hasty.url, 'idle', 'Bob');
      await bob.cut();
      const back = await resume(bob, hasty.url);
      await ada.until('Bob is gone', () => connectionOf(ada, bob.peerId) === undefined);
      await Promise.all([ada.close(), back.close()]);
    } finally {
      await hasty.stop();
    }
  });
});

describe('a host of guests who does not come back', () => {
  test('[MOD10] is replaced when the grace time is over, each time anew', async () => {
    const hasty = await startTestServer({ settings: { PARLEY_SESSION_GRACE_MS: '1000' } });
    try {
      const bob = await SignalingClient.connect(hasty.url);
      let ada = await SignalingClient.join(hasty.url, 'hats', 'Ada');
      await bob.join('hats', 'Bob');
      // Twice for more than half of the time: the first absence does not count against the second.
      for (let reload = 0; reload < 2; reload += 1) {
        await ada.close();
        await sleep(600);
        expect(hostOf(bob)).toBe(ada.peerId);
        ada = await resume(ada, hasty.url);
        await ada.join('hats', 'Ada');
      }
      await ada.close();
      const closedAtMs = performance.now();
      await bob.until('Bob hosts', () => hostOf(bob) === bob.peerId);
      expect(performance.now() - closedAtMs).toBeGreaterThan(900);
      await bob.close();
    } finally {
      await hasty.stop();
    }
  });

  test('[MOD10] leaves an empty room to whoever comes next', async () => {
    const hasty = await startTestServer({ settings: { PARLEY_SESSION_GRACE_MS: '200' } });
    try {
      const ada = await SignalingClient.join(hasty.url, 'empty-hat', 'Ada');
      await ada.close();
      const bob = await SignalingClient.join(hasty.url, 'empty-hat', 'Bob');
      await bob.until('Bob hosts', () => hostOf(bob) === bob.peerId);
      await bob.close();
    } finally {
      await hasty.stop();
    }
  });
});

describe('a server that is killed and started again', () => {
  test('[RESUME8] the same session, the same peer ids, one call; chat survives', async () => {
    const server = await ServerProcess.start();
    const url = `ws://127.0.0.1:${server.port}/ws`;
    try {
      const ada = await SignalingClient.join(url, 'restart', 'Ada');
      const bob = await SignalingClient.join(url, 'restart', 'Bob');
      await ada.request('chatSend', { messageId: '01890a5d-ac96-774b-bcce-b302099a8057', text: 'before' });
      const call = getEntity(bob.room!, 'room', 'room');
      await server.kill('SIGKILL');
      await Promise.all([ada.closed, bob.closed]);
      await server.spawn();

      const [adaAgain, bobAgain] = await Promise.all([resume(ada, url), resume(bob, url)]);
      expect(adaAgain.hello).toMatchObject({ resumed: true, sessionId: ada.hello!.sessionId });
      expect((await adaAgain.join('restart', 'Ada', ada.room)).peerId).toBe(ada.peerId);
      const reply = await bobAgain.join('restart', 'Bob', bob.room);
      expect(reply).toMatchObject({ peerId: bob.peerId, transportIds: [] });
      expect(reply.room).toHaveProperty('snapshot');
      expect(bobAgain.room!.epoch).not.toBe(bob.room!.epoch);
      expect(getEntity(bobAgain.room!, 'room', 'room')).toMatchObject({
        callId: call?.callId,
        startedAtMs: call?.startedAtMs,
      });
      const { messages } = await bobAgain.request('chatHistory', {});
      expect(messages.map((message) => message.text)).toEqual(['before']);
      await Promise.all([adaAgain.close(), bobAgain.close()]);
    } finally {
      await server.stop();
    }
  });

  test('[MOD9] who was removed stays out, and the host of guests stays the host, whoever is back first', async () => {
    const server = await ServerProcess.start();
    const url = `ws://127.0.0.1:${server.port}/ws`;
    try {
      const ada = await SignalingClient.join(url, 'kept', 'Ada');
      const bob = await SignalingClient.join(url, 'kept', 'Bob');
      const eve = await SignalingClient.join(url, 'kept', 'Eve');
      await ada.request('removePeer', { peerId: eve.peerId });
      await eve.closed;
      // At once after the acknowledgement, and without a chance to write anything down.
      await server.kill('SIGKILL');
      await Promise.all([ada.closed, bob.closed]);
      await server.spawn();

      const eveAgain = await resume(eve, url);
      await expect(eveAgain.join('kept', 'Eve')).rejects.toMatchObject({
        code: 'forbidden',
        details: { reason: 'removed' },
      });
      const bobAgain = await resume(bob, url);
      await bobAgain.join('kept', 'Bob');
      await expect(bobAgain.request('removePeer', { peerId: ada.peerId })).rejects.toMatchObject({
        code: 'forbidden',
      });
      const adaAgain = await resume(ada, url);
      await adaAgain.join('kept', 'Ada');
      await bobAgain.until('Ada is back', () => getEntity(bobAgain.room!, 'peer', ada.peerId));
      expect(getEntity(bobAgain.room!, 'room', 'room')?.hostPeerId).toBe(ada.peerId);
      await adaAgain.request('removePeer', { peerId: bob.peerId });
      expect((await bobAgain.closed).code).toBe(4403);
      await Promise.all([adaAgain.close(), eveAgain.close()]);
    } finally {
      await server.stop();
    }
  });

  test('[MOD9] a host who is not back within the grace time is replaced', async () => {
    const server = await ServerProcess.start({ environment: { PARLEY_SESSION_GRACE_MS: '500' } });
    const url = `ws://127.0.0.1:${server.port}/ws`;
    try {
      const ada = await SignalingClient.join(url, 'hostless', 'Ada');
      const bob = await SignalingClient.join(url, 'hostless', 'Bob');
      await server.kill('SIGKILL');
      await Promise.all([ada.closed, bob.closed]);
      await server.spawn();
      const bobAgain = await resume(bob, url);
      await bobAgain.join('hostless', 'Bob');
      const host = () => getEntity(bobAgain.room!, 'room', 'room')?.hostPeerId;
      await bobAgain.until('Bob hosts', () => host() === bob.peerId);
      const adaAgain = await resume(ada, url);
      await adaAgain.join('hostless', 'Ada');
      expect(host()).toBe(bob.peerId);
      await Promise.all([adaAgain.close(), bobAgain.close()]);
    } finally {
      await server.stop();
    }
  });

  test('[DRAIN1] a graceful stop sends everybody away with 4503 and ends within 5 s', async () => {
    const server = await ServerProcess.start();
    try {
      const ada = await SignalingClient.join(`ws://127.0.0.1:${server.port}/ws`, 'stop', 'Ada');
      const stranger = await SignalingClient.open(`ws://127.0.0.1:${server.port}/ws`);
      const startedAt = performance.now();
      const exitCode = await server.kill('SIGTERM');
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      expect(exitCode).toBe(0);
      expect((await ada.closed).code).toBe(4503);
      expect((await stranger.closed).code).toBe(4503);
    } finally {
      await server.stop();
    }
  });
});
