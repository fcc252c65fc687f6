/**
 * The suites of signaling and sessions once more, with the rooms in Redis: what clients see is the same.
 */
import { afterAll, describe } from 'vitest';
import { RedisServer } from '../support/redis.ts';

const redis = await RedisServer.start();
afterAll(() => redis.stop());
// Each test file runs in a process of its own; startServer.ts takes this up.
process.env.PARLEY_TEST_REDIS_URL = redis.url;

describe('rooms in Redis', async () => {
  await import('../integration/signaling.test.ts');
  await import('../integration/sessions.test.ts');
});
