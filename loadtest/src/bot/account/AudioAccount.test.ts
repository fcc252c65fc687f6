/**
 * Owns the tests of audio gaps: what a listener misses, and silence that is none.
 */
import { describe, expect, test } from 'vitest';
import { AudioAccount } from './AudioAccount.ts';
import { AFTER_GAP, IN_ORDER } from './SequenceAccount.ts';

const CLOCK = 48;

/** Packets by when they were spoken and when they came, in milliseconds. */
function listen(packets: readonly (readonly [spokenMs: number, cameMs: number])[]): AudioAccount {
  const account = new AudioAccount();
  for (const [spokenMs, cameMs] of packets) account.packet((spokenMs * CLOCK) | 0, IN_ORDER, cameMs);
  return account;
}

describe('gaps', () => {
  test('are none in steady speech with a little jitter', () => {
    const account = listen(Array.from({ length: 50 }, (_, n) => [n * 20, n * 20 + (n % 3) * 8] as const));
    expect(account.gaps).toBe(0);
  });

  test('are none in silence: DTX says by its timestamps that nothing was said', () => {
    const account = listen([
      [0, 0],
      [20, 20],
      [420, 421],
      [820, 820],
      [840, 840],
    ]);
    expect(account.gaps).toBe(0);
  });

  test('are sound that came more than 60 ms too late', () => {
    const account = listen([
      [0, 0],
      [20, 20],
      [40, 240],
      [60, 241],
      [80, 242],
    ]);
    expect(account.gaps).toBe(1);
    expect(account.longestGapMs).toBe(200);
  });

  test('are more than three packets in a row that never came', () => {
    const account = new AudioAccount();
    for (const sequence of [1, 2, 3]) account.givenUp(sequence);
    expect(account.gaps).toBe(0);
    account.givenUp(4);
    account.givenUp(5);
    expect(account.gaps).toBe(1);
    expect(account.longestGapMs).toBe(100);
    for (const sequence of [10, 11, 12, 13]) account.givenUp(sequence);
    expect(account.gaps).toBe(2);
  });

  test('a hole in the numbers counts by what is lost, not by its time', () => {
    const account = listen([[0, 0]]);
    account.packet(500 * CLOCK, AFTER_GAP, 500);
    expect(account.gaps).toBe(0);
  });

  test('are what lies between two streams of somebody who speaks', () => {
    const account = listen([
      [0, 0],
      [20, 20],
    ]);
    account.continueWithNewClock();
    account.packet(123_456, IN_ORDER, 1020);
    account.packet(123_456 + 20 * CLOCK, IN_ORDER, 1040);
    expect(account.gaps).toBe(1);
    expect(account.longestGapMs).toBe(980);
  });

  test('are none after a mute', () => {
    const account = listen([
      [0, 0],
      [20, 20],
    ]);
    account.restart();
    account.packet(40 * CLOCK, IN_ORDER, 9000);
    expect(account.gaps).toBe(0);
  });
});
