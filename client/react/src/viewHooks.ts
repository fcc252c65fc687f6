/**
 * Owns how tiles find out how large they are and whether they can be seen. Does not own what follows (TileViews, the SDK).
 */
import type { CallApi, Source, ViewTile } from '@parley/client';
import { createContext, type RefObject, useContext, useEffect, useState } from 'react';
import { TileViews } from './TileViews.ts';

/** The collector of the nearest call. */
export const TileViewsContext = createContext<TileViews | undefined>(undefined);

/** A call's collector, which also follows the page: hidden, zoomed. */
export function useNewTileViews(call: CallApi): TileViews {
  const [views] = useState(() => new TileViews(call, () => globalThis.devicePixelRatio));
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const follow = () => views.setPageHidden(document.visibilityState === 'hidden');
    follow();
    document.addEventListener('visibilitychange', follow, { signal });
    // Zooming and moving to another screen change the size of the window in CSS pixels.
    globalThis.addEventListener('resize', () => views.refresh(), { signal });
    return () => stop.abort();
  }, [views]);
  return views;
}

/**
 * Reports a tile while it is mounted: its size, whether any of it can be seen, how much it matters. From the first one on the call
 * receives only what tiles show.
 * @param element the tile; its video, somewhere inside, may be shown as picture in picture.
 */
export function useTileView(
  element: RefObject<Element | null>,
  { peerId, source, priority }: { peerId: string; source: Source; priority: ViewTile['priority'] },
): void {
  const views = useContext(TileViewsContext);
  useEffect(() => {
    const target = element.current;
    if (!views || !target) return;
    const owner = {};
    // Until the observer has spoken, in a frame or two: what is mounted is mostly there to be seen.
    let visible = true;
    const report = () => {
      const { width, height } = target.getBoundingClientRect();
      const detached = target.contains(document.pictureInPictureElement ?? null);
      views.set(owner, [{ peerId, source, width, height, visible, priority, detached }]);
    };
    report();
    const sizes = new ResizeObserver(report);
    sizes.observe(target);
    const sight = new IntersectionObserver((entries) => {
      visible = entries.at(-1)?.isIntersecting ?? visible;
      report();
    });
    sight.observe(target);
    const stop = new AbortController();
    for (const event of ['enterpictureinpicture', 'leavepictureinpicture']) {
      target.addEventListener(event, report, { signal: stop.signal });
    }
    return () => {
      stop.abort();
      sizes.disconnect();
      sight.disconnect();
      views.set(owner, []);
    };
  }, [views, element, peerId, source, priority]);
}

/** Reports tiles that are not drawn: kept warm for the next page, or microphones that are to be heard whoever speaks. */
export function useTiles(tiles: readonly ViewTile[]): void {
  const views = useContext(TileViewsContext);
  const [owner] = useState(() => ({}));
  useEffect(() => views?.set(owner, tiles), [views, owner, tiles]);
  useEffect(() => () => views?.set(owner, []), [views, owner]);
}
