/**
 * Owns the help on keyboard shortcuts. Does not own them (shortcuts.ts).
 */
import type { TFunction } from 'i18next';
import type { RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '../ui/Dialog.tsx';
import { shortcuts } from './shortcuts.ts';

/** The dialog "Keyboard shortcuts". */
export function ShortcutsDialog({
  onClose,
  returnFocus,
}: {
  onClose: () => void;
  returnFocus: RefObject<HTMLElement | null>;
}) {
  const { t } = useTranslation();
  return (
    <Dialog title={t('shortcuts.title')} onClose={onClose} returnFocus={returnFocus}>
      <p className="field-hint">{t('shortcuts.hint')}</p>
      <dl className="shortcuts">
        {shortcuts.map(({ key, action }) => (
          <div key={key}>
            <dt>
              <kbd className="key">{keyName(key, t)}</kbd>
            </dt>
            <dd>{t(`shortcuts.${action}`)}</dd>
          </div>
        ))}
      </dl>
      <div className="dialog-actions">
        <button type="button" className="button" data-kind="primary" onClick={onClose}>
          {t('shortcuts.close')}
        </button>
      </div>
    </Dialog>
  );
}

/** As it is written on the keyboard. */
function keyName(key: string, t: TFunction): string {
  if (key === 'pagedown' || key === 'pageup') return t(`shortcuts.key.${key}`);
  return key.toUpperCase();
}
