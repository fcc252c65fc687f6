/**
 * Owns the order of tiles over pages as people come, go and speak: one's own tile and the speaker's are always on the first page.
 * Does not own how it is put together (arrange in pages.ts).
 */
import { sameItems, useCallSelector, useLocalParticipant } from '@parley/react';
import { useState } from 'react';
import type { Area } from './gridLayout.ts';
import { arrange, pagesFor } from './pages.ts';

/** Who spoke before that spoke too long ago to matter. */
const REMEMBERED = 49;

/** Keys of all tiles but the one in the spotlight, page after page. */
export function useOrder(keys: readonly string[], spotlight: string | undefined, area: Area) {
  const localPeerId = useLocalParticipant()?.peerId;
  const speakerId = useCallSelector(({ activeSpeakerId }) => activeSpeakerId);
  const [recent, setRecent] = useState<readonly string[]>([]);
  if (speakerId !== undefined && recent[0] !== speakerId) {
    setRecent([speakerId, ...recent.filter((peerId) => peerId !== speakerId)].slice(0, REMEMBERED));
  }
  const [order, setOrder] = useState<readonly string[]>([]);
  const others = keys.filter((key) => key !== spotlight);
  const { perPage } = pagesFor(others.length, area, spotlight !== undefined);
  const required = [localPeerId ?? '', speakerId ?? ''].filter((key) => others.includes(key));
  const next = arrange(order, others, perPage, { required, recent });
  if (sameItems(next, order)) return order;
  setOrder(next);
  return next;
}
