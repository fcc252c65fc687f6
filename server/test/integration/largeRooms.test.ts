/**
 * Rooms that are large: events in batches, viewers as a number, and floods that cost the others no more than their share.
 */
import { listEntities } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { opusParameters } from '../support/rtp.ts';
import { SignalingClient } from '../support/SignalingClient.ts';
import { startTestServer, type TestServer } from '../support/startServer.ts';
import { mintToken, testKey } from '../support/tokens.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    settings: {
      PARLEY_API_KEYS: `${testKey.key}:${testKey.secret}`,
      PARLEY_MAX_SEATS: '40',
      PARLEY_MAX_VIEWERS: '60',
    },
  });
});
afterAll(() => server.stop());

async function member(sub: string, roomId: string, role: 'host' | 'speaker' | 'viewer' = 'speaker') {
  const token = await mintToken({ sub, role });
  return SignalingClient.join(server.url, roomId, sub, { token });
}
const members = (count: number, prefix: string, roomId: string, role?: 'viewer') =>
  Promise.all(Array.from({ length: count }, (_, index) => member(`${prefix}${index}`, roomId, role)));
const closeAll = (clients: readonly SignalingClient[]) =>
  Promise.all(clients.map((client) => client.close()));
const names = (client: SignalingClient) => listEntities(client.room!, 'peer').map(([id]) => id);

describe('batches', () => {
  // SignalingClient throws at a hole, so that its room is the log's.
  test('[BATCH1] a storm of joins reaches everybody whole, in fewer messages than events', async () => {
    const [first] = await members(1, 'first', 'storm');
    const others = await members(39, 'p', 'storm');
    const all = [first!, ...others];
    for (const client of all) await client.until('all 40', () => names(client).length === 40);
    for (const client of all) expect(names(client).sort()).toEqual(all.map(({ peerId }) => peerId).sort());
    expect(first!.roomEvents.length).toBe(39);
    await expect(member('one-more', 'storm')).rejects.toMatchObject({ code: 'capacity' });
    await closeAll(all);
  });

  test('[BATCH2] a change is heard by who made it before the reply, in a large room too', async () => {
    const all = await members(20, 'p', 'own-changes');
    const [ada] = all as [SignalingClient];
    for (const client of all) await client.until('all 20', () => names(client).length === 20);
    const others = members(10, 'q', 'own-changes');
    const { transportId } = await ada.request('createTransport', { direction: 'send' });

    for (let round = 0; round < 5; round += 1) {
      const { generation } = await ada.request('publish', {
        transportId,
        source: 'mic',
        muted: false,
        rtpParameters: opusParameters(1000 + round),
      });
      expect(listEntities(ada.room!, 'publication')).toMatchObject([[`${ada.peerId}.mic`, { generation }]]);
    }
    await closeAll([...all, ...(await others)]);
  });

  test('[PING1] a heartbeat never names what is still on its way', async () => {
    const all = await members(30, 'p', 'heartbeats');
    const [ada] = all as [SignalingClient];
    const others = members(10, 'q', 'heartbeats');
    for (let round = 0; round < 30; round += 1) {
      const { room } = await ada.request('ping', {});
      expect(ada.room!.version).toBeGreaterThanOrEqual(room!.version);
    }
    await closeAll([...all, ...(await others)]);
  });

  test('[HOSTILE1] who joins again and again under new names costs the others messages by time only', async () => {
    const all = await members(20, 'p', 'flood');
    const [ada, hostile] = all as [SignalingClient, SignalingClient];
    await ada.until('all 20', () => names(ada).length === 20);
    const token = await mintToken({ sub: 'nameless', name: undefined });
    const flooding = await SignalingClient.join(server.url, 'flood', 'n', { token });
    const heardBefore = ada.heard('roomEvents').length;
    const beganMs = performance.now();
    const joins = Array.from({ length: 150 }, (_, index) => flooding.join('flood', `name ${index}`));
    await Promise.allSettled(joins);
    await ada.until('the last name', () =>
      listEntities(ada.room!, 'peer').some(([, { displayName }]) => displayName === 'name 149'),
    );
    // 21 members: at most one message every 4 ms, and one at the beginning.
    const messages = ada.heard('roomEvents').length - heardBefore;
    expect(messages).toBeLessThanOrEqual(Math.ceil((performance.now() - beganMs) / 4) + 1);
    expect(hostile.socket.readyState).toBe(hostile.socket.OPEN);
    await closeAll([...all, flooding]);
  });
});

describe('viewers', () => {
  test('[VIEWER1] [VIEWER2] are a number to everybody, themselves too, and can be neither seen nor found', async () => {
    const host = await member('host', 'show', 'host');
    const speaker = await member('speaker', 'show');
    const viewers = await members(50, 'v', 'show', 'viewer');
    const [viewer] = viewers as [SignalingClient];
    for (const client of [host, speaker, ...viewers]) {
      await client.until('50 viewers', () => client.viewers === 50);
      expect(names(client).sort()).toEqual([host.peerId, speaker.peerId].sort());
      expect(JSON.stringify(client.notifications)).not.toContain(viewer.peerId);
    }
    expect(host.heard('roomEvents').length).toBeLessThan(50);

    // Named by who may not, a viewer is like everybody else; by a host, like nobody.
    await expect(speaker.request('removePeer', { peerId: viewer.peerId })).rejects.toMatchObject({
      code: 'forbidden',
    });
    const refusals = await Promise.all(
      [viewer.peerId, 'p_nobody'].map((peerId) =>
        host.request('moderatorMute', { peerId, source: 'mic' }).catch((error: unknown) => String(error)),
      ),
    );
    expect(refusals[0]).toBe(refusals[1]);
    await closeAll([host, speaker, ...viewers]);
  });

  test('[VIEWER1] a viewer keeps the seat over a broken connection and hears what was missed', async () => {
    const host = await member('host', 'resume-viewer', 'host');
    const viewer = await member('v', 'resume-viewer', 'viewer');
    const { resumeToken } = viewer.hello!;
    await viewer.cut();
    const speaker = await member('s', 'resume-viewer');
    const again = await SignalingClient.connect(server.url, { resumeToken });
    const reply = await again.join('resume-viewer', 'v', viewer.room);
    expect(reply).toMatchObject({ peerId: viewer.peerId, room: { viewers: 1 } });
    expect(reply.room).toHaveProperty('events');
    expect(names(again).sort()).toEqual([host.peerId, speaker.peerId].sort());
    await closeAll([again, speaker]);
    await host.until('nobody watches', () => host.viewers === 0);
    await host.close();
  });

  test('[VIEWER3] a host removes a viewer whose name they were told; the others see a number go down', async () => {
    const host = await member('host', 'removed-viewer', 'host');
    const [viewer, other] = (await members(2, 'v', 'removed-viewer', 'viewer')) as [
      SignalingClient,
      SignalingClient,
    ];
    await host.request('removePeer', { peerId: viewer.peerId });
    expect((await viewer.closed).code).toBe(4403);
    expect(viewer.heard('removed')).toHaveLength(1);
    await other.until('one viewer', () => other.viewers === 1);
    await expect(member('v0', 'removed-viewer', 'viewer')).rejects.toMatchObject({ code: 'forbidden' });
    await closeAll([host, other]);
  });

  test('[VIEWER4] fill no seats, and are full at a limit of their own', async () => {
    const viewers = await members(60, 'v', 'full', 'viewer');
    await expect(member('one-more', 'full', 'viewer')).rejects.toMatchObject({ code: 'capacity' });
    const speaker = await member('speaker', 'full');
    await closeAll([...viewers, speaker]);
  });
});
