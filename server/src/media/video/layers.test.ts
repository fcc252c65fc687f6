import type { RtpParameters } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { layersFor, layersOf } from './layers.ts';

const parametersOf = (encodings: RtpParameters['encodings']): RtpParameters => ({ codecs: [], encodings });
const camera = layersOf(
  parametersOf(
    [4, 2, 1].map((scaleResolutionDownBy) => ({ scaleResolutionDownBy, scalabilityMode: 'L1T3' })),
  ),
);
const tile = (height: number) => ({ width: (height * 16) / 9, height });

describe('layersOf', () => {
  it('knows simulcast by its encodings', () => {
    expect(camera).toEqual({ heights: [180, 360, 720], temporal: 3, encodings: 3 });
    expect(layersOf(parametersOf([{ scaleResolutionDownBy: 2 }, { scaleResolutionDownBy: 1 }]))).toEqual({
      heights: [180, 360],
      temporal: 1,
      encodings: 2,
    });
    // Parameters that do not say how they scale: by halves.
    expect(layersOf(parametersOf([{}, {}, {}])).heights).toEqual([180, 360, 720]);
  });

  it('knows scalable coding by its mode', () => {
    expect(layersOf(parametersOf([{ scalabilityMode: 'L3T3_KEY' }]))).toEqual({
      heights: [180, 360, 720],
      temporal: 3,
      encodings: 1,
    });
  });

  it('takes everything else as one layer', () => {
    for (const encodings of [[{}], [], undefined]) {
      expect(layersOf(parametersOf(encodings))).toEqual({ heights: [720], temporal: 1, encodings: 1 });
    }
  });
});

describe('[VIEW3] layersFor', () => {
  it.each([
    [180, 0],
    [240, 0],
    [241, 1],
    [360, 1],
    [480, 1],
    [481, 2],
    [720, 2],
    [2160, 2],
  ])('a tile of %i pixels height gets layer %i', (height, spatialLayer) => {
    expect(layersFor(tile(height), camera)).toEqual({ spatialLayer, temporalLayer: 2 });
  });

  it('a stamp gets half the pictures', () => {
    expect(layersFor(tile(90), camera)).toEqual({ spatialLayer: 0, temporalLayer: 1 });
    expect(layersFor({ width: 0, height: 0 }, camera)).toEqual({ spatialLayer: 0, temporalLayer: 1 });
  });

  it('a wide tile is filled across', () => {
    expect(layersFor({ width: 1280, height: 100 }, camera).spatialLayer).toBe(2);
  });

  it('whatever a publisher says, a layer that exists is chosen', () => {
    for (const scales of [
      [1, 1, 1],
      [64, 1, 64],
      [1, 2, 4],
    ]) {
      const odd = layersOf(parametersOf(scales.map((scaleResolutionDownBy) => ({ scaleResolutionDownBy }))));
      for (const height of [0, 100, 500, 8192]) {
        const { spatialLayer } = layersFor(tile(height), odd);
        expect([0, 1, 2]).toContain(spatialLayer);
      }
    }
  });
});
