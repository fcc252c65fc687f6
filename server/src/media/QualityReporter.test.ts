/** Tests: when quality is told, on a fake clock. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../clock.ts';
import { QualityReporter } from './QualityReporter.ts';

let told: Record<string, number>[];
let quality: QualityReporter;
beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  quality = new QualityReporter(systemClock, (scores) => told.push(Object.fromEntries(scores)));
});
afterEach(() => {
  quality.close();
  vi.useRealTimers();
});

test('many changes within a second are one report of the last values', () => {
  for (let score = 0; score <= 10; score += 1) quality.set('ada', score);
  quality.set('bob', 7);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([{ ada: 10, bob: 7 }]);
});

test('only who changed since the last report is in the next', () => {
  quality.set('ada', 10);
  quality.set('bob', 7);
  vi.advanceTimersByTime(1000);
  quality.set('ada', 10);
  quality.set('bob', 3);
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([{ ada: 10, bob: 7 }, { bob: 3 }]);
});

test('who comes late is told everybody, also who has not changed since', () => {
  quality.set('ada', 10);
  quality.set('bob', 7);
  vi.advanceTimersByTime(1000);
  quality.tellAll();
  vi.advanceTimersByTime(1000);
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([
    { ada: 10, bob: 7 },
    { ada: 10, bob: 7 },
  ]);
});

test('a change that was undone within the second is not told', () => {
  quality.set('ada', 10);
  vi.advanceTimersByTime(1000);
  quality.set('ada', 2);
  quality.set('ada', 10);
  vi.advanceTimersByTime(5000);
  expect(told).toEqual([{ ada: 10 }]);
});

test('who left, or sends nothing, is not told; a newcomer of the same id is', () => {
  quality.set('ada', 5);
  quality.set('bob', 5);
  quality.remove('ada');
  quality.set('bob', undefined);
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([]);
  quality.set('ada', 5);
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([{ ada: 5 }]);
});

test('after closing nothing is told and no timer is left', () => {
  quality.set('ada', 5);
  quality.close();
  expect(vi.getTimerCount()).toBe(0);
});
