/**
 * Owns the tests of what is measured when and what a report says, on stats that the test makes.
 */
import { QualityReport } from '@parley/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { chromiumLayer, chromiumPath, chromiumPicture, statsReport } from '../testing/statsFixtures.ts';
import { QualityMeter } from './QualityMeter.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  let recv = statsReport(...chromiumPath({}));
  let send = statsReport(...chromiumPath({ protocol: 'tcp' }));
  const events = { qualityChanged: vi.fn(), troublesMeasured: vi.fn(), reportDue: vi.fn() };
  const meter = new QualityMeter(
    {
      getStats: async () => ({ send, recv }),
      publicationOf: (direction, { ssrc }) => (direction === 'sent' ? 'ada.camera' : `ben.${ssrc}`),
    },
    events,
  );
  const receive = (...entries: Parameters<typeof statsReport>) => {
    recv = statsReport(...chromiumPath({}), ...entries);
  };
  const give = (...entries: Parameters<typeof statsReport>) => {
    send = statsReport(...chromiumPath({ protocol: 'tcp' }), ...entries);
  };
  return { meter, events, receive, give, pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
}

test('a report sums up each publication over its streams, and says how long each layer flowed', async () => {
  const { meter, receive, give, pass } = setUp();
  meter.start();
  receive(chromiumPicture(1, { packetsReceived: 100, packetsLost: 5, framesDecoded: 20 }));
  give(...chromiumLayer('r0', 11, { frameHeight: 180 }), ...chromiumLayer('r1', 12, { frameHeight: 360 }));
  await pass(2000);
  receive(chromiumPicture(1, { packetsReceived: 200, packetsLost: 4, framesDecoded: 40, frameHeight: 360 }));
  await pass(2000);
  // On another transport: the same publication, counters from zero.
  receive(chromiumPicture(2, { packetsReceived: 50, packetsLost: 1, framesDecoded: 10, frameHeight: 360 }));
  await pass(2000);
  const report = QualityReport.parse(meter.report());
  expect(report).toMatchObject({ sendPath: 'tcp', recvPath: 'udp', rttMs: 50, networkTroubleMs: 0 });
  expect(report.publications).toEqual([
    expect.objectContaining({
      publicationId: 'ada.camera',
      packets: 400,
      lost: 20,
      bandwidthLimitedMs: 6000,
      layers: [{ height: 360, ms: 2000 }],
    }),
    expect.objectContaining({
      publicationId: 'ben.1',
      packets: 200,
      lost: 4,
      frames: 40,
      freezes: 2,
      freezeMs: 1500,
      layers: [
        { height: 180, ms: 2000 },
        { height: 360, ms: 2000 },
      ],
    }),
    expect.objectContaining({ publicationId: 'ben.2', packets: 50, lost: 1 }),
  ]);
  expect(meter.report().publications).toEqual([]);
  meter.close();
});

test('a report is due every 10 s, and at once when trouble begins or ends', async () => {
  const { meter, events, receive, pass } = setUp();
  events.reportDue.mockImplementation(() => void meter.report());
  meter.start();
  await pass(20_000);
  expect(events.reportDue).toHaveBeenCalledTimes(2);
  for (let step = 1; step <= 4; step++) {
    receive(chromiumPicture(1, { packetsReceived: step * 100, packetsLost: step * 20 }));
    await pass(2000);
  }
  expect(events.troublesMeasured).toHaveBeenLastCalledWith('your-network', new Set());
  expect(meter.report()).toMatchObject({ trouble: 'your-network' });
  const before = events.reportDue.mock.calls.length;
  await pass(6000);
  expect(events.troublesMeasured).toHaveBeenLastCalledWith(undefined, new Set());
  expect(events.reportDue.mock.calls.length).toBe(before + 1);
  meter.close();
  await pass(20_000);
  expect(events.reportDue.mock.calls.length).toBe(before + 1);
});

test('what the server itself does not get of somebody is not put down to the own network', async () => {
  const { meter, events, receive, pass } = setUp();
  meter.peers.handleScores([{ peerId: 'ben', score: 7 }]);
  meter.start();
  for (let step = 1; step <= 6; step++) {
    receive(chromiumPicture(1, { packetsReceived: step * 100, packetsLost: step * 20 }));
    await pass(2000);
  }
  expect(events.troublesMeasured).not.toHaveBeenCalledWith('your-network', expect.anything());
  meter.peers.handleScores([{ peerId: 'ben', score: 10 }]);
  for (let step = 7; step <= 10; step++) {
    receive(chromiumPicture(1, { packetsReceived: step * 100, packetsLost: step * 20 }));
    await pass(2000);
  }
  expect(events.troublesMeasured).toHaveBeenLastCalledWith('your-network', new Set());
  meter.close();
});

test('more publications than a report holds take turns', async () => {
  const { meter, receive, pass } = setUp();
  meter.start();
  receive(...Array.from({ length: 40 }, (_, index) => chromiumPicture(index + 1)));
  await pass(2000);
  const first = meter.report().publications.map(({ publicationId }) => publicationId);
  const second = meter.report().publications.map(({ publicationId }) => publicationId);
  expect([first.length, second.length]).toEqual([32, 8]);
  expect(new Set([...first, ...second]).size).toBe(40);
  meter.close();
});

test('phases count from the wish to join, and what was there before took no time', async () => {
  const { meter, receive, pass } = setUp();
  meter.times.mark('socketMs');
  await pass(1000);
  meter.times.start();
  await pass(300);
  meter.times.mark('helloMs');
  meter.times.mark('socketMs');
  const track = Object.assign(new EventTarget(), {
    kind: 'video',
    muted: true,
  }) as unknown as MediaStreamTrack;
  meter.handleTrack(track);
  await pass(200);
  track.dispatchEvent(new Event('unmute'));
  await pass(60);
  receive(chromiumPicture(1));
  await pass(60);
  expect(meter.report().phases).toEqual({ socketMs: 0, helloMs: 300, firstFrameMs: 600 });
  meter.close();
});

test('stats that fail or never come do no harm', async () => {
  const getStats = vi.fn<() => Promise<never>>().mockRejectedValueOnce(new Error('closed'));
  getStats.mockReturnValue(new Promise(() => undefined));
  const events = { qualityChanged: vi.fn(), troublesMeasured: vi.fn(), reportDue: vi.fn() };
  const meter = new QualityMeter({ getStats, publicationOf: () => undefined }, events);
  meter.start();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(getStats).toHaveBeenCalledTimes(2);
  expect(events.reportDue).not.toHaveBeenCalled();
  meter.close();
});
