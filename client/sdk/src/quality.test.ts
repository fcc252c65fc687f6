/**
 * Owns the tests of how good a connection is called.
 */
import { describe, expect, test } from 'vitest';
import { type PathSample, qualityBetween, qualityOfScore, samplePath } from './quality.ts';

const sample = (rttS: number | undefined, packetsExpected: number, packetsLost: number): PathSample => ({
  rttS,
  packetsExpected,
  packetsLost,
});

describe('the own connection', () => {
  test.each([
    [0.02, 0, 'good'],
    [0.4, 0, 'poor'],
    [0.9, 0, 'bad'],
    [0.02, 5, 'poor'],
    [0.02, 20, 'bad'],
  ] as const)('with %d s round trip and %d lost of 100 is %s', (rttS, lost, quality) => {
    expect(qualityBetween([sample(rttS, 500, 3)], [sample(rttS, 600, 3 + lost)])).toBe(quality);
  });

  test('is unknown before anything was measured', () => {
    expect(qualityBetween([], [sample(undefined, 0, 0)])).toBe('unknown');
  });

  test('does not suffer from counters that went away with a consumer', () => {
    expect(qualityBetween([sample(0.02, 10_000, 500)], [sample(0.02, 100, 0)])).toBe('good');
  });
});

test('a report is summed up: both directions, the nominated path, nothing that is not known to have arrived or not', () => {
  const report = new Map<string, unknown>(
    Object.entries({
      pair: { type: 'candidate-pair', nominated: true, state: 'succeeded', currentRoundTripTime: 0.05 },
      other: { type: 'candidate-pair', nominated: false, state: 'succeeded', currentRoundTripTime: 9 },
      in: { type: 'inbound-rtp', packetsReceived: 90, packetsLost: 10 },
      out1: { type: 'outbound-rtp', id: 'out1', packetsSent: 200 },
      out2: { type: 'outbound-rtp', id: 'out2', packetsSent: 1000 },
      back: { type: 'remote-inbound-rtp', localId: 'out1', packetsLost: 4 },
    }),
  ) as unknown as RTCStatsReport;
  expect(samplePath(report)).toEqual({ rttS: 0.05, packetsExpected: 300, packetsLost: 14 });
  expect(samplePath(undefined)).toEqual({ rttS: undefined, packetsExpected: 0, packetsLost: 0 });
});

test.each([
  [10, 'good'],
  [7, 'good'],
  [5, 'poor'],
  [0, 'bad'],
] as const)('the score %i of the server is %s', (score, quality) => {
  expect(qualityOfScore(score)).toBe(quality);
});
