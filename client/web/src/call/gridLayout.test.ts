/**
 * Tests of the stage's geometry: everything fits, nothing overlaps, space is used well.
 */
import { describe, expect, it } from 'vitest';
import { type Area, gridLayout, type Rect, spotlightLayout } from './gridLayout.ts';

const areas: Area[] = [
  { width: 1264, height: 640 },
  { width: 1896, height: 900 },
  { width: 374, height: 640 },
  { width: 800, height: 300 },
  { width: 320, height: 420 },
];

const overlap = (a: Rect, b: Rect) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

function expectSound(places: readonly Rect[], area: Area): void {
  for (const [index, place] of places.entries()) {
    expect(place.x).toBeGreaterThanOrEqual(0);
    expect(place.y).toBeGreaterThanOrEqual(0);
    expect(place.x + place.width).toBeLessThanOrEqual(area.width);
    expect(place.y + place.height).toBeLessThanOrEqual(area.height);
    for (const other of places.slice(index + 1)) expect(overlap(place, other)).toBe(false);
  }
}

describe('gridLayout', () => {
  it.each(areas)('fits 1 to 16 tiles into %o without overlap', (area) => {
    for (let count = 1; count <= 16; count += 1) {
      const places = gridLayout(count, area);
      expect(places).toHaveLength(count);
      expectSound(places, area);
    }
  });

  it('covers at least half of common stages, whatever the number', () => {
    for (const area of areas.slice(0, 3)) {
      for (let count = 1; count <= 16; count += 1) {
        const used = gridLayout(count, area).reduce((sum, { width, height }) => sum + width * height, 0);
        expect(used / (area.width * area.height), `${count} in ${area.width}x${area.height}`).toBeGreaterThan(
          0.5,
        );
      }
    }
  });

  it('puts two side by side on a wide stage and one above the other on a phone', () => {
    const [a, b] = gridLayout(2, areas[0]!);
    expect(a!.y).toBe(b!.y);
    const [c, d] = gridLayout(2, areas[2]!);
    expect(c!.x).toBe(d!.x);
  });

  it('centres the last row', () => {
    const places = gridLayout(5, areas[0]!);
    const last = places.filter(({ y }) => y === places[4]!.y);
    const left = Math.min(...last.map(({ x }) => x));
    const right = Math.max(...last.map(({ x, width }) => x + width));
    expect(Math.abs(left - (areas[0]!.width - right))).toBeLessThanOrEqual(2);
  });

  it('gives nothing where there is no room', () => {
    expect(gridLayout(0, areas[0]!)).toEqual([]);
    expect(gridLayout(3, { width: 0, height: 0 })).toEqual([]);
  });
});

describe('spotlightLayout', () => {
  it.each(areas)('gives the spotlight most of %o and fits the others beside it', (area) => {
    for (let others = 1; others <= 16; others += 1) {
      const { spotlight, strip } = spotlightLayout(others, area);
      expect(strip).toHaveLength(others);
      expectSound([spotlight, ...strip], area);
      expect(spotlight.width * spotlight.height).toBeGreaterThan(area.width * area.height * 0.5);
    }
  });

  it('gives all of it to a spotlight that is alone', () => {
    const area = { width: 1264, height: 640 };
    expect(spotlightLayout(0, area).spotlight).toEqual({ x: 0, y: 0, ...area });
  });
});
