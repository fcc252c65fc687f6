/**
 * Which codecs a room's pictures come in: the order that its call began with, less what somebody in it cannot receive.
 */
import { getEntity, type RtpCapabilities } from '@parley/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { routerRtpCapabilities } from '../../src/media/routerOptions.ts';
import { SignalingClient } from '../support/SignalingClient.ts';
import { startTestServer, type TestServer } from '../support/startServer.ts';
import { mintToken, testKey } from '../support/tokens.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({
    settings: {
      PARLEY_VIDEO_CODECS: 'av1,vp9,h264',
      PARLEY_API_KEYS: `${testKey.key}:${testKey.secret}`,
      PARLEY_GUESTS: 'on',
    },
  });
});
afterAll(() => server.stop());

const codecsSeenBy = (client: SignalingClient) =>
  client.room && getEntity(client.room, 'room', 'room')?.videoCodecs;

const knowing = (...mimeTypes: string[]): RtpCapabilities => {
  const { codecs = [], headerExtensions = [] } = routerRtpCapabilities();
  const wanted = ['audio/opus', 'video/rtx', ...mimeTypes];
  return { headerExtensions, codecs: codecs.filter(({ mimeType }) => wanted.includes(mimeType)) };
};

test('[CODEC1] a call begins with the order of the deployment, or of the first token', async () => {
  const guest = await SignalingClient.join(server.url, 'by-setting', 'Ada');
  expect(codecsSeenBy(guest)).toEqual(['av1', 'vp9', 'h264']);
  const tokens = await Promise.all([
    mintToken({ sub: 'ada', videoCodecs: ['h264', 'vp8'] }),
    mintToken({ sub: 'ben', videoCodecs: ['vp9'] }),
  ]);
  const clients: SignalingClient[] = [];
  for (const token of tokens)
    clients.push(await SignalingClient.join(server.url, 'by-token', 'x', { token }));
  expect(clients.map(codecsSeenBy)).toEqual([
    ['h264', 'vp8'],
    ['h264', 'vp8'],
  ]);
  await Promise.all([guest, ...clients].map((client) => client.close()));
});

test('[CODEC2] a device that cannot receive a codec takes it out for everybody, until the call ends', async () => {
  const ada = await SignalingClient.join(server.url, 'exceptions', 'Ada');
  const able = routerRtpCapabilities();
  await ada.request('createTransport', { direction: 'recv', rtpCapabilities: able });
  expect(ada.roomEvents, 'who can receive everything changes nothing').toHaveLength(0);

  const ben = await SignalingClient.join(server.url, 'exceptions', 'Ben');
  const old = knowing('video/VP8', 'video/H264');
  const { transportId } = await ben.request('createTransport', { direction: 'recv', rtpCapabilities: old });
  await ada.until('AV1 and VP9 are out', (client) => codecsSeenBy(client)?.length === 1);
  expect(codecsSeenBy(ada)).toEqual(['h264']);
  expect(codecsSeenBy(ben)).toEqual(['h264']);

  const cem = await SignalingClient.join(server.url, 'exceptions', 'Cem');
  await cem.request('createTransport', { direction: 'recv', rtpCapabilities: knowing('video/VP8') });
  await ada.until('H264 is out too', (client) => codecsSeenBy(client)?.length === 0);
  // Making it again, and leaving, change nothing more.
  const { version } = ada.room!;
  await ben.request('createTransport', { direction: 'recv', rtpCapabilities: old });
  await ben.request('ping', {});
  expect(ada.room!.version).toBe(version);
  expect(transportId).toBeTruthy();
  await Promise.all([ben.close(), cem.close()]);
  await ada.until('both are gone', ({ room }) => room && room.tables.get('peer')?.size === 1);
  expect(codecsSeenBy(ada)).toEqual([]);
  await ada.close();
});
