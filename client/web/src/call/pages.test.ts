/**
 * Tests of the pages: how many tiles fit, who stands on the first one, what is kept warm.
 */
import { describe, expect, it } from 'vitest';
import { arrange, PAGER_HEIGHT, pagesFor, stagePage } from './pages.ts';

const desktop = { width: 1264, height: 580 };
const phone = { width: 374, height: 600 };
const people = (count: number) => Array.from({ length: count }, (_, index) => `p${index + 1}`);

describe('pages', () => {
  it('hold 49 tiles on a desktop, 12 on a phone, and as many as can be seen on a small stage', () => {
    expect(pagesFor(49, desktop, false)).toMatchObject({ pages: 1, perPage: 49 });
    expect(pagesFor(50, desktop, false)).toMatchObject({ pages: 2, perPage: 25 });
    expect(pagesFor(100, desktop, false)).toMatchObject({ pages: 3, perPage: 34 });
    expect(pagesFor(12, phone, false)).toMatchObject({ pages: 1 });
    expect(pagesFor(13, phone, false)).toMatchObject({ pages: 2, perPage: 7 });
    expect(pagesFor(100, { width: 1264, height: 420 }, false).perPage).toBeLessThan(49);
  });

  it('leave tiles large enough to see somebody, and room for the buttons', () => {
    for (const area of [desktop, phone, { width: 700, height: 420 }, { width: 320, height: 420 }]) {
      for (const spotlight of [undefined, 'screen p1']) {
        for (const count of [5, 20, 60, 200]) {
          const order = people(count);
          const { places, pages } = stagePage(order, spotlight, area, 0);
          const limit = pages > 1 ? area.height - PAGER_HEIGHT : area.height;
          for (const { y, width, height } of places.values()) {
            expect(width).toBeGreaterThanOrEqual(112);
            expect(y + height).toBeLessThanOrEqual(limit);
          }
        }
      }
    }
  });

  it('show everybody once over all pages', () => {
    const order = people(120);
    const { pages } = stagePage(order, undefined, desktop, 0);
    const shown = Array.from({ length: pages }, (_, page) => [
      ...stagePage(order, undefined, desktop, page).places.keys(),
    ]);
    expect(shown.flat()).toEqual(order);
  });

  it('know their neighbours, and stay where there is a page', () => {
    const order = people(120);
    const middle = stagePage(order, undefined, desktop, 1);
    expect(middle.neighbours).toHaveLength(80);
    expect(middle.neighbourSize.width).toBeGreaterThanOrEqual(112);
    const last = stagePage(order, undefined, desktop, 99);
    expect(last.page).toBe(2);
    expect(last.neighbours).toEqual(order.slice(40, 80));
    expect(stagePage(people(4), undefined, desktop, 0)).toMatchObject({ pages: 1, neighbours: [] });
  });

  it('leaf the strip beside a spotlight, which stays', () => {
    const order = people(80);
    const first = stagePage(order, 'screen p1', desktop, 0);
    expect(first.pages).toBeGreaterThan(1);
    const second = stagePage(order, 'screen p1', desktop, 1);
    expect(second.places.get('screen p1')).toEqual(first.places.get('screen p1'));
  });

  it('are none without room', () => {
    const { places, pages } = stagePage(people(3), undefined, { width: 0, height: 0 }, 0);
    expect(places.size).toBe(0);
    expect(pages).toBe(1);
  });
});

describe('arrange', () => {
  const keys = people(6);

  it('is the order of joining while one page is enough', () => {
    expect(arrange(['p6', 'p1'], keys, 6, { required: ['p6'], recent: [] })).toEqual(keys);
  });

  it('brings who must be there to the first page, for who spoke longest ago, and moves nobody else', () => {
    const options = { required: ['p1', 'p5'], recent: ['p5', 'p3', 'p2'] };
    expect(arrange([], keys, 3, options)).toEqual(['p1', 'p5', 'p3', 'p4', 'p2', 'p6']);
    const never = { required: ['p1', 'p5'], recent: ['p5', 'p2'] };
    expect(arrange([], keys, 3, never)).toEqual(['p1', 'p2', 'p5', 'p4', 'p3', 'p6']);
  });

  it('leaves it so when somebody else speaks who is there already', () => {
    const before = ['p1', 'p5', 'p3', 'p4', 'p2', 'p6'];
    expect(arrange(before, keys, 3, { required: ['p1', 'p3'], recent: ['p3', 'p5'] })).toEqual(before);
  });

  it('drops who left and puts newcomers last', () => {
    const before = ['p1', 'p5', 'p3', 'p4', 'p2', 'p6'];
    const now = ['p1', 'p2', 'p4', 'p5', 'p6', 'p7'];
    expect(arrange(before, now, 3, { required: ['p1'], recent: [] })).toEqual([
      'p1',
      'p5',
      'p4',
      'p2',
      'p6',
      'p7',
    ]);
  });
});
