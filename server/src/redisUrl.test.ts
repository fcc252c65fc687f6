/**
 * What REDIS_URL may say, and that no message repeats a password.
 */
import { expect, test } from 'vitest';
import { parseRedisUrl } from './redisUrl.ts';

const plain = { tls: false, username: undefined, password: undefined, db: 0 };

test.each([
  ['redis://localhost', { ...plain, hosts: [{ host: 'localhost', port: 6379 }] }],
  ['redis://[::1]:7000/3', { ...plain, hosts: [{ host: '::1', port: 7000 }], db: 3 }],
  [
    'rediss://ada:p%2Cw%40rd@redis.example.org',
    {
      hosts: [{ host: 'redis.example.org', port: 6379 }],
      tls: true,
      username: 'ada',
      password: 'p,w@rd',
      db: 0,
    },
  ],
  [
    'redis://:pw@a:1, b:2,redis://c ,[::1]',
    {
      ...plain,
      password: 'pw',
      hosts: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
        { host: 'c', port: 6379 },
        { host: '::1', port: 6379 },
      ],
    },
  ],
])('%s', (text, settings) => {
  expect(parseRedisUrl(text)).toEqual(settings);
});

test.each([
  '',
  'localhost:6379',
  'http://localhost',
  'redis://',
  'redis://:s3cret@',
  'redis://host:s3cret/x',
  'redis://:s3cret@host/one',
  'redis://:s3cret@host?db=1',
  'redis://:s3cret@a,',
  'redis://:s3cret@a,b c',
  'redis://:s3cret@a/1,b',
  'redis://:s3cret%zz@a',
])('%s is refused', (text) => {
  const problem = parseRedisUrl(text);
  expect(problem).toBeTypeOf('string');
  expect(problem).not.toContain('s3cret');
});
