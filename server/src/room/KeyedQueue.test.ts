/**
 * One at a time per key.
 */
import { expect, test } from 'vitest';
import { KeyedQueue } from './KeyedQueue.ts';

test('tasks of one key run in order, also after a failure; other keys do not wait', async () => {
  const queue = new KeyedQueue();
  const seen: string[] = [];
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const first = queue.run('a', async () => {
    await gate;
    seen.push('first');
    throw new Error('first failed');
  });
  const second = queue.run('a', async () => {
    seen.push('second');
    return 2;
  });
  await queue.run('b', async () => void seen.push('other'));
  expect(seen).toEqual(['other']);
  open();
  await expect(first).rejects.toThrow('first failed');
  expect(await second).toBe(2);
  expect(seen).toEqual(['other', 'first', 'second']);
});
