/** Tests: what falls when, for each kind of picture. */
import { describe, expect, it } from 'vitest';
import { MAX_SHED_LEVEL } from '../load/ShedPolicy.ts';
import type { VideoLayers } from './layers.ts';
import { capped, type Rank } from './videoCap.ts';

const camera: VideoLayers = { heights: [180, 360, 720], temporal: 3, encodings: 3 };
const screen: VideoLayers = { heights: [720], temporal: 1, encodings: 1 };
const levels = Array.from({ length: MAX_SHED_LEVEL + 1 }, (_, level) => level);

/** `spatial layer`, a dot and `temporal layer` at each level; `-` is nothing. */
const falls = (rank: Rank, layers: VideoLayers, spatialLayer: number, temporalLayer: number): string =>
  levels
    .map((level) => capped({ spatialLayer, temporalLayer }, layers, rank, level))
    .map((choice) => (choice ? `${choice.spatialLayer}.${choice.temporalLayer}` : '-'))
    .join(' ');

describe('[SHED1] the least important falls first', () => {
  it('ordinary pictures: frames, then size, then all', () => {
    expect(falls('ordinary', camera, 2, 2)).toBe('2.2 2.1 2.0 1.0 0.0 - - -');
  });

  it('whoever speaks or is pinned, and screens, after these', () => {
    expect(falls('speaker', camera, 2, 2)).toBe('2.2 2.2 2.2 2.2 2.2 2.2 0.0 -');
    expect(falls('screen', screen, 0, 0)).toBe('0.0 0.0 0.0 0.0 0.0 0.0 0.0 -');
  });

  it('nothing is ever more than was asked for, or below the lowest', () => {
    expect(falls('ordinary', camera, 0, 1)).toBe('0.1 0.1 0.0 0.0 0.0 - - -');
    expect(falls('ordinary', { ...camera, temporal: 2 }, 1, 1)).toBe('1.1 1.0 1.0 1.0 0.0 - - -');
    expect(falls('ordinary', screen, 0, 0)).toBe('0.0 0.0 0.0 0.0 0.0 - - -');
  });
});
