/**
 * Owns the title of the page while it lives. Does not own the first title: the server fills that in.
 */
import { useEffect } from 'react';

/** Sets the title of the tab. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = title;
  }, [title]);
}
