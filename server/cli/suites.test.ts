/**
 * The closing line of `npm test`, and what counts as a failure.
 */
import { expect, test } from 'vitest';
import { closing, countsOf, sum } from './suites.mjs';

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

test('closes with the sum as the last line, and names before it where the failures are', () => {
  const passed = { passed: 3, failed: 0, skipped: 1, failedParts: [] };
  const failed = { passed: 40, failed: 2, skipped: 0, failedParts: ['Suite: unit'] };
  const check = { passed: 0, failed: 1, skipped: 0, failedParts: ['Dead code'] };
  expect(closing(passed)).toBe('3 passed, 0 failed, 1 skipped');
  expect(closing(sum([check, failed, passed]))).toBe(
    'Failed: Dead code, Suite: unit\n43 passed, 3 failed, 1 skipped',
  );
});
