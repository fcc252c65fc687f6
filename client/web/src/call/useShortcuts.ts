/**
 * Owns listening for the keyboard shortcuts. Does not own which key does what (shortcuts.ts).
 */
import { useEffect, useRef } from 'react';
import { type ShortcutAction, shortcutOf, takesKeys } from './shortcuts.ts';

/** Runs actions by key anywhere on the page, except while typing. Several components may have a part of the actions each. */
export function useShortcuts(actions: Readonly<Partial<Record<ShortcutAction, () => void>>>): void {
  const latest = useRef(actions);
  useEffect(() => {
    latest.current = actions;
  });
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const action = shortcutOf(event, takesKeys(event.target, event.key));
      const run = action && latest.current[action];
      if (!run) return;
      event.preventDefault();
      run();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, []);
}
