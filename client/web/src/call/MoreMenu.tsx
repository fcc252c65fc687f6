/**
 * Owns the menu of what is needed rarely. Does not own the dialogs that it opens.
 */
import { CircleHelp, Ellipsis, Settings } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import type { RefObject } from 'react';
import { useTranslation } from 'react-i18next';

/** The button "More" and its menu. */
export function MoreMenu({
  buttonRef,
  onDialog,
}: {
  buttonRef: RefObject<HTMLButtonElement | null>;
  onDialog: (dialog: 'settings' | 'shortcuts') => void;
}) {
  const { t } = useTranslation();
  return (
    // Not modal: the rest of the call stays within reach, and no scroll lock writes style elements (CSP).
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <button ref={buttonRef} type="button" className="control" aria-label={t('call.more')}>
          <Ellipsis aria-hidden="true" />
        </button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" sideOffset={8} collisionPadding={8} side="top">
          <DropdownMenu.Item className="menu-item" onSelect={() => onDialog('settings')}>
            <Settings aria-hidden="true" />
            {t('call.settings')}
          </DropdownMenu.Item>
          <DropdownMenu.Item className="menu-item" onSelect={() => onDialog('shortcuts')}>
            <CircleHelp aria-hidden="true" />
            {t('call.shortcuts')}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
