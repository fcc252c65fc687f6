/**
 * Owns which tiles stand on which page of the stage, and where: pure, from the order of tiles, the space and the page looked at.
 * Does not own geometry (gridLayout.ts) nor who is on the stage (tiles.ts).
 */
import { type Area, gridLayout, type Rect, spotlightLayout } from './gridLayout.ts';

const MAX_TILES = 49;
/** A hand-held screen shows faces, not a crowd. */
const MAX_TILES_SMALL = 12;
const SMALL = { width: 640, height: 400 };
/** Smaller than this a tile shows nobody. */
const MIN_WIDTH = 112;
const MIN_HEIGHT = 64;
/** Height that the buttons to leaf with take, below the tiles. */
export const PAGER_HEIGHT = 52;

/** One page of the stage, as it is drawn. */
export interface StagePage {
  readonly places: ReadonlyMap<string, Rect>;
  /** From 0; the nearest one that there is. */
  readonly page: number;
  readonly pages: number;
  /** Tiles of the pages before and after, and the size that they would have. */
  readonly neighbours: readonly string[];
  readonly neighbourSize: Area;
}

/** How a number of tiles is spread over pages, evenly. `spotlight`: they are the strip beside one large tile. */
export function pagesFor(
  count: number,
  area: Area,
  spotlight: boolean,
): { readonly pages: number; readonly perPage: number; readonly area: Area } {
  // Not measured yet: nobody changes places for that.
  if (area.width < 1 || area.height < 1) return { pages: 1, perPage: count, area };
  const isSmall = area.width < SMALL.width || area.height < SMALL.height;
  const most = isSmall ? MAX_TILES_SMALL : MAX_TILES;
  if (count <= capacity(most, area, spotlight)) return { pages: 1, perPage: count, area };
  const smaller = { ...area, height: Math.max(0, area.height - PAGER_HEIGHT) };
  const limit = capacity(most, smaller, spotlight);
  const pages = Math.ceil(count / limit);
  let perPage = Math.ceil(count / pages);
  // A few less may lie in more columns, each too narrow.
  while (perPage < limit && !fits(perPage, smaller, spotlight)) perPage += 1;
  return { pages: Math.ceil(count / perPage), perPage, area: smaller };
}

/** Lays out a page. @param order all tiles but the one in the spotlight. */
export function stagePage(
  order: readonly string[],
  spotlight: string | undefined,
  area: Area,
  wantedPage: number,
): StagePage {
  const { pages, perPage, area: space } = pagesFor(order.length, area, spotlight !== undefined);
  const page = Math.min(wantedPage, pages - 1);
  const keysOf = (index: number) => (index < 0 ? [] : order.slice(index * perPage, (index + 1) * perPage));
  const keys = keysOf(page);
  const lit = spotlight === undefined ? undefined : spotlightLayout(keys.length, space);
  const rects = lit ? lit.strip : gridLayout(keys.length, space);
  const places = new Map<string, Rect>();
  if (spotlight !== undefined && lit && space.width > 0) places.set(spotlight, lit.spotlight);
  for (const [index, key] of keys.entries()) {
    const rect = rects[index];
    if (rect) places.set(key, rect);
  }
  const { width = 0, height = 0 } = rects[0] ?? {};
  const neighbours = [...keysOf(page - 1), ...keysOf(page + 1)];
  return { places, page, pages, neighbours, neighbourSize: { width, height } };
}

/**
 * The order of tiles over pages: as before, new ones last; whoever must be on the first page changes places with somebody there who
 * need not, and who spoke longest ago. So nobody moves without a reason.
 * @param required keys that must be on the first page, the most important first.
 * @param recent who spoke, the latest first.
 */
export function arrange(
  previous: readonly string[],
  keys: readonly string[],
  perPage: number,
  { required, recent }: { readonly required: readonly string[]; readonly recent: readonly string[] },
): readonly string[] {
  if (perPage >= keys.length) return keys;
  const there = new Set(keys);
  const order = [...new Set([...previous.filter((key) => there.has(key)), ...keys])];
  const silence = (key: string) => {
    const place = recent.indexOf(key);
    return place < 0 ? recent.length : place;
  };
  for (const key of required.slice(0, perPage)) {
    const at = order.indexOf(key);
    if (at < perPage) continue;
    const movable = order.slice(0, perPage).filter((other) => !required.includes(other));
    const victim = movable.reduceRight<string | undefined>(
      (quietest, other) => (quietest === undefined || silence(other) > silence(quietest) ? other : quietest),
      undefined,
    );
    if (victim === undefined) continue;
    order[order.indexOf(victim)] = key;
    order[at] = victim;
  }
  return order;
}

/** The most tiles that a page can hold. */
function capacity(most: number, area: Area, spotlight: boolean): number {
  let count = most;
  while (count > 1 && !fits(count, area, spotlight)) count -= 1;
  return count;
}

function fits(count: number, area: Area, spotlight: boolean): boolean {
  const [first] = spotlight ? spotlightLayout(count, area).strip : gridLayout(count, area);
  return first !== undefined && first.width >= MIN_WIDTH && first.height >= MIN_HEIGHT;
}
