/**
 * Tests of what stands for a person without a picture.
 */
import { describe, expect, it } from 'vitest';
import { AVATAR_COLOURS, colourIndexOf, initialsOf } from './avatarLook.ts';

describe('a person without a picture', () => {
  it.each([
    ['Ada', 'A'],
    ['Ada Lovelace', 'AL'],
    ['ada maria lovelace', 'AL'],
    ['  李 小龙 ', '李小'],
    ['👩‍🚀', '👩'],
    ['', ''],
  ])('%s has the initials %s', (name, initials) => {
    expect(initialsOf(name)).toBe(initials);
  });

  it('keeps its colour, and people get different ones', () => {
    expect(colourIndexOf('peer-1')).toBe(colourIndexOf('peer-1'));
    const used = new Set(Array.from({ length: 40 }, (_, index) => colourIndexOf(`peer-${index}`)));
    expect(used.size).toBe(AVATAR_COLOURS);
  });
});
