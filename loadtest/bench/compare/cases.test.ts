import { describe, expect, it } from 'vitest';
import { audioCase, fullCases, quickCases, roomsCase, subscriptionsOf, videoCase } from './cases.ts';

describe('cases', () => {
  it('counts what must arrive when everybody receives everybody else', () => {
    expect(subscriptionsOf(videoCase(100).load)).toBe(100);
    expect(subscriptionsOf(roomsCase(2).load)).toBe(2 * 8 * 7);
    expect(subscriptionsOf(audioCase(30, ['m0']).load)).toBe(30 * 29);
  });

  it('measures an open-microphone room of 30 and computes larger ones', () => {
    expect(audioCase(30, ['m0'])).toMatchObject({ contenders: ['m0'], computed: [] });
    expect(audioCase(50, ['m0'])).toMatchObject({ contenders: [], computed: ['m0'] });
  });

  it('has every case once', () => {
    for (const cases of [fullCases(), quickCases()]) {
      const ids = cases.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });
});
