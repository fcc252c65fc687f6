import { describe, expect, it } from 'vitest';
import { schedule } from './schedule.ts';

const items = ['a', 'b', 'c', 'd', 'e'];

describe('schedule', () => {
  it('has everybody once in each round', () => {
    const rounds = schedule(items, 6, 1);
    expect(rounds).toHaveLength(6);
    for (const round of rounds) expect([...round].sort()).toEqual(items);
  });

  it('is the same for the same seed and another for another', () => {
    expect(schedule(items, 6, 7)).toEqual(schedule(items, 6, 7));
    expect(schedule(items, 6, 7)).not.toEqual(schedule(items, 6, 8));
  });

  it('does not put the same one first all the time', () => {
    const firsts = new Set(schedule(items, 30, 3).map(([first]) => first));
    expect(firsts.size).toBe(items.length);
  });
});
