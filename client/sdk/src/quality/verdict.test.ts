/**
 * Owns the tests of what a connection is called and what it is put down to, from raw stats to the word.
 */
import { describe, expect, test } from 'vitest';
import { chromiumLayer, chromiumPath, chromiumPicture, statsReport } from '../testing/statsFixtures.ts';
import { type Interval, intervalBetween, type Reading, stepsBetween } from './compareReadings.ts';
import { PeerTroubles } from './PeerTroubles.ts';
import { readPath, readStreams } from './readStats.ts';
import { TroubleWatch } from './TroubleWatch.ts';
import { qualityOf, qualityOfScore, troubleSign } from './verdict.ts';

const quiet: Interval = {
  lengthMs: 2000,
  rttS: 0.02,
  expected: 1000,
  lost: 0,
  sent: 1000,
  sentLost: 0,
  bandwidthLimitedMs: 0,
  cpuLimitedMs: 0,
  framesDecoded: 60,
  framesDropped: 0,
};

const reading = (atMs: number, ...entries: Parameters<typeof statsReport>): Reading => {
  const report = statsReport(...chromiumPath({}), ...entries);
  return { atMs, send: readPath(report), recv: readPath(report), streams: readStreams(report, () => 'p') };
};

const interval = (before: Reading, after: Reading): Interval =>
  intervalBetween(before, after, stepsBetween(before, after), () => true);

describe('the own connection', () => {
  test.each([
    [{}, 'good'],
    [{ rttS: 0.4 }, 'poor'],
    [{ rttS: 0.9 }, 'bad'],
    [{ lost: 100 }, 'poor'],
    [{ lost: 100, sentLost: 150 }, 'bad'],
    [{ rttS: undefined, lost: 500 }, 'unknown'],
  ] as const)('with %j is %s', (more, quality) => {
    expect(qualityOf({ ...quiet, ...more })).toBe(quality);
  });
});

describe('a bad interval is put down to', () => {
  test.each([
    ['nobody, when all is well', {}, undefined],
    ['the own network, when what comes is lossy', { lost: 80 }, 'your-network'],
    ['the own network, when what is sent gets lost', { sentLost: 80 }, 'your-network'],
    ['the own network, when it holds the encoder back', { bandwidthLimitedMs: 1500 }, 'your-network'],
    ['the own network, when it takes its time', { rttS: 0.7 }, 'your-network'],
    ['the own computer, when it holds the encoder back', { cpuLimitedMs: 1500 }, 'your-computer'],
    ['the own computer, when it cannot decode all', { framesDropped: 40 }, 'your-computer'],
    [
      'the own network, when both hold back',
      { cpuLimitedMs: 1500, bandwidthLimitedMs: 1500 },
      'your-network',
    ],
    ['nobody, when a handful of packets says nothing', { expected: 20, lost: 5 }, undefined],
    ['nobody, when frames are missing with their packets', { framesDropped: 40, lost: 20 }, undefined],
  ] as const)('%s', (_, more, trouble) => {
    expect(troubleSign({ ...quiet, ...more }, false)).toBe(trouble);
  });

  test('nobody, when frames are dropped because nobody looks', () => {
    expect(troubleSign({ ...quiet, framesDropped: 40 }, true)).toBeUndefined();
  });

  test('the own network, from stats of Chromium to the word', () => {
    const durations = (bandwidth: number) => ({ qualityLimitationDurations: { bandwidth, cpu: 0 } });
    const before = reading(0, ...chromiumLayer('r0', 1, durations(6)));
    const after = reading(2000, ...chromiumLayer('r0', 1, { packetsSent: 300, ...durations(8) }));
    expect(interval(before, after)).toMatchObject({
      sent: 100,
      sentLost: 0,
      bandwidthLimitedMs: 2000,
      rttS: 0.05,
    });
    expect(troubleSign(interval(before, after), false)).toBe('your-network');
  });

  test('nobody, while congestion control finds out how much room there is', () => {
    const [before, after] = [reading(0), reading(2000, ...chromiumLayer('r0', 1, {}, { packetsLost: 0 }))];
    const found = intervalBetween(before, after, stepsBetween(before, after), () => false);
    expect(troubleSign(found, false)).toBeUndefined();
  });
});

describe('between two readings', () => {
  test('a stream that ended takes nothing from the others', () => {
    const before = reading(
      0,
      chromiumPicture(1),
      chromiumPicture(2, { packetsReceived: 90_000, packetsLost: 9_000 }),
    );
    const after = reading(2000, chromiumPicture(1, { packetsReceived: 1045, packetsLost: 55 }));
    expect(interval(before, after)).toMatchObject({ expected: 100, lost: 5 });
  });

  test('a stream that is new counts from zero, one that begins anew too', () => {
    const after = reading(2000, chromiumPicture(1, { packetsReceived: 90, packetsLost: 10 }));
    for (const before of [reading(0), reading(0, chromiumPicture(1))]) {
      expect(interval(before, after)).toMatchObject({ expected: 100, lost: 10 });
    }
  });

  test('late packets that make up for lost ones are no loss', () => {
    const after = reading(2000, chromiumPicture(1, { packetsReceived: 1050, packetsLost: 45 }));
    expect(interval(reading(0, chromiumPicture(1)), after)).toMatchObject({ expected: 100, lost: 0 });
  });
});

describe('trouble', () => {
  const told = (signs: string) => {
    const watch = new TroubleWatch<'n' | 'c'>();
    return [...signs]
      .map((sign) => watch.add(sign === '.' ? undefined : sign === 'n' ? 'n' : 'c') ?? '.')
      .join('');
  };

  test.each([
    ['nn.n......', '...nnn....'],
    ['n.n.n.n.n.', '..........'],
    ['nnn..n..nn', '..nnnnnnnn'],
    ['nnn...ccc.', '..nnn...cc'],
    ['nnncncnc..', '..nnnnnnnn'],
  ])('is told after three of four signs and no longer after 6 s without: %s', (signs, expected) => {
    expect(told(signs)).toBe(expected);
  });
});

describe("the others' trouble", () => {
  test('is their own word, which holds until it is taken back or no longer repeated', () => {
    const peers = new PeerTroubles();
    peers.handleWord('ben', 'network', 0);
    peers.handleWord('cem', 'network', 0);
    expect([...peers.tick(2000)]).toEqual(['ben', 'cem']);
    peers.handleWord('ben', 'none', 4000);
    expect([...peers.tick(6000)]).toEqual(['cem']);
    expect([...peers.tick(80_000)]).toEqual([]);
  });

  test('is what the server gets of them, when that lasts', () => {
    const peers = new PeerTroubles();
    peers.handleScores([{ peerId: 'ben', score: 1 }]);
    expect([peers.tick(0), peers.tick(2000)].flatMap((weak) => [...weak])).toEqual([]);
    expect([...peers.tick(4000)]).toEqual(['ben']);
    peers.keepOnly(() => false);
    expect([...peers.tick(6000)]).toEqual([]);
  });
});

test.each([
  [10, 'good'],
  [7, 'good'],
  [5, 'poor'],
  [0, 'bad'],
] as const)('the score %i of the server is %s', (score, quality) => {
  expect(qualityOfScore(score)).toBe(quality);
});
