import { describe, expect, it } from 'vitest';
import { comparisonMarkdown, fillMarkers } from './markdown.ts';
import { CaseResult } from './result.ts';

const interval = (median: number) => ({ median, low: median - 1, high: median + 1 });
const point = {
  round: 1,
  packets: 1000,
  seconds: 20,
  mbps: 1,
  deliveryPercent: 99.95,
  fullPercent: 98.5,
  tracks: 1,
  tracksExpected: 1,
  mediaCpuSeconds: 1,
  nodeCpuSeconds: 1,
  serverCorePercent: 50,
  generator: { cpuPercent: 10, loopPercent: 10, lagMs: 1 },
};
const load = (contender: string, total: number, points: object[] = [point]) => ({
  kind: 'load',
  contender,
  srtpProfile: 'AEAD_AES_128_GCM',
  points,
  packetsPerS: 12_345,
  cpuPerMillion: { total: interval(total), media: interval(total - 1), node: interval(1) },
});
const result = CaseResult.parse({
  id: 'video-2',
  title: 'A case',
  family: 'video',
  measuredAt: '2026-01-02T03:04:05.000Z',
  commit: 'abc1234',
  machine: {
    cpu: 'CPU',
    cores: 2,
    memoryGb: 24,
    kernel: '6',
    system: 'Debian',
    node: 'v24',
    mediasoup: '3',
    worker: 'built',
  },
  network: 'namespaces',
  pinned: true,
  rounds: 6,
  seconds: 20,
  seed: 1,
  rows: [
    load('parley', 11, [point, { ...point, refused: 'delivers 99.00 %' }]),
    load('m1', 10),
    { kind: 'computed', contender: 'm0', fromCase: 'audio-30', packetsPerS: 495_000, cores: 4.95 },
    { kind: 'missing', contender: 'j0', reason: 'Janus is not installed' },
    { kind: 'load', contender: 'j1', srtpProfile: 'x', points: [{ ...point, refused: 'delivers 80.00 %' }] },
  ],
});

describe('the table', () => {
  const text = comparisonMarkdown([result]);

  it('shows figures, their ratio to the floor, and what does not count', () => {
    expect(text).toContain('measured 2026-01-02 at abc1234, 6 rounds of 20 s, first dropped, seed 1.');
    expect(text).toMatch(
      /\| \*\*Parley\*\* \| 12,345 \| 99.95 % \| 98.50 % \| 0.136 \| 11.00 \[10.00, 12.00\] \|.*\| 1.10 \| AEAD_AES_128_GCM \|/,
    );
    expect(text).toContain('**Parley**: 1 of 2 points does not count (delivers 99.00 %).');
    expect(text).toContain(
      "2 of 2 counted points others used more than 5 % of the server's core, at most 40 %.",
    );
    expect(text).toContain('495,000 (computed)');
    expect(text).toContain('| 4.95 | computed from audio-30 |');
    expect(text).toContain('left out: Janus is not installed');
    expect(text).toContain('no point counts: delivers 80.00 %');
  });

  it('has as many cells in every row', () => {
    const rows = text.split('\n').filter((line) => line.startsWith('|'));
    expect(new Set(rows.map((row) => row.split('|').length)).size).toBe(1);
  });
});

describe('the place in the README', () => {
  it('is what lies between the markers', () => {
    const filled = fillMarkers('a\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nb\n', 'new');
    expect(filled).toBe('a\n<!-- bench:begin -->\nnew\n<!-- bench:end -->\nb\n');
  });

  it('is not there without markers', () => {
    expect(fillMarkers('nothing', 'new')).toBeUndefined();
  });
});
