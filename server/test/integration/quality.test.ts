/**
 * Quality reports and the API that gives the records, on a real server: what may be reported, who may read, what a kill costs.
 */
import { publicationIdOf, type QualityReport } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { opusParameters } from '../support/rtp.ts';
import { SignalingClient } from '../support/SignalingClient.ts';
import { ServerProcess } from '../support/serverProcess.ts';
import { startTestServer, type TestServer } from '../support/startServer.ts';
import { mintToken, testKey } from '../support/tokens.ts';

const apiKeys = `${testKey.key}:${testKey.secret},other:${'o'.repeat(32)}`;
const other = { key: 'other', secret: 'o'.repeat(32) };
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ settings: { PARLEY_API_KEYS: apiKeys, PARLEY_GUESTS: 'on' } });
});
afterAll(() => server.stop());

const member = async (sub: string, roomId: string, url = server.url): Promise<SignalingClient> =>
  SignalingClient.join(url, roomId, sub, { token: await mintToken({ sub }) });

const report = (more: Partial<QualityReport> = {}): QualityReport => ({
  visitId: '00112233445566ff',
  phases: { socketMs: 5, helloMs: 9, seatMs: 20 },
  recvPath: 'udp',
  networkTroubleMs: 0,
  computerTroubleMs: 0,
  publications: [],
  ...more,
});
const picture = (publicationId: string, packets = 10) => ({
  publicationId,
  packets,
  lost: 1,
  layers: [{ height: 180, ms: 2000 }],
});

const apiToken = (options: Parameters<typeof mintToken>[1] = {}, scope = 'quality:read') =>
  mintToken({ scope }, { expiresInS: 300, ...options });

interface Answer {
  readonly status: number;
  readonly body: {
    readonly records: Record<string, unknown>[];
    readonly next?: string;
    readonly error: { readonly code: string; readonly details?: Record<string, unknown> };
  };
}

async function ask(path: string, token?: string, base = server.url): Promise<Answer> {
  const url = base.replace(/^ws/, 'http').replace(/\/ws$/, '') + path;
  const response = await fetch(url, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

/** Asks until there are so many records: they are written in the background. */
async function recordsOf(roomId: string, count: number): Promise<Answer['body']['records']> {
  let records: Answer['body']['records'] = [];
  await expect
    .poll(
      async () => {
        records = (await ask(`/api/rooms/${roomId}/quality`, await apiToken())).body.records;
        return records.length;
      },
      { timeout: 20_000 },
    )
    .toBe(count);
  return records;
}

async function publishMic(client: SignalingClient): Promise<string> {
  const { transportId } = await client.request('createTransport', { direction: 'send' });
  const rtpParameters = opusParameters(1234);
  const published = { transportId, source: 'mic', muted: false, rtpParameters } as const;
  return (await client.request('publish', published)).publicationId;
}

describe('reports', () => {
  test('[QUALITY1] [QUALITY3] become records of the participant and of each publication, the newest numbers counting', async () => {
    const [ada, ben] = [await member('ada', 'records'), await member('ben', 'records')];
    const mic = await publishMic(ben);
    await ada.request('reportQuality', report({ publications: [picture(mic, 10)] }));
    await ada.request('reportQuality', report({ rttMs: 40, publications: [picture(mic, 25)] }));
    await ben.request(
      'reportQuality',
      report({ publications: [{ publicationId: mic, packets: 50, layers: [] }] }),
    );
    const records = await recordsOf('records', 4);
    const common = {
      visitId: '00112233445566ff',
      callId: expect.any(String),
      updatedAtMs: expect.any(Number),
    };
    const adas = { ...common, peerId: ada.peerId, userId: 'ada' };
    expect(records).toContainEqual({
      ...adas,
      phases: { socketMs: 5, helloMs: 9, seatMs: 20 },
      recvPath: 'udp',
      rttMs: 40,
      networkTroubleMs: 0,
      computerTroubleMs: 0,
    });
    expect(records).toContainEqual({ ...adas, direction: 'received', ...picture(mic, 25) });
    expect(records).toContainEqual(
      expect.objectContaining({ peerId: ben.peerId, direction: 'sent', packets: 50 }),
    );
    await Promise.all([ada.close(), ben.close()]);
  });

  test('[QUALITY2] of publications that the seat never saw are skipped; one that ended is still reported', async () => {
    const [ada, ben, far] = [
      await member('ada', 'foreign'),
      await member('ben', 'foreign'),
      await member('far', 'elsewhere'),
    ];
    const mic = await publishMic(ben);
    const foreign = await publishMic(far);
    const never = publicationIdOf(ben.peerId, 'camera');
    const publications = [picture(mic), picture(foreign), picture(never)];
    await ada.request('reportQuality', report({ publications }));
    await ben.request('unpublish', { source: 'mic' });
    await ada.request('reportQuality', report({ publications: [picture(mic, 99)] }));
    const records = await recordsOf('foreign', 2);
    expect(records).toContainEqual(expect.objectContaining({ publicationId: mic, packets: 99 }));
    expect(JSON.stringify(records)).not.toContain(far.peerId);
    await Promise.all([ada.close(), ben.close(), far.close()]);
  });

  test('[QUALITY4] of guests leave no record, and their trouble is told all the same', async () => {
    const ada = await SignalingClient.join(server.url, 'guests', 'Ada');
    const ben = await SignalingClient.join(server.url, 'guests', 'Ben');
    await ada.request('reportQuality', report({ trouble: 'your-network' }));
    const told = { peerId: ada.peerId, trouble: 'network' };
    await ben.until('the trouble', () =>
      ben.heard('peerTrouble').some((heard) => heard.peerId === told.peerId),
    );
    await ada.request('reportQuality', report({ trouble: 'your-network' }));
    await ada.request('reportQuality', report({ trouble: 'your-computer' }));
    await ben.until('its end', () => ben.heard('peerTrouble').length > 1);
    expect(ben.heard('peerTrouble')).toEqual([told, { peerId: ada.peerId, trouble: 'none' }]);
    await Promise.all([ada.close(), ben.close()]);
  });

  test('[QUALITY1] beyond what the schema allows, without a seat, or too often are refused, and nobody else notices', async () => {
    const [ada, ben] = [await member('ada', 'hostile'), await member('ben', 'hostile')];
    const stranger = await SignalingClient.connect(server.url, { token: await mintToken({ sub: 'eve' }) });
    await expect(stranger.request('reportQuality', report())).rejects.toMatchObject({
      code: 'invalid-state',
    });
    for (const wrong of [
      report({ visitId: 'x'.repeat(16) }),
      report({ networkTroubleMs: -1 }),
      report({ rttMs: Number.MAX_VALUE }),
      report({ publications: Array.from({ length: 33 }, () => picture('a.mic')) }),
      report({ publications: [{ ...picture('a.mic'), packets: 1.5 }] }),
    ]) {
      await expect(ada.request('reportQuality', wrong)).rejects.toMatchObject({ code: 'invalid-request' });
    }
    const outcomes = await Promise.allSettled(
      Array.from({ length: 60 }, (_, index) =>
        ada.request('reportQuality', report({ visitId: index.toString(16).padStart(16, '0') })),
      ),
    );
    const codes = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'ok' : outcome.reason.code));
    expect(codes.filter((code) => code === 'rate-limited').length).toBeGreaterThan(45);
    await ben.request('reportQuality', report());
    const records = await recordsOf('hostile', codes.filter((code) => code === 'ok').length + 1);
    expect(records.filter(({ peerId }) => peerId === ben.peerId)).toHaveLength(1);
    await Promise.all([ada.close(), ben.close(), stranger.close()]);
  });
});

describe('the API', () => {
  test('[QUALITY5] wants a short-lived token for this, signed by a key', async () => {
    const path = '/api/rooms/records/quality';
    const refusals: [string | undefined, number, string][] = [
      [undefined, 401, 'unauthenticated'],
      ['nonsense', 401, 'unauthenticated'],
      ['x'.repeat(9000), 401, 'unauthenticated'],
      [await apiToken({ secret: 's'.repeat(32) }), 401, 'unauthenticated'],
      [await apiToken({ key: 'nobody' }), 401, 'unauthenticated'],
      [await apiToken({ expiresInS: -60 }), 401, 'unauthenticated'],
      [await apiToken({ expiresInS: 0 }), 401, 'unauthenticated'],
      [await apiToken({ expiresInS: 86_400 }), 401, 'unauthenticated'],
      [await apiToken({}, 'quality:write'), 403, 'forbidden'],
      // What people in calls hold, even hosts.
      [await mintToken({ sub: 'ada', role: 'host', grants: { moderate: true } }), 403, 'forbidden'],
    ];
    for (const [token, status, code] of refusals) {
      const answer = await ask(path, token);
      expect([answer.status, answer.body.error.code], `${token}`).toEqual([status, code]);
      expect(JSON.stringify(answer.body)).not.toContain('records":');
    }
    expect((await ask(path, await apiToken({}, 'other:thing quality:read'))).status).toBe(200);
  });

  test('[QUALITY6] shows a tenant its own rooms only: others are as empty as those that never were', async () => {
    const ada = await member('ada', 'tenants');
    await ada.request('reportQuality', report());
    await recordsOf('tenants', 1);
    const token = await apiToken(other);
    for (const roomId of ['tenants', 'never-was']) {
      expect(await ask(`/api/rooms/${roomId}/quality`, token)).toEqual({
        status: 200,
        body: { records: [] },
      });
    }
    await ada.close();
  });

  test('[QUALITY7] gives pages, by call and peer, and refuses absurd ones', async () => {
    const people = await Promise.all(Array.from({ length: 7 }, (_, index) => member(`u${index}`, 'pages')));
    for (const person of people) await person.request('reportQuality', report());
    const all = await recordsOf('pages', 7);
    const token = await apiToken();
    const seen: unknown[] = [];
    for (let next = ''; ; ) {
      const { body } = await ask(`/api/rooms/pages/quality?limit=3${next && `&after=${next}`}`, token);
      expect(body.records.length).toBeLessThanOrEqual(3);
      seen.push(...body.records);
      if (body.next === undefined) break;
      next = body.next;
    }
    expect(seen).toEqual(all);
    const [one] = all;
    const { body } = await ask(`/api/rooms/pages/quality?peerId=${one?.peerId}&callId=${one?.callId}`, token);
    expect(body.records).toEqual([one]);
    for (const query of [
      'limit=0',
      'limit=-1',
      'limit=501',
      'limit=1e3',
      'limit=3&limit=4',
      'after=x',
      `after=${Buffer.from('["a","b"]').toString('base64url')}`,
      `after=${'A'.repeat(2000)}`,
      'callId=%00',
      'peerId=a%27%20OR%201',
      'offset=5',
    ]) {
      const answer = await ask(`/api/rooms/pages/quality?${query}`, token);
      expect([answer.status, answer.body.error.code], query).toEqual([400, 'invalid-request']);
    }
    expect((await ask('/api/rooms/a%20b/quality', token)).status).toBe(404);
    await Promise.all(people.map((person) => person.close()));
  });
});

test('[QUALITY3] a killed process loses the last seconds only', async () => {
  const lasting = await ServerProcess.start({
    environment: { PARLEY_API_KEYS: apiKeys, PARLEY_MEDIA_WORKERS: '1' },
  });
  const path = '/api/rooms/killed/quality';
  const rows = async () => (await ask(path, await apiToken(), lasting.url)).body.records;
  try {
    const ada = await member('ada', 'killed', `${lasting.url.replace('http', 'ws')}/ws`);
    await ada.request('reportQuality', report({ rttMs: 7 }));
    await expect.poll(async () => (await rows()).length, { timeout: 20_000 }).toBe(1);
    await lasting.kill('SIGKILL');
    await lasting.spawn();
    expect(await rows()).toEqual([expect.objectContaining({ userId: 'ada', rttMs: 7 })]);
    await ada.cut();
  } finally {
    await lasting.stop();
  }
});
