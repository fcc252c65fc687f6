/**
 * Views, hints and what clients are told of them, over real sockets; and whoever uses them to do harm.
 */
import {
  type NotificationData,
  publicationIdOf,
  type Source,
  type ViewedPublication,
} from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { opusParameters, simulcastParameters } from '../support/rtp.ts';
import { SignalingClient } from '../support/SignalingClient.ts';
import { startTestServer, type TestServer } from '../support/startServer.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const join = (roomId: string, name: string) => SignalingClient.join(server.url, roomId, name);

/** Publishes without ever sending: enough for everything but media itself. */
async function publish(client: SignalingClient, source: Source, ssrc: number): Promise<string> {
  const { transportId } = await client.request('createTransport', { direction: 'send' });
  const rtpParameters = source === 'mic' ? opusParameters(ssrc) : simulcastParameters(ssrc);
  await client.request('publish', { transportId, source, muted: false, rtpParameters });
  return publicationIdOf(client.peerId, source);
}

async function subscribe(client: SignalingClient, roomId: string, publicationId: string): Promise<void> {
  const { rtpCapabilities } = await client.join(roomId, 'again', client.room);
  const { transportId } = await client.request('createTransport', { direction: 'recv', rtpCapabilities });
  const { consumers } = await client.request('subscribe', { transportId, publicationIds: [publicationId] });
  expect(consumers).toHaveLength(1);
}

const shown = (publicationId: string, height = 180): ViewedPublication => ({
  publicationId,
  width: 320,
  height,
  visible: true,
  priority: 'normal',
});

const lastWanted = (client: SignalingClient): string | undefined =>
  client.heard('encodingsWanted').at(-1)?.active.map(Number).join('');

describe('what clients are told', () => {
  test('[AUDIO5] the pool, when it changes and after each join', async () => {
    const ada = await join('pool', 'Ada');
    await ada.until('an empty pool', () => ada.heard('audioPool').at(-1)?.publicationIds.length === 0);
    const mic = await publish(ada, 'mic', 11);
    const hasMic = ({ publicationIds }: NotificationData<'audioPool'>) => publicationIds.includes(mic);
    await ada.until('the own microphone', () => ada.heard('audioPool').some(hasMic));
    const bob = await join('pool', 'Bob');
    await bob.until("Ada's microphone", () => bob.heard('audioPool').some(hasMic));
    await ada.request('unpublish', { source: 'mic' });
    await bob.until('nothing', () => bob.heard('audioPool').at(-1)?.publicationIds.length === 0);
    await Promise.all([ada.close(), bob.close()]);
  });

  test('[DEMAND1] [DEMAND2] the publisher alone hears what is watched, when it changes and after each join', async () => {
    const [ada, bob] = [await join('demand', 'Ada'), await join('demand', 'Bob')];
    const camera = await publish(ada, 'camera', 21);
    await ada.until('nobody watches', () => lastWanted(ada) === '000');
    await bob.request('setView', { publications: [shown(camera)] });
    await subscribe(bob, 'demand', camera);
    await ada.until('somebody watches a small one', () => lastWanted(ada) === '100');
    const before = ada.heard('encodingsWanted').length;
    await ada.join('demand', 'Ada', ada.room);
    await ada.until('told again', () => ada.heard('encodingsWanted').length === before + 1);
    expect(ada.heard('encodingsWanted').at(-1)).toMatchObject({
      source: 'camera',
      active: [true, false, false],
    });
    await bob.request('setView', { publications: [shown(camera, 720)] });
    await ada.until('a large one', () => lastWanted(ada) === '111');
    await bob.close();
    await ada.until('nobody again', () => lastWanted(ada) === '000');
    expect(bob.heard('encodingsWanted')).toEqual([]);
    await ada.close();
  });

  test('[AUDIO4] a hint needs an open microphone', async () => {
    const ada = await join('hint', 'Ada');
    const noMicrophone = { code: 'invalid-state' };
    await expect(ada.request('speechBegins', {})).rejects.toMatchObject(noMicrophone);
    await publish(ada, 'mic', 31);
    await ada.request('speechBegins', {});
    await ada.request('setMuted', { source: 'mic', muted: true });
    await expect(ada.request('speechBegins', {})).rejects.toMatchObject(noMicrophone);
    await ada.close();
  });
});

describe('who means harm', () => {
  test('[VIEW7] own, foreign, closed and invented publications are named, and nobody else is touched', async () => {
    const [ada, bob, eve] = [
      await join('harm', 'Ada'),
      await join('harm', 'Bob'),
      await join('other', 'Eve'),
    ];
    const camera = await publish(ada, 'camera', 41);
    const foreign = await publish(eve, 'camera', 42);
    const own = await publish(bob, 'camera', 43);
    await bob.request('unpublish', { source: 'camera' });
    const closed = own;
    const bobsMic = await publish(bob, 'mic', 44);
    await ada.until('nobody watches', () => lastWanted(ada) === '000');
    await subscribe(bob, 'harm', camera);
    await ada.until('Bob watches all', () => lastWanted(ada) === '111');
    const ids = [camera, foreign, closed, bobsMic, 'constructor', '__proto__'];
    const { unknown } = await bob.request('setView', { publications: ids.map((id) => shown(id, 8192)) });
    expect(unknown).toEqual([foreign, closed, bobsMic, 'constructor', '__proto__']);
    expect(eve.heard('encodingsWanted').some(({ active }) => active.join() === 'true,true,true')).toBe(false);
    // The same one as often as fits: the last word about it holds.
    const many = Array.from({ length: 160 }, (_, n) => ({ ...shown(camera), visible: n === 0 }));
    expect(await bob.request('setView', { publications: many })).toEqual({ unknown: [] });
    await ada.until('nobody watches any more', () => lastWanted(ada) === '000');
    await Promise.all([ada.close(), bob.close(), eve.close()]);
  });

  test.each([
    [{ width: -1 }, 'data.publications.0.width'],
    [{ height: 8193 }, 'data.publications.0.height'],
    [{ height: 1e308 }, 'data.publications.0.height'],
    [{ width: 1.5 }, 'data.publications.0.width'],
    [{ visible: 'yes' }, 'data.publications.0.visible'],
    [{ priority: 'highest' }, 'data.publications.0.priority'],
    [{ publicationId: '' }, 'data.publications.0.publicationId'],
  ])('[FRAME1] a view with %j is refused with the path', async (wrong, path) => {
    const client = await join('absurd', 'Ada');
    const data = { publications: [{ ...shown('p'), ...wrong }] };
    const answer = await client.raw(JSON.stringify({ id: 'v', name: 'setView', data }), 'v');
    expect(answer).toMatchObject({ error: { code: 'invalid-request', details: { path } } });
    await client.close();
  });

  test('[FRAME1] more than 160 are refused; before a join nothing is seen or said', async () => {
    const client = await SignalingClient.connect(server.url);
    const publications = Array.from({ length: 161 }, (_, n) => shown(`p${n}`));
    const early = { code: 'invalid-state' };
    await expect(client.request('setView', { publications: [] })).rejects.toMatchObject(early);
    await expect(client.request('speechBegins', {})).rejects.toMatchObject(early);
    await client.join('many', 'Ada');
    await expect(client.request('setView', { publications })).rejects.toMatchObject({
      code: 'invalid-request',
      details: { path: 'data.publications' },
    });
    await client.close();
  });

  test('[LIMIT4] a flood of views or hints is rate-limited, the others notice nothing', async () => {
    const [ada, eve] = [await join('flood', 'Ada'), await join('flood', 'Eve')];
    const camera = await publish(ada, 'camera', 51);
    await publish(eve, 'mic', 52);
    await subscribe(eve, 'flood', camera);
    const views = Array.from({ length: 100 }, (_, n) =>
      eve.request('setView', { publications: n % 2 ? [shown(camera, n * 8)] : [] }),
    );
    const hints = Array.from({ length: 50 }, () => eve.request('speechBegins', {}));
    const [pinged, ...outcomes] = await Promise.allSettled([ada.request('ping', {}), ...views, ...hints]);
    expect(pinged).toMatchObject({ status: 'fulfilled' });
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.length).toBeGreaterThan(50);
    for (const outcome of refused) {
      expect(outcome).toMatchObject({
        reason: { code: 'rate-limited', details: { retryAfterMs: expect.any(Number) } },
      });
    }
    // The publisher hears of it a handful of times.
    expect(ada.heard('encodingsWanted').length).toBeLessThan(10);
    expect(await eve.request('ping', {})).toHaveProperty('serverTimeMs');
    await Promise.all([ada.close(), eve.close()]);
  });
});
