import { describe, expect, it } from 'vitest';
import { median, medianInterval, percentile } from './statistics.ts';

describe('statistics', () => {
  it('takes the middle value, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(() => median([])).toThrow(RangeError);
  });

  it('takes percentiles by nearest rank', () => {
    expect(percentile([10, 20, 30, 40], 50)).toBe(20);
    expect(percentile([10, 20, 30, 40], 95)).toBe(40);
  });

  it('gives an interval that holds the median and stays within the values', () => {
    const { median: middle, low, high } = medianInterval([10, 11, 12, 13, 20]);
    expect(middle).toBe(12);
    expect(low).toBeGreaterThanOrEqual(10);
    expect(low).toBeLessThan(12);
    expect(high).toBeGreaterThan(12);
    expect(high).toBeLessThanOrEqual(20);
  });

  it('gives no width where all values are the same, and the same for the same values', () => {
    expect(medianInterval([5, 5, 5])).toEqual({ median: 5, low: 5, high: 5 });
    expect(medianInterval([1, 5, 9, 2])).toEqual(medianInterval([1, 5, 9, 2]));
  });

  it('narrows with more values', () => {
    const few = medianInterval([1, 2, 3, 4, 5]);
    const many = medianInterval(Array.from({ length: 200 }, (_, index) => 1 + (index % 5)));
    expect(many.high - many.low).toBeLessThan(few.high - few.low);
  });
});
