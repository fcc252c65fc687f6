/** Tests: the share of a core that a process used, from its own counts. */
import { expect, test } from 'vitest';
import { CpuShare } from './CpuShare.ts';

test('follows what is used, within a few measurements, and what it used to start does not count', () => {
  const share = new CpuShare();
  share.measure(700, 1000);
  expect(share.value).toBe(0);
  let cpuMs = 700;
  for (let second = 2; second <= 10; second += 1) {
    cpuMs += 400;
    share.measure(cpuMs, second * 1000);
  }
  expect(share.value).toBeCloseTo(0.4, 2);
  for (let second = 11; second <= 20; second += 1) share.measure(cpuMs, second * 1000);
  expect(share.value).toBeCloseTo(0, 2);
});

test('is at most one core, and two answers of the same moment do not matter', () => {
  const share = new CpuShare();
  share.measure(0, 0);
  for (let i = 1; i < 10; i += 1) share.measure(5000 * i, 1000 * i);
  share.measure(99_000, 9000);
  expect(share.value).toBeGreaterThan(0.9);
  expect(share.value).toBeLessThanOrEqual(1);
});
