/**
 * Tests of the cause that is told when devices do not work.
 */
import { describe, expect, it } from 'vitest';
import { mediaProblem } from './mediaProblem.ts';

describe('mediaProblem', () => {
  it('says nothing while both work', () => {
    expect(mediaProblem(undefined, undefined, true)).toBeUndefined();
  });

  it('names the insecure address before anything else', () => {
    expect(mediaProblem('unsupported', 'unsupported', false)).toEqual({ about: 'insecure' });
  });

  it('says it once when both have the same cause', () => {
    expect(mediaProblem('device-denied', 'device-denied', true)).toEqual({
      about: 'both',
      code: 'device-denied',
    });
  });

  it('tells of the microphone first when the causes differ', () => {
    expect(mediaProblem('device-missing', 'device-busy', true)).toEqual({
      about: 'mic',
      code: 'device-missing',
    });
    expect(mediaProblem(undefined, 'device-busy', true)).toEqual({ about: 'camera', code: 'device-busy' });
  });

  it('has words for every code', () => {
    expect(mediaProblem('internal', undefined, true)).toEqual({ about: 'mic', code: 'unsupported' });
  });
});
