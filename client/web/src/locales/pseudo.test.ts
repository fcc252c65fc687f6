/**
 * Tests of the pseudo-locale and of the English texts: nothing empty, plural forms complete.
 */
import { describe, expect, it } from 'vitest';
import english from './en.json';
import { pseudoLocale, pseudoText, type Texts } from './pseudo.ts';

const flatten = (texts: Texts, prefix = ''): [string, string][] =>
  Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'string'
      ? [[prefix + key, value] as [string, string]]
      : flatten(value, `${prefix}${key}.`),
  );

describe('the pseudo-locale', () => {
  it('marks every text, keeps placeholders and keys', () => {
    expect(pseudoText('Mute {{name}}')).toBe('⟦Múté {{name}}·····⟧');
    const pseudo = flatten(pseudoLocale(english));
    expect(pseudo.map(([key]) => key)).toEqual(flatten(english).map(([key]) => key));
    for (const [, text] of pseudo) expect(text).toMatch(/^⟦.*⟧$/su);
  });
});

describe('the English texts', () => {
  it('are all there', () => {
    for (const [key, text] of flatten(english)) expect(text.trim(), key).not.toBe('');
  });

  it('have both plural forms wherever something is counted', () => {
    const keys = new Set(flatten(english).map(([key]) => key));
    for (const key of keys) {
      if (key.endsWith('_one')) expect(keys).toContain(key.replace(/_one$/, '_other'));
      if (key.endsWith('_other')) expect(keys).toContain(key.replace(/_other$/, '_one'));
    }
    for (const [key, text] of flatten(english)) {
      if (text.includes('{{count}}')) expect(key).toMatch(/_(one|other)$/);
    }
  });
});
