/**
 * Owns the tests of what is said about packets: against known drops, duplicates and delays the figures are exact.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AFTER_GAP, DUPLICATE, IN_ORDER, LATE, SequenceAccount } from './SequenceAccount.ts';

const nobody = { isLost: () => true };
const buffer = new Uint16Array(128);

/** What the account says, the figures that tests look at. */
const figures = ({ packets, lost, duplicated, reordered, recovered, expected }: SequenceAccount) => ({
  packets,
  lost,
  duplicated,
  reordered,
  recovered,
  expected,
});

/** An account to which these sequence numbers came in this order, 10 ms apart. */
function after(sequences: readonly number[]): SequenceAccount {
  const account = new SequenceAccount();
  for (const [index, sequence] of sequences.entries()) account.arrived(sequence & 0xffff, index * 10, false);
  return account;
}

const giveUp = (account: SequenceAccount): void => {
  account.review(1_000_000, buffer, nobody);
};

describe('figures', () => {
  test('of a stream that comes as it was sent', () => {
    const account = after([7, 8, 9, 10]);
    expect(figures(account)).toEqual({
      packets: 4,
      lost: 0,
      duplicated: 0,
      reordered: 0,
      recovered: 0,
      expected: 4,
    });
  });

  test('over the end of the numbers, where a late packet is still a late one', () => {
    const account = after([65_534, 0, 65_535, 1, 2]);
    expect(figures(account)).toMatchObject({ packets: 5, reordered: 1, lost: 0, expected: 5 });
  });

  test('a packet is lost once it is given up, not before', () => {
    const account = after([1, 2, 4, 5]);
    expect(account.lost).toBe(0);
    expect(account.missing).toBe(1);
    giveUp(account);
    expect(figures(account)).toMatchObject({ packets: 4, lost: 1, expected: 5 });
  });

  test('one that was given up and comes after all is not lost', () => {
    const account = after([1, 2, 4]);
    giveUp(account);
    expect(account.arrived(3, 5000, false)).toBe(LATE);
    expect(figures(account)).toMatchObject({ packets: 4, lost: 0, reordered: 1 });
  });

  test('a retransmission recovers', () => {
    const account = after([1, 2, 4]);
    expect(account.arrived(3, 100, true)).toBe(LATE);
    giveUp(account);
    expect(figures(account)).toMatchObject({ packets: 4, lost: 0, recovered: 1, reordered: 0 });
  });

  test('an original that comes after its retransmission was only slow', () => {
    const account = after([1, 2, 4]);
    account.arrived(3, 100, true);
    expect(account.arrived(3, 120, false)).toBe(DUPLICATE);
    expect(figures(account)).toMatchObject({ packets: 4, duplicated: 1, recovered: 0, reordered: 1 });
  });

  test('a second retransmission is a duplicate', () => {
    const account = after([1, 2, 4]);
    account.arrived(3, 100, true);
    expect(account.arrived(3, 120, true)).toBe(DUPLICATE);
    expect(figures(account)).toMatchObject({ packets: 4, duplicated: 1, recovered: 1 });
  });

  test('an outage longer than what can be asked for counts in full', () => {
    const account = after([10, 5010, 5011]);
    giveUp(account);
    expect(figures(account)).toMatchObject({ packets: 3, lost: 4999, expected: 5002 });
  });

  test('what each arrival was is told', () => {
    const account = new SequenceAccount();
    const said = [5, 6, 9, 7, 7, 10, 4].map((sequence, index) => account.arrived(sequence, index, false));
    expect(said).toEqual([IN_ORDER, IN_ORDER, AFTER_GAP, LATE, DUPLICATE, IN_ORDER, DUPLICATE]);
  });
});

describe('asking again', () => {
  test('waits a moment for reordering, then asks, and again after 100 ms, for one second', () => {
    const account = after([1, 3]);
    // The hole is seen when 3 comes, at 10 ms.
    expect(account.review(15, buffer, nobody)).toBe(0);
    expect(account.review(20, buffer, nobody)).toBe(1);
    expect(buffer[0]).toBe(2);
    expect(account.review(40, buffer, nobody)).toBe(0);
    expect(account.review(120, buffer, nobody)).toBe(1);
    const lost: number[] = [];
    const isLost = (sequence: number) => lost.push(sequence & 0xffff) > 0;
    expect(account.review(1011, buffer, { isLost })).toBe(0);
    expect(lost).toEqual([2]);
    expect(account.missing).toBe(0);
  });

  test('stops when the packet came', () => {
    const account = after([1, 5]);
    account.arrived(3, 12, false);
    expect(account.review(30, buffer, nobody)).toBe(2);
    expect([...buffer.subarray(0, 2)]).toEqual([2, 4]);
  });
});

/** What a network does to one packet. */
const fate = fc.constantFrom('pass', 'pass', 'pass', 'pass', 'drop', 'duplicate', 'delay', 'recover');

test('whatever a network does, the figures say exactly that', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff }), fc.array(fate, { maxLength: 400 }), (first, fates) => {
      const account = new SequenceAccount();
      const count = { packets: 1, lost: 0, duplicated: 0, reordered: 0, recovered: 0 };
      account.arrived(first, 0, false);
      let delayed: number[] = [];
      const arrive = (sequence: number, isRetransmission = false) =>
        account.arrived(sequence & 0xffff, sequence - first, isRetransmission);
      for (const [index, what] of fates.entries()) {
        const sequence = first + 1 + index;
        if (what === 'drop') count.lost += 1;
        else count.packets += 1;
        if (what === 'delay') delayed.push(sequence);
        if (what === 'recover') {
          count.recovered += 1;
          // The hole must have been seen: a later packet comes first.
          delayed.push(-sequence);
        }
        if (what !== 'pass' && what !== 'duplicate') continue;
        arrive(sequence);
        for (const late of delayed) {
          if (late > 0) count.reordered += 1;
          arrive(Math.abs(late), late < 0);
        }
        delayed = [];
        if (what === 'duplicate') {
          arrive(sequence);
          count.duplicated += 1;
        }
      }
      // The end: one that is sure to come shows the last holes.
      arrive(first + 1 + fates.length);
      count.packets += 1;
      for (const late of delayed) {
        if (late > 0) count.reordered += 1;
        arrive(Math.abs(late), late < 0);
      }
      giveUp(account);
      expect(figures(account)).toEqual({ ...count, expected: fates.length + 2 });
    }),
  );
});
