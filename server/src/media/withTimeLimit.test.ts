/** Tests: waiting no longer than a limit, and not blaming the other side for a stall of ours. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withTimeLimit } from './withTimeLimit.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('an answer within the limit is passed on, a refusal too, and no timer is left', async () => {
  await expect(withTimeLimit(Promise.resolve(7), 2000, () => new Error('late'))).resolves.toBe(7);
  await expect(withTimeLimit(Promise.reject(new Error('no')), 2000, () => new Error('late'))).rejects.toThrow(
    'no',
  );
  expect(vi.getTimerCount()).toBe(0);
});

test('no answer within the limit is given up', async () => {
  const outcome = withTimeLimit(new Promise(() => {}), 2000, () => new Error('late')).catch(String);
  await vi.advanceTimersByTimeAsync(1999);
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(await outcome).toBe('Error: late');
  expect(vi.getTimerCount()).toBe(0);
});

test('a stall of this process does not count against the other side', async () => {
  vi.useRealTimers();
  const answer = new Promise<string>((resolve) => setTimeout(() => resolve('in time'), 100));
  const outcome = withTimeLimit(answer, 150, () => new Error('late'));
  // The event loop stands still for longer than the limit, while the answer lies ready.
  const end = performance.now() + 300;
  while (performance.now() < end);
  expect(await outcome).toBe('in time');
});
