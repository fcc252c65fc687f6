/**
 * Tests of reading a name out of a token; nothing of it is trusted.
 */
import { describe, expect, it } from 'vitest';
import { displayNameIn } from './entryToken.ts';

const tokenOf = (claims: unknown) => {
  const bytes = new TextEncoder().encode(JSON.stringify(claims));
  const base64url = btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
  return `e30.${base64url}.signature`;
};

describe('displayNameIn', () => {
  it('reads the name, in any script', () => {
    expect(displayNameIn(tokenOf({ name: 'Cem Yıldız 😀' }))).toBe('Cem Yıldız 😀');
  });

  it.each([tokenOf({}), tokenOf({ name: 7 }), tokenOf(null), 'nonsense', 'a.%%%.c', ''])(
    'gives nothing for %s',
    (token) => {
      expect(displayNameIn(token)).toBeUndefined();
    },
  );
});
