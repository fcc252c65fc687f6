/** Tests: looks come by the clock, changes are told once and logged with their numbers, and nothing after the end. */
import { expect, test } from 'vitest';
import { FakeClock } from '../../../test/support/FakeClock.ts';
import { createLogger } from '../../log.ts';
import { LoadWatch } from './LoadWatch.ts';
import type { Load } from './readLoad.ts';

const FULL: Load = { busy: 1, queuedBytes: 2_000_000, dropped: 500 };
const IDLE: Load = { busy: 0.1, queuedBytes: 0, dropped: 0 };

function setUp(first: Load | undefined) {
  const clock = new FakeClock();
  const lines: Record<string, unknown>[] = [];
  const told: number[] = [];
  const state = { load: first };
  const watch = new LoadWatch({
    clock,
    read: () => state.load,
    log: createLogger('info', { write: (line) => void lines.push(JSON.parse(line)) }),
    onChange: () => void told.push(watch.level),
  });
  return { clock, lines, told, state, watch };
}

test('[SHED4] a change is told once, and logged with its cause in numbers', () => {
  const { clock, lines, told, state } = setUp(FULL);
  clock.advance(250);
  expect(told).toEqual([2]);
  state.load = IDLE;
  clock.advance(12_000);
  expect(told).toEqual([2, 1, 0]);
  expect(lines).toMatchObject([
    { level: 2, before: 0, busyPercent: 100, queuedBytes: 2_000_000, dropped: 500 },
    { level: 1, before: 2, busyPercent: 10 },
    { level: 0, before: 1 },
  ]);
});

test('where nothing can be seen nothing is shed, and after the end nobody looks', () => {
  const { clock, told, state, watch } = setUp(undefined);
  clock.advance(10_000);
  state.load = FULL;
  watch.stop();
  clock.advance(10_000);
  expect(told).toEqual([]);
  expect(clock.pending).toBe(0);
});
