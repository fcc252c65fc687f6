import { describe, expect, it } from 'vitest';
import { audioCase, fullCases, loadFor, quickCases, roomsCase, tracksOf, videoCase } from './cases.ts';

describe('cases', () => {
  it('counts what must arrive when everybody receives everybody else', () => {
    expect(tracksOf(videoCase(100).load, 'parley')).toEqual({ video: 100, audio: 0 });
    expect(tracksOf(roomsCase(2).load, 'parley')).toEqual({ video: 2 * 8 * 7, audio: 0 });
    expect(tracksOf(audioCase(30, ['m0']).load, 'm0')).toEqual({ video: 0, audio: 30 * 29 });
  });

  it('counts the loudest three where a server selects, and nothing of who is silent', () => {
    const { load } = audioCase(30, ['parley']);
    expect(tracksOf(load, 'parley')).toEqual({ video: 0, audio: 30 * 3 });
    expect(tracksOf({ ...load, talkers: 3 }, 'parley')).toEqual({ video: 0, audio: 3 * 2 + 27 * 3 });
    expect(tracksOf({ ...load, talkers: 3 }, 'm0')).toEqual({ video: 0, audio: 3 * 29 });
    expect(loadFor(load, 'parley')).toEqual(load);
    expect(loadFor(load, 'm0').layout).toBeUndefined();
    const page = { ...load, publish: { audio: true, video: true } };
    expect(tracksOf(page, 'm1')).toEqual({ video: 30 * 9, audio: 30 * 3 });
    expect(tracksOf(page, 'j0')).toEqual({ video: 30 * 29, audio: 30 * 29 });
  });

  it('measures an open-microphone room of 30 and computes larger ones', () => {
    expect(audioCase(30, ['m0'])).toMatchObject({ contenders: ['m0'], computed: [] });
    expect(audioCase(50, ['parley', 'm0'])).toMatchObject({ contenders: ['parley'], computed: ['m0'] });
  });

  it('has every case once', () => {
    for (const cases of [fullCases(), quickCases()]) {
      const ids = cases.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });
});
