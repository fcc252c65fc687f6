import { describe, expect, it } from 'vitest';
import { audioCase } from '../cases.ts';
import type { CaseResult, Point } from './result.ts';
import { computedRow, joinsRow, loadRow, refusal } from './summarize.ts';

const good: Omit<Point, 'refused'> = {
  round: 1,
  packets: 1_000_000,
  seconds: 20,
  mbps: 400,
  deliveryPercent: 100,
  fullPercent: 100,
  tracks: 56,
  tracksExpected: 56,
  sentPackets: 0,
  mediaCpuSeconds: 10,
  nodeCpuSeconds: 1,
  serverCorePercent: 60,
  generator: { cpuPercent: 50, loopPercent: 40, lagMs: 5 },
};

describe('which points count', () => {
  it('takes those with at least 99.9 % delivery', () => {
    expect(refusal(good)).toBeUndefined();
    expect(refusal({ ...good, deliveryPercent: 99.9 })).toBeUndefined();
    expect(refusal({ ...good, deliveryPercent: 99.89 })).toBe('delivers 99.89 %');
  });

  it('says when the generator is the limit, before it blames the server', () => {
    const generator = { cpuPercent: 97, loopPercent: 60, lagMs: 900 };
    expect(refusal({ ...good, generator, deliveryPercent: 80 })).toContain('the generator is the limit');
  });

  it('refuses a load of which a part never came', () => {
    expect(refusal({ ...good, tracks: 55 })).toBe('55 of 56 tracks arrive');
  });
});

describe('rows', () => {
  it('gives CPU-seconds per million packets, the first round dropped', () => {
    const row = loadRow('parley', 'x', [
      { ...good, round: 0, mediaCpuSeconds: 99 },
      good,
      { ...good, mediaCpuSeconds: 12 },
    ]);
    expect(row).toMatchObject({
      packetsPerS: 50_000,
      cpuPerMillion: { total: { median: 12 }, media: { median: 11 }, node: { median: 1 } },
    });
  });

  it('gives none when no point counts', () => {
    expect(loadRow('j0', 'x', [{ ...good, refused: 'delivers 98 %' }])).not.toHaveProperty('cpuPerMillion');
  });

  it('gives the median and p95 of joins', () => {
    expect(joinsRow('m1', 'x', [10, 20, 30], 1)).toMatchObject({
      p95Ms: 30,
      interval: { median: 20 },
      failures: 1,
    });
    expect(joinsRow('m1', 'x', [], 3)).not.toHaveProperty('interval');
  });

  it('computes larger rooms from the largest measured one', () => {
    const measured = (id: string, packetsPerS: number, median: number) =>
      ({
        id,
        family: 'audio',
        rows: [
          {
            kind: 'load',
            contender: 'm0',
            srtpProfile: 'x',
            points: [],
            packetsPerS,
            cpuPerMillion: {
              total: { median, low: 0, high: 0 },
              media: { median, low: 0, high: 0 },
              node: { median: 0, low: 0, high: 0 },
            },
          },
        ],
      }) as unknown as CaseResult;
    const row = computedRow('m0', audioCase(100, ['m0']), [
      measured('audio-20', 19_000, 20),
      measured('audio-30', 43_500, 10),
    ]);
    expect(row).toMatchObject({ fromCase: 'audio-30', packetsPerS: 495_000, cores: 4.95 });
  });
});
