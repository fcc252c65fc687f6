/**
 * Owns how a page of a test goes to the background: by its own word, because a headless browser has no other window in front of it.
 * Does not own what follows.
 */
import type { Page } from 'playwright-core';

/** The page says of itself that it is hidden, or visible again. */
export const hidePage = (page: Page, isHidden: boolean): Promise<void> =>
  page.evaluate(
    (state) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });
      document.dispatchEvent(new Event('visibilitychange'));
    },
    isHidden ? 'hidden' : 'visible',
  );
