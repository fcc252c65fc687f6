/**
 * Owns the order of tiles over pages as people come, go and speak: one's own tile and those of who speaks are always on the first page.
 * Does not own how it is put together (arrange in pages.ts).
 */
import { sameItems, useCallSelector, useLocalParticipant } from '@parley/react';
import { useState } from 'react';
import type { Area } from './gridLayout.ts';
import { arrange, pagesFor } from './pages.ts';

/** Who spoke before that spoke too long ago to matter. */
const REMEMBERED = 49;
/** So many of those who speak at the same time are brought to the first page. */
const SPEAKERS = 3;

/** Keys of all tiles but the one in the spotlight, page after page. */
export function useOrder(keys: readonly string[], spotlight: string | undefined, area: Area) {
  const localPeerId = useLocalParticipant()?.peerId ?? '';
  const speaking = useCallSelector(
    ({ participants }) =>
      participants.filter(({ speaking, isLocal }) => speaking && !isLocal).map(({ peerId }) => peerId),
    sameItems,
  );
  const [spoke, setSpoke] = useState<readonly string[]>([]);
  const recent = [...new Set([...speaking, ...spoke])].slice(0, REMEMBERED);
  if (!sameItems(recent, spoke)) setSpoke(recent);
  const [order, setOrder] = useState<readonly string[]>([]);
  const others = keys.filter((key) => key !== spotlight);
  const { perPage } = pagesFor(others.length, area, spotlight !== undefined);
  // Who stopped speaking stays there until the place is needed; who spoke last is not sent away in a pause.
  const speakers = recent.slice(0, Math.min(SPEAKERS, Math.max(1, speaking.length)));
  const required = [localPeerId, ...speakers].filter((key) => others.includes(key));
  const next = arrange(order, others, perPage, { required, recent });
  if (sameItems(next, order)) return order;
  setOrder(next);
  return next;
}
