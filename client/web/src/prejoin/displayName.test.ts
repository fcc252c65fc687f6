/**
 * Tests of display names as they are typed.
 */
import { describe, expect, it } from 'vitest';
import { checkDisplayName } from './displayName.ts';

describe('checkDisplayName', () => {
  it('takes names in any script, trimmed', () => {
    expect(checkDisplayName('  Ada ')).toEqual({ ok: true, displayName: 'Ada' });
    expect(checkDisplayName('😀'.repeat(60))).toMatchObject({ ok: true });
  });

  it.each([
    ['', 'empty'],
    ['  ', 'empty'],
    ['x'.repeat(61), 'tooLong'],
    ['x'.repeat(1_000), 'tooLong'],
    ['Ada\u202Eevil', 'characters'],
    ['Ada\u200B', 'characters'],
    ['\u3164', 'characters'],
  ])('refuses %j: %s', (typed, problem) => {
    expect(checkDisplayName(typed)).toEqual({ ok: false, problem });
  });
});
