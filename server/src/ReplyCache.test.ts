/**
 * First answers for retries.
 */
import { CallError } from '@parley/protocol';
import { expect, test, vi } from 'vitest';
import { FakeClock } from '../test/support/FakeClock.ts';
import { ReplyCache } from './ReplyCache.ts';

const counter = () => {
  let count = 0;
  return vi.fn(async () => {
    count += 1;
    return count;
  });
};

test('[RETRY1] a retry within two minutes gets the first answer, later ones a new one', async () => {
  const clock = new FakeClock();
  const cache = new ReplyCache(clock);
  const execute = counter();
  expect(await cache.once('a', 'leave', execute)).toBe(1);
  clock.advance(119_999);
  expect(await cache.once('a', 'leave', execute)).toBe(1);
  clock.advance(1);
  expect(await cache.once('a', 'leave', execute)).toBe(2);
});

test('[RETRY1] a duplicate in flight shares the execution', async () => {
  const cache = new ReplyCache(new FakeClock());
  const execute = counter();
  expect(await Promise.all([cache.once('a', 'leave', execute), cache.once('a', 'leave', execute)])).toEqual([
    1, 1,
  ]);
});

test('[RETRY1] an id that was used for another request is refused', async () => {
  const cache = new ReplyCache(new FakeClock());
  await cache.once('a', 'leave', counter());
  expect(() => cache.once('a', 'publish', counter())).toThrow('another request');
});

test('[RETRY1] what may pass is tried again; what is final stays', async () => {
  const cache = new ReplyCache(new FakeClock());
  const failing = (error: Error) => async () => {
    throw error;
  };
  for (const code of ['unavailable', 'timeout', 'internal'] as const) {
    await expect(cache.once(code, 'leave', failing(new CallError(code, 'x')))).rejects.toThrow();
    expect(await cache.once(code, 'leave', counter())).toBe(1);
  }
  await expect(cache.once('b', 'leave', failing(new CallError('forbidden', 'no')))).rejects.toThrow('no');
  await expect(cache.once('b', 'leave', counter())).rejects.toThrow('no');
});

test('[RETRY1] the last 256 answers are kept', async () => {
  const cache = new ReplyCache(new FakeClock());
  const execute = counter();
  for (let index = 0; index <= 256; index += 1) await cache.once(`r${index}`, 'leave', execute);
  expect(await cache.once('r1', 'leave', execute)).toBe(2);
  expect(await cache.once('r0', 'leave', execute)).toBe(258);
});
