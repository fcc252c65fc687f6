/**
 * Whose fault it is: the tool blames itself first, and a single bad second is chance.
 */
import { expect, test } from 'vitest';
import { gaveWay, generatorLimits } from './limits.ts';
import type { SeriesPoint } from './schema.ts';

const calm: SeriesPoint = {
  atS: 1,
  phase: 'hold',
  bots: 10,
  tracksReceived: 0,
  tracksExpected: 0,
  sentPacketsPerS: 0,
  receivedPacketsPerS: 0,
  receivedMbps: 0,
  packetsReceived: 0,
  packetsLost: 0,
  lossPercent: 0,
  freezes: 0,
  audioGaps: 0,
  messagesSent: 0,
  messagesReceived: 0,
  socketDrops: 0,
  pingP95Ms: null,
  generatorBusiestPercent: 20,
  generatorCpuPercent: 30,
  generatorLagMs: 2,
  machinePercent: 40,
  serverBusiestPercent: 30,
  serverCpuPercent: 40,
  serverMemoryMb: 100,
};
const seconds = (count: number, what: Partial<SeriesPoint> = {}): SeriesPoint[] =>
  Array.from({ length: count }, () => ({ ...calm, ...what }));

test('finds no limit in a calm run, nor in one bad second, nor in the time of joining', () => {
  expect(generatorLimits(seconds(20))).toEqual([]);
  expect(generatorLimits([...seconds(20), ...seconds(1, { generatorLagMs: 900 })])).toEqual([]);
  expect(
    generatorLimits([...seconds(10, { phase: 'join', generatorBusiestPercent: 99 }), ...seconds(20)]),
  ).toEqual([]);
});

test.each([
  ['generator CPU', { generatorBusiestPercent: 97 }],
  ['generator lag', { generatorLagMs: 400 }],
  ['machine CPU', { machinePercent: 99, generatorCpuPercent: 90 }],
])('names %s', (name, what) => {
  expect(generatorLimits([...seconds(10), ...seconds(5, what)])).toEqual([
    expect.stringMatching(`^${name}: `),
  ]);
});

test('does not blame itself where a server takes most of a machine that they share', () => {
  expect(generatorLimits(seconds(10, { machinePercent: 99, serverCpuPercent: 120 }))).toEqual([]);
});

test('names what gave way, the server’s processor first, then the tool, then what follows from them', () => {
  const series = seconds(10, { serverBusiestPercent: 99, generatorLagMs: 400 });
  const failures = [{ what: 'join', code: 'timeout', message: 'too late', count: 3 }];
  const figures = { joinsFailed: 3, lossPercent: 2.5, tracksPercent: 90, joinP95Ms: 9000 };
  expect(gaveWay({ series, figures, failures }).map((cause) => cause.split(':')[0])).toEqual([
    'server CPU',
    'generator lag',
    'joins',
    'loss',
    'tracks',
    'join latency',
  ]);
  expect(gaveWay({ series: seconds(10), figures: { lossPercent: 0 }, failures: [] })).toEqual([]);
});
