/** Tests: tasks in order. */
import { expect, test } from 'vitest';
import { SerialQueue } from './SerialQueue.ts';

test('tasks run one after another, in order, and a failed one does not stop the next', async () => {
  const queue = new SerialQueue();
  const log: string[] = [];
  const task = (name: string, fails = false) =>
    queue.run(async () => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const outcomes = Promise.allSettled([task('a'), task('b', true), task('c')]);
  expect(queue.length).toBe(3);
  expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  expect(queue.length).toBe(0);
});
