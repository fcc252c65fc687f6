/**
 * Owns the stage: which tile lies where on which page, as the space and the people change; what is pinned.
 * Does not own what a tile shows.
 */
import { sameItems, useCallSelector, useLocalParticipant, useTiles } from '@parley/react';
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Alone } from './Alone.tsx';
import type { Area } from './gridLayout.ts';
import { Pager } from './Pager.tsx';
import { ParticipantTile } from './ParticipantTile.tsx';
import { stagePage } from './pages.ts';
import { ScreenTile } from './ScreenTile.tsx';
import { orderOfAppearance, spotlightKey, tileKeys, tileOf } from './tiles.ts';
import { useOrder } from './useOrder.ts';
import { useShortcuts } from './useShortcuts.ts';
import { useSwipe } from './useSwipe.ts';

/** All tiles. `withModeration`: hosts find their controls on the tiles. */
export function Stage({ roomId, withModeration }: { roomId: string; withModeration: boolean }) {
  const { t } = useTranslation();
  const stage = useRef<HTMLElement>(null);
  const area = useArea(stage);
  const keys = useCallSelector(({ participants }) => tileKeys(participants), sameItems);
  const localPeerId = useLocalParticipant()?.peerId;
  const [shares, setShares] = useState<readonly string[]>([]);
  const appeared = orderOfAppearance(shares, keys);
  if (!sameItems(appeared, shares)) setShares(appeared);
  const [lastPinned, setPinned] = useState<string>();
  const pinned = lastPinned !== undefined && keys.includes(lastPinned) ? lastPinned : undefined;
  const togglePin = useCallback((key: string) => setPinned((now) => (now === key ? undefined : key)), []);

  const spotlight = pinned ?? spotlightKey(appeared, localPeerId);
  const order = useOrder(keys, spotlight, area);
  const [wantedPage, setPage] = useState(0);
  const { places, page, pages, neighbours, neighbourSize } = useMemo(
    () => stagePage(order, spotlight, area, wantedPage),
    [order, spotlight, area, wantedPage],
  );
  const leaf = (step: 1 | -1) => setPage(Math.min(pages - 1, Math.max(0, page + step)));
  useShortcuts({ nextPage: () => leaf(1), previousPage: () => leaf(-1) });
  const swipe = useSwipe(leaf);
  useTiles(useMemo(() => undrawn(neighbours, neighbourSize, pinned), [neighbours, neighbourSize, pinned]));

  return (
    <section ref={stage} className="stage" aria-label={t('call.stage')} data-pages={pages > 1} {...swipe}>
      {keys.map(tileOf).map(({ key, peerId, kind }) => {
        const place = places.get(key);
        if (!place) return null;
        const Tile = kind === 'screen' ? ScreenTile : ParticipantTile;
        return (
          <Tile
            key={key}
            peerId={peerId}
            {...place}
            spotlight={key === spotlight}
            pinned={key === pinned}
            onPin={togglePin}
            withModeration={withModeration}
          />
        );
      })}
      {keys.length === 1 && <Alone roomId={roomId} />}
      {pages > 1 && <Pager page={page} pages={pages} onPage={setPage} />}
    </section>
  );
}

/** The stage's size in CSS pixels; nothing before it is measured. */
function useArea(element: React.RefObject<HTMLElement | null>): Area {
  const [area, setArea] = useState<Area>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const target = element.current;
    if (!target) return;
    const measure = () => setArea({ width: target.clientWidth, height: target.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(target);
    return () => observer.disconnect();
  }, [element]);
  return area;
}

/** What is wanted without being drawn: the next pages' pictures, ready to be shown, and the voice of who is pinned. */
function undrawn(neighbours: readonly string[], size: Area, pinned: string | undefined) {
  const warm = neighbours.map(tileOf).map(({ peerId, kind }) => ({
    peerId,
    source: kind === 'screen' ? ('screen' as const) : ('camera' as const),
    ...size,
    visible: false,
    priority: 'low' as const,
  }));
  if (pinned === undefined) return warm;
  const voice = { source: 'mic', width: 0, height: 0, visible: true, priority: 'high' } as const;
  return [...warm, { peerId: tileOf(pinned).peerId, ...voice }];
}
