/**
 * Owns the tests of the wheel, with a fake clock.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Wheel } from './Wheel.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const task = (delays: number[]) => {
  const times: number[] = [];
  return {
    times,
    run: (nowMs: number) => {
      times.push(Math.round(nowMs));
      return delays.shift() ?? 0;
    },
  };
};

test('runs tasks when they are due, as long as they want, and then stands still', () => {
  const wheel = new Wheel();
  const startMs = Math.round(performance.now());
  const often = task([20, 20, 2500]);
  const once = task([]);
  wheel.add(often, 10);
  wheel.add(once, 500);
  vi.advanceTimersByTime(10_000);
  expect(once.times.map((timeMs) => timeMs - startMs)).toEqual([500]);
  const [first = 0, second = 0, third = 0, fourth = 0] = often.times;
  expect(first - startMs).toBeLessThanOrEqual(15);
  expect([second - first, third - second, fourth - third]).toEqual([20, 20, 2500]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a task may add another', () => {
  const wheel = new Wheel();
  const inner = task([]);
  const outer = () => {
    wheel.add(inner, 30);
    return 0;
  };
  wheel.add({ run: outer }, 10);
  vi.advanceTimersByTime(100);
  expect(inner.times).toHaveLength(1);
});

test('says how late the event loop was', () => {
  const wheel = new Wheel();
  wheel.add(task([5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5]), 5);
  vi.advanceTimersByTime(20);
  expect(wheel.takeLagMs()).toBeLessThan(5);
  const real = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => real() + 200);
  vi.advanceTimersByTime(5);
  expect(wheel.takeLagMs()).toBeGreaterThanOrEqual(195);
  expect(wheel.takeLagMs()).toBe(0);
  vi.restoreAllMocks();
});
