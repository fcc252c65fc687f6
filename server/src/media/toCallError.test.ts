/** Tests: mediasoup's errors as ours. */
import { CallError } from '@parley/protocol';
import { errors } from 'mediasoup';
import { expect, test } from 'vitest';
import { notFound, toCallError } from './toCallError.ts';

test.each([
  [new errors.WorkerClosedError('gone'), 'unavailable'],
  [new errors.NotFoundError('no Producer'), 'not-found'],
  [new errors.UnsupportedError('no codec'), 'invalid-request'],
  [new TypeError('wrong'), 'invalid-request'],
  [new Error('MID already exists'), 'invalid-request'],
])('%s becomes %s', (error, code) => {
  const mapped = toCallError(error, 'invalid-request');
  expect(mapped).toMatchObject({ code, cause: error });
});

test('what the worker refuses in its own words has the code that the call gives it', () => {
  expect(toCallError(new Error('too many'), 'unavailable').code).toBe('unavailable');
});

test('an error of ours stays as it is', () => {
  const error = notFound('transport');
  expect(toCallError(error, 'invalid-request')).toBe(error);
  expect(error).toBeInstanceOf(CallError);
  expect(error.details).toEqual({ what: 'transport' });
});
