/**
 * Tests of how a duration is written.
 */
import { expect, it } from 'vitest';
import { elapsedText } from './elapsed.ts';

it.each([
  [0, '0:00'],
  [-5_000, '0:00'],
  [61_000, '1:01'],
  [3_600_000, '1:00:00'],
  [36_061_999, '10:01:01'],
])('%i ms is %s', (durationMs, text) => {
  expect(elapsedText(durationMs)).toBe(text);
});
