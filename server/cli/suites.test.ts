/**
 * The closing line of `npm test`, and what counts as a failure.
 */
import { expect, test } from 'vitest';
import { closingLine, countsOf, sum } from './suites.mjs';

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((outcome) => ({ status: outcome })),
});

test('counts passed, failed and skipped tests over all files', () => {
  const report = {
    testResults: [
      file('passed', 'passed', 'passed', 'pending'),
      file('failed', 'failed', 'passed', 'todo', 'skipped'),
    ],
  };
  expect(countsOf(report, 1)).toEqual({ passed: 3, failed: 1, skipped: 3 });
});

test('counts a file that could not be loaded as one failure', () => {
  expect(countsOf({ testResults: [file('failed'), file('passed', 'passed')] }, 1)).toMatchObject({
    passed: 1,
    failed: 1,
  });
});

test('counts a failed hook beside passing tests as one failure', () => {
  expect(countsOf({ testResults: [file('failed', 'passed')] }, 1)).toMatchObject({ passed: 1, failed: 1 });
});

test('counts a run that failed without a failed test as one failure', () => {
  expect(countsOf({ testResults: [file('passed', 'passed')] }, 1)).toMatchObject({ passed: 1, failed: 1 });
  expect(countsOf(undefined, 137)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test('closes with the sum in one line', () => {
  const total = sum([
    { passed: 3, failed: 0, skipped: 1 },
    { passed: 40, failed: 2, skipped: 0 },
  ]);
  expect(closingLine(total)).toBe('43 passed, 2 failed, 1 skipped');
});
