/**
 * The search for the knee: it is found, with few attempts, wherever it is.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findKnee } from './ramp.ts';

async function search(first: number, knee: number) {
  const attempts: number[] = [];
  const found = await findKnee(first, async (load) => {
    attempts.push(load);
    return load <= knee ? 'good' : 'bad';
  });
  return { found, attempts };
}

test('finds the largest good load, at most 10 % below it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 100_000 }),
      async (first, knee) => {
        const { found = 0, attempts } = await search(first, knee);
        expect(found).toBeLessThanOrEqual(knee);
        expect(found).toBeGreaterThanOrEqual(Math.floor(knee / 1.1) - 1);
        expect(attempts.length).toBeLessThan(2 * Math.log2(Math.max(first, knee) + 1) + 6);
        expect(new Set(attempts).size).toBe(attempts.length);
      },
    ),
  );
});

test('doubles, then halves the space between', async () => {
  expect(await search(4, 25)).toEqual({ found: 24, attempts: [4, 8, 16, 32, 24, 28, 26] });
});

test('looks for a smaller load when the first one is not good', async () => {
  expect(await search(10, 3)).toEqual({ found: 3, attempts: [10, 5, 2, 3, 4] });
});

test('finds none where not even one is good', async () => {
  expect(await search(8, 0)).toEqual({ found: undefined, attempts: [8, 4, 2, 1] });
});

test('gives the best so far when it is ended', async () => {
  const knee = await findKnee(1, async (load) => (load < 8 ? 'good' : 'stop'));
  expect(knee).toBe(4);
});
