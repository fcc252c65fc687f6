/**
 * On a terminal one line is rewritten; without one a line comes now and then, and at each change of phase.
 */
import { expect, test } from 'vitest';
import { Progress } from './Progress.ts';
import type { SeriesPoint } from './schema.ts';

const point = (atS: number, phase: string): SeriesPoint => ({
  ...{
    atS,
    phase,
    bots: 7,
    tracksReceived: 3,
    tracksExpected: 4,
    sentPacketsPerS: 0,
    receivedPacketsPerS: 90,
  },
  ...{ receivedMbps: 1, packetsReceived: 90, packetsLost: 0, lossPercent: 0.5, freezes: 0, audioGaps: 0 },
  ...{ messagesSent: 0, messagesReceived: 0, socketDrops: 0, pingP95Ms: 1.5, generatorBusiestPercent: 1 },
  ...{ generatorCpuPercent: 12, generatorLagMs: 1, machinePercent: 1 },
  ...{ serverBusiestPercent: 1, serverCpuPercent: 34.6, serverMemoryMb: 1 },
});

function screen(isTTY: boolean, columns = 200) {
  const written: string[] = [];
  return { isTTY, columns, written, write: (text: string) => written.push(text) };
}

test('without a terminal: each phase at once, then every five seconds', () => {
  const out = screen(false);
  const progress = new Progress(out);
  for (let atS = 1; atS <= 12; atS += 1) progress.show(point(atS, atS < 4 ? 'join' : 'hold'));
  progress.end();
  expect(out.written.map((line) => line.trim().split(' ')[0])).toEqual(['1', '4', '9']);
  expect(out.written[0]).toBe(
    '   1 s  join    7 bots · 3/4 tracks · 90 packets/s, 0.5 % lost · ping 1.5 ms · server 35 % · tool 12 %\n',
  );
});

test('on a terminal: one line, rewritten each second, no wider than the terminal, gone at the end', () => {
  const out = screen(true, 20);
  const progress = new Progress(out);
  progress.show(point(1, 'hold'));
  progress.show(point(2, 'hold'));
  progress.say('Something');
  progress.show(point(3, 'hold'));
  progress.end();
  const wipe = '\r\u001b[2K';
  const line = (atS: number) => `   ${atS} s  hold    7 b`;
  expect(out.written).toEqual([line(1), wipe, line(2), wipe, 'Something\n', line(3), wipe]);
});
