/**
 * Small versions of each scenario against a real server: everything arrives, and the report says so.
 */
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ServerProcess } from '../../server/test/support/serverProcess.ts';
import { testKey } from '../../server/test/support/tokens.ts';
import { reported } from './support/loadtest.ts';

let server: ServerProcess;
const here = () => ['--url', server.url];

beforeAll(async () => {
  server = await ServerProcess.start({
    environment: {
      PARLEY_MEDIA_WORKERS: '1',
      PARLEY_LOG_LEVEL: 'warn',
      // Bots know VP8 alone, whatever a room prefers.
      PARLEY_VIDEO_CODECS: 'av1,vp9,h264',
      // The ramp's room is full at a hundred.
      PARLEY_MAX_SEATS: '100',
    },
  });
});
afterAll(() => server.stop());

test('media: everybody gets every track', async () => {
  const html = join(tmpdir(), `parley-loadtest-${process.pid}.html`);
  const { code, stdout, report } = await reported(
    ...['media', ...here(), '--publishers', '2', '--subscribers', '2', '--join-over', '1', '--duration', '2'],
    ...['--assert', 'tracksPercent==100', '--assert', 'lossPercent<1', '--html', html],
  );
  expect(stdout).toMatch(/\n {2}tracks received \/ expected\s+12 \/ 12 \(100 %\)\n/);
  expect(report.figures).toMatchObject({
    tracksReceived: 12,
    tracksExpected: 12,
    joinsDone: 4,
    joinsFailed: 0,
  });
  expect(report.tracks).toMatchObject({ audio: { tracks: 6 }, video: { tracks: 6 } });
  expect(report.latencies.firstFrame?.count).toBe(4);
  expect(report.figures.receivedPacketsPerS).toBeGreaterThan(100);
  const peak = Math.max(...report.series.map(({ receivedPacketsPerS }) => receivedPacketsPerS));
  expect(peak).toBeLessThan(5 * (report.figures.receivedPacketsPerS ?? 0));
  expect(report.targets[0]?.processes.map(({ name }) => name)).toEqual(['server', 'media worker']);
  expect(code).toBe(0);
  expect(await readFile(html, 'utf8')).toContain('12 / 12 (100 %)');
  await rm(html);
});

test('join: each phase of a storm has its time, with media and without', async () => {
  const storm = ['join', ...here(), '--rooms', '2', '--duration', '1'];
  const [withMedia, without] = [
    await reported(...storm, '--subscribers', '4', '--within', '1'),
    await reported(...storm, '--publishers', '0', '--subscribers', '40', '--within', '1', '--without-media'),
  ];
  expect(withMedia.report.figures).toMatchObject({ joinsDone: 8, tracksReceived: 16, tracksExpected: 16 });
  const { connect, welcome, join, media, firstFrame } = withMedia.report.latencies;
  const medians = [connect, welcome, join, media, firstFrame].map((phase) => phase?.p50Ms ?? 0);
  expect(medians).toEqual(medians.toSorted((a, b) => a - b));
  expect(without.report.figures).toMatchObject({ joinsDone: 80, joinsFailed: 0 });
  expect(without.report.latencies.join?.count).toBe(80);
  expect(without.report.latencies.media).toBeUndefined();
});

test('chat: the logs of all agree, and everybody got everything', async () => {
  const { code, report } = await reported(
    ...['chat', ...here(), '--rooms', '3', '--publishers', '2', '--subscribers', '2'],
    ...['--rate', '8', '--duration', '2', '--processes', '2', '--assert', 'chatLost==0'],
  );
  // 3 rooms, 2 writers, 16 messages each; 4 readers.
  expect(report.figures).toMatchObject({
    ...{ chatSent: 96, chatStored: 96, chatExpected: 384, chatDelivered: 384, chatLost: 0 },
    ...{ chatDuplicated: 0, chatDisordered: 0, chatContradicted: 0, chatAltered: 0, chatRefused: 0 },
  });
  expect(report.latencies.chatDelivery?.count).toBe(384);
  expect(report.faults).toEqual([]);
  expect(code).toBe(0);
});

test('chat: what a server refuses is counted as refused, and owed to nobody', async () => {
  const { report } = await reported(
    ...['chat', ...here(), '--rooms', '1', '--publishers', '1', '--subscribers', '1'],
    ...['--rate', '80', '--duration', '1'],
  );
  const { chatSent, chatStored, chatRefused, chatLost } = report.figures;
  expect(chatSent).toBe(80);
  expect(chatRefused).toBeGreaterThan(20);
  expect((chatStored ?? 0) + (chatRefused ?? 0)).toBe(80);
  expect(chatLost).toBe(0);
  expect(report.failures[0]).toMatchObject({ what: 'write', code: 'rate-limited' });
});

test('sockets: all hold, with tokens and from several addresses, and their memory is known', async () => {
  const [{ key, secret }, environment] = [testKey, { PARLEY_API_KEYS: `${testKey.key}:${testKey.secret}` }];
  const withKeys = await ServerProcess.start({ environment });
  try {
    const { code, report } = await reported(
      ...['sockets', '--url', withKeys.url, '--url', withKeys.url, '--token-key', `${key}:${secret}`],
      ...['--sockets', '1100', '--connect-rate', '1000', '--duration', '1', '--assert', 'socketsHeld==1100'],
    );
    expect(report.figures).toMatchObject({ socketsHeld: 1100, socketsAsked: 1100, socketDrops: 0 });
    expect(report.figures.serverBytesPerSocket).toBeGreaterThan(1000);
    expect(JSON.stringify(report)).not.toContain(secret);
    expect(code).toBe(0);
  } finally {
    await withKeys.stop();
  }
});

test('reconnect: all come back, each to its own seat', async () => {
  const { report } = await reported(
    ...['reconnect', ...here(), '--rooms', '3', '--subscribers', '10', '--times', '2', '--duration', '0.5'],
  );
  expect(report.figures).toMatchObject({ reconnectsAsked: 60, reconnectsDone: 60, reconnectsResumed: 60 });
  expect(report.figures.reconnectAllMs).toBeLessThan(10_000);
});

test('soak: people leave and come, and the tracks are complete at the end', async () => {
  const { report } = await reported(
    ...['soak', ...here(), '--rooms', '1', '--publishers', '2', '--subscribers', '2'],
    ...['--stay', '2', '--duration', '2', '--seed', '3'],
  );
  expect(report.figures.leaves).toBeGreaterThan(0);
  expect(report.figures).toMatchObject({ tracksPercent: 100, joinsFailed: 0 });
});

test('a ramp finds the knee and what gave way: here a room that is full', async () => {
  const { stdout, report } = await reported(
    ...['join', ...here(), '--rooms', '1', '--publishers', '0', '--subscribers', '80', '--without-media'],
    ...['--within', '0.2', '--duration', '0.1', '--ramp', 'subscribers', '--assert', 'knee==100'],
  );
  expect(report.ramp).toMatchObject({ unit: 'subscribers', knee: 100 });
  expect(report.ramp?.steps.map(({ load, good }) => [load, good])).toEqual([
    ...[
      [80, true],
      [160, false],
      [120, false],
      [100, true],
      [110, false],
    ],
  ]);
  expect(report.ramp?.gaveWay[0]).toContain('capacity');
  expect(stdout).toContain('The knee: 100 subscribers.');
});
