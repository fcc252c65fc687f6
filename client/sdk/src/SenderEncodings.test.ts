/**
 * Owns the tests of switching encodings. Does not own real senders.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SenderEncodings } from './SenderEncodings.ts';
import { FakeSender } from './testing/fakeMedia.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('switches single encodings on and off, and asks the browser only for changes', async () => {
  const sender = new FakeSender(3);
  const encodings = new SenderEncodings(sender);
  encodings.setActive([true, true, true]);
  await vi.advanceTimersByTimeAsync(0);
  expect(sender.changes).toBe(0);
  encodings.setActive([true, false, false]);
  await vi.advanceTimersByTimeAsync(0);
  expect(sender.active).toEqual([true, false, false]);
  encodings.setActive([false, false, false]);
  await vi.advanceTimersByTimeAsync(0);
  expect(sender.active).toEqual([false, false, false]);
});

test('changes one after the other, and skips what is out of date', async () => {
  const sender = new FakeSender(2);
  const encodings = new SenderEncodings(sender);
  encodings.setActive([false, false]);
  encodings.setActive([true, false]);
  encodings.setActive([false, true]);
  await vi.advanceTimersByTimeAsync(0);
  expect(sender.active).toEqual([false, true]);
  expect(sender.changes).toBe(2);
});

test('tries again what the browser refuses, until it is out of date', async () => {
  const sender = new FakeSender(2);
  const encodings = new SenderEncodings(sender);
  sender.failures = 2;
  encodings.setActive([false, false]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(sender.active).toEqual([false, false]);
  sender.failures = 1;
  encodings.setActive([true, true]);
  await vi.advanceTimersByTimeAsync(0);
  encodings.setActive([true, false]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(sender.active).toEqual([true, false]);
});

test('gives up on a browser that never does it, and hears the next wish', async () => {
  const sender = new FakeSender(1);
  const encodings = new SenderEncodings(sender);
  sender.failures = 8;
  encodings.setActive([false]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sender.active).toEqual([true]);
  encodings.setActive([false]);
  await vi.advanceTimersByTimeAsync(0);
  expect(sender.active).toEqual([false]);
  expect(vi.getTimerCount()).toBe(0);
});

test('does nothing without a sender', async () => {
  new SenderEncodings(undefined).setActive([false]);
  await vi.advanceTimersByTimeAsync(0);
  expect(vi.getTimerCount()).toBe(0);
});
