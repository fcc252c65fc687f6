/**
 * Owns where tiles lie on the stage: pure geometry in CSS pixels. Does not own which tiles there are (tiles.ts).
 */

/** A tile's place on the stage. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The room that there is for tiles. */
export interface Area {
  readonly width: number;
  readonly height: number;
}

const GAP = 8;
/** Cameras are 16:9 or 4:3, phones 9:16: between these ratios cropping costs little of a face. */
const WIDEST = 16 / 9;
const NARROWEST = 4 / 5;
/** Share of the width that the strip beside a shared screen gets, and its limits in pixels. */
const STRIP_SHARE = 0.22;
const STRIP_MIN = 112;
const STRIP_MAX = 300;
/** On a tall stage a shared screen (16:10, with a margin) needs this much of its own width in height, or this share of all. */
const SPOTLIGHT_RATIO = 0.7;
const SPOTLIGHT_SHARE = 0.55;

/**
 * Places of `count` equal tiles, as large as they can be, centred, the last row too.
 * @returns one rectangle per tile, in reading order; empty for an area without room.
 */
export function gridLayout(count: number, { width, height }: Area): Rect[] {
  if (count < 1 || width < 1 || height < 1) return [];
  let best = { columns: 1, tileWidth: 0, tileHeight: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const cellWidth = (width - GAP * (columns - 1)) / columns;
    const cellHeight = (height - GAP * (rows - 1)) / rows;
    const ratio = Math.min(WIDEST, Math.max(NARROWEST, cellWidth / cellHeight));
    const tileWidth = Math.floor(Math.min(cellWidth, cellHeight * ratio));
    const tileHeight = Math.floor(Math.min(cellHeight, cellWidth / ratio));
    if (tileWidth * tileHeight > best.tileWidth * best.tileHeight) best = { columns, tileWidth, tileHeight };
  }
  const { columns, tileWidth, tileHeight } = best;
  if (tileWidth < 1 || tileHeight < 1) return [];
  const rows = Math.ceil(count / columns);
  const top = (height - rows * tileHeight - (rows - 1) * GAP) / 2;
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = row === rows - 1 ? count - row * columns : columns;
    const left = (width - inRow * tileWidth - (inRow - 1) * GAP) / 2;
    return {
      x: Math.round(left + (index % columns) * (tileWidth + GAP)),
      y: Math.round(top + row * (tileHeight + GAP)),
      width: tileWidth,
      height: tileHeight,
    };
  });
}

/**
 * Places with one tile in the spotlight: it gets most of the area, the others a strip beside it, or below on tall stages.
 * @param others how many tiles the strip holds.
 */
export function spotlightLayout(others: number, area: Area): { spotlight: Rect; strip: Rect[] } {
  const { width, height } = area;
  if (others < 1) return { spotlight: { x: 0, y: 0, width, height }, strip: [] };
  const beside = width >= height * 1.1;
  const length = beside ? width : height;
  const wanted = beside
    ? Math.min(STRIP_MAX, length * STRIP_SHARE)
    : length - GAP - Math.max(width * SPOTLIGHT_RATIO, length * SPOTLIGHT_SHARE);
  const strip = Math.round(Math.max(STRIP_MIN, wanted));
  const main = Math.max(0, length - strip - GAP);
  const places = gridLayout(others, beside ? { width: strip, height } : { width, height: strip });
  return {
    spotlight: { x: 0, y: 0, width: beside ? main : width, height: beside ? height : main },
    strip: places.map((place) => ({
      ...place,
      x: place.x + (beside ? main + GAP : 0),
      y: place.y + (beside ? 0 : main + GAP),
    })),
  };
}
