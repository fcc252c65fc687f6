/**
 * Owns the stage: which tile lies where, as the space and the people change. Does not own what a tile shows.
 */
import { sameItems, useCallSelector, useLocalParticipant } from '@parley/react';
import { useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Alone } from './Alone.tsx';
import { type Area, gridLayout, type Rect, spotlightLayout } from './gridLayout.ts';
import { ParticipantTile } from './ParticipantTile.tsx';
import { ScreenTile } from './ScreenTile.tsx';
import { orderOfAppearance, spotlightKey, tileKeys, tileOf } from './tiles.ts';

/** All tiles. `withModeration`: hosts find their controls on the tiles. */
export function Stage({ roomId, withModeration }: { roomId: string; withModeration: boolean }) {
  const { t } = useTranslation();
  const stage = useRef<HTMLElement>(null);
  const [area, setArea] = useState<Area>({ width: 0, height: 0 });
  const keys = useCallSelector(({ participants }) => tileKeys(participants), sameItems);
  const localPeerId = useLocalParticipant()?.peerId;
  const [shares, setShares] = useState<readonly string[]>([]);
  const appeared = orderOfAppearance(shares, keys);
  if (!sameItems(appeared, shares)) setShares(appeared);

  useLayoutEffect(() => {
    const element = stage.current;
    if (!element) return;
    const measure = () => setArea({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const places = placesOf(keys, spotlightKey(appeared, localPeerId), area);
  return (
    <section ref={stage} className="stage" aria-label={t('call.stage')}>
      {keys.map(tileOf).map(({ key, peerId, kind }) => {
        const place = places.get(key);
        if (!place) return null;
        return kind === 'screen' ? (
          <ScreenTile key={key} peerId={peerId} {...place} withModeration={withModeration} />
        ) : (
          <ParticipantTile key={key} peerId={peerId} {...place} withModeration={withModeration} />
        );
      })}
      {keys.length === 1 && <Alone roomId={roomId} />}
    </section>
  );
}

function placesOf(keys: readonly string[], spotlight: string | undefined, area: Area): Map<string, Rect> {
  if (spotlight === undefined) return zip(keys, gridLayout(keys.length, area));
  const others = keys.filter((key) => key !== spotlight);
  const places = spotlightLayout(others.length, area);
  return zip([spotlight, ...others], area.width > 0 ? [places.spotlight, ...places.strip] : []);
}

function zip(keys: readonly string[], rects: readonly Rect[]): Map<string, Rect> {
  return new Map(
    keys.flatMap((key, index) => {
      const rect = rects[index];
      return rect ? [[key, rect] as const] : [];
    }),
  );
}
