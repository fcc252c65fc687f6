/**
 * Owns the scroll position of the chat: at the end it follows, further up it stays where one reads.
 */
import type { ChatEntry } from '@parley/client';
import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from 'react';

/** As near to the end as this counts as the end. */
const NEAR_PX = 48;

/** What the chat needs to scroll well. `atEnd` is false while newer messages lie below what is shown. */
export function useChatScroll(entries: readonly ChatEntry[]): {
  log: RefObject<HTMLDivElement | null>;
  onScroll: () => void;
  atEnd: boolean;
  toEnd: () => void;
} {
  const log = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const before = useRef<{ first: string | undefined; height: number }>({ first: undefined, height: 0 });
  const [atEnd, setAtEnd] = useState(true);

  const onScroll = useCallback(() => {
    const element = log.current;
    if (!element) return;
    follows.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX;
    if (follows.current) setAtEnd(true);
  }, []);
  const toEnd = useCallback(() => {
    follows.current = true;
    setAtEnd(true);
    log.current?.scrollTo({ top: log.current.scrollHeight });
  }, []);

  useLayoutEffect(() => {
    const element = log.current;
    if (!element) return;
    const first = entries[0]?.messageId;
    if (follows.current) element.scrollTop = element.scrollHeight;
    // Older messages came in above: what one reads stays in place.
    else if (first !== before.current.first)
      element.scrollTop += element.scrollHeight - before.current.height;
    else if (element.scrollHeight > before.current.height) setAtEnd(false);
    before.current = { first, height: element.scrollHeight };
  }, [entries]);
  return { log, onScroll, atEnd, toEnd };
}
