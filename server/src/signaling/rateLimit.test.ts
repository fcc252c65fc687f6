/**
 * Token buckets, and what counts as one address.
 */
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/FakeClock.ts';
import { addressGroup, KeyedBuckets, TokenBucket } from './rateLimit.ts';

test('[LIMIT2] a bucket gives its burst at once, then its rate, and says how long to wait', () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ burst: 3, perSecond: 2 }, clock);
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([0, 0, 0]);
  expect(bucket.take()).toBe(500);
  clock.advance(250);
  expect(bucket.take()).toBe(250);
  clock.advance(250);
  expect(bucket.take()).toBe(0);
  clock.advance(60_000);
  expect([bucket.take(), bucket.take(), bucket.take(), bucket.take()]).toEqual([0, 0, 0, 500]);
});

test('[LIMIT2] setting the wall clock neither gives nor takes tokens', () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ burst: 1, perSecond: 1 }, clock);
  bucket.take();
  clock.jump(3_600_000);
  expect(bucket.take()).toBe(1000);
  clock.jump(-7_200_000);
  clock.advance(1_000);
  expect(bucket.take()).toBe(0);
});

test('keys have buckets of their own, and those that are full again are forgotten', () => {
  const clock = new FakeClock();
  const buckets = new KeyedBuckets({ burst: 1, perSecond: 1 }, clock);
  expect([buckets.take('a'), buckets.take('a'), buckets.take('b')]).toEqual([0, 1000, 0]);
  for (let index = 0; index < 998; index += 1) buckets.take(`k${index}`);
  expect(buckets.size).toBe(1_000);
  clock.advance(1_000);
  buckets.take('last');
  expect(buckets.size).toBe(1);
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
  ['2001:db8::6', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('[LIMIT1] %s counts as %s', (address, group) => {
  expect(addressGroup(address)).toBe(group);
});
