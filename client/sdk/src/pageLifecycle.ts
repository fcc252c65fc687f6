/**
 * Owns the page's and the network's coming and going, as the few moments that a call cares about. Nothing happens outside a browser.
 * Does not own what follows.
 */

/** Moments in the life of a page. */
export interface PageEvents {
  /** Hidden, and maybe never seen again: some phones kill pages without another word. */
  hidden(): void;
  visible(): void;
  /** About to go: reload, close, another page, or aside into the back-forward cache. */
  leaving(): void;
  /** Back from the back-forward cache, as it was. */
  restored(): void;
  /** A network is there again, or another one. */
  online(): void;
}

/** Listens to the page. Returns the way to stop. */
export function watchPage(events: PageEvents): () => void {
  if (typeof document === 'undefined') return () => undefined;
  const stop = new AbortController();
  const { signal } = stop;
  document.addEventListener(
    'visibilitychange',
    () => (document.visibilityState === 'hidden' ? events.hidden() : events.visible()),
    { signal },
  );
  globalThis.addEventListener('pagehide', () => events.leaving(), { signal });
  globalThis.addEventListener('pageshow', (event) => event.persisted && events.restored(), { signal });
  globalThis.addEventListener('online', () => events.online(), { signal });
  return () => stop.abort();
}

/** Whether the page cannot be seen now. False outside a browser. */
export const isPageHidden = (): boolean =>
  typeof document !== 'undefined' && document.visibilityState === 'hidden';
