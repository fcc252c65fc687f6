/**
 * Owns the small text that names a button on hover and keyboard focus, with its key.
 * Does not own the accessible name: the button carries that itself.
 */
import { Tooltip } from 'radix-ui';
import type { ReactNode } from 'react';

/** Shows `text` (and a key) beside its child while that is hovered or has the keyboard's focus. */
export function Tip({ text, shortcut, children }: { text: string; shortcut?: string; children: ReactNode }) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="tip" sideOffset={8} collisionPadding={8}>
          {text}
          {shortcut !== undefined && <kbd className="key">{shortcut.toUpperCase()}</kbd>}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
