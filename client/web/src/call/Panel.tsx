/**
 * Owns the frame of a panel beside the stage (a sheet on phones). Does not own its content.
 */
import { X } from 'lucide-react';
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { useTranslation } from 'react-i18next';

/** A panel with a title. Escape closes it; the focus goes back to where it was. */
export function Panel({
  title,
  count,
  onClose,
  children,
}: {
  title: string;
  count?: number;
  onClose: () => void;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const titleId = useId();
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    const element = panel.current;
    const first = element?.querySelector<HTMLElement>('[data-first-focus]') ?? element;
    first?.focus({ preventScroll: true });
    return () => {
      // Only when the focus was inside: somebody who works elsewhere is not pulled away.
      if (before instanceof HTMLElement && element?.contains(document.activeElement)) before.focus();
    };
  }, []);
  return (
    <aside
      ref={panel}
      className="panel"
      aria-labelledby={titleId}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) onClose();
      }}
    >
      <header className="panel-head">
        <h2 id={titleId}>{title}</h2>
        {count !== undefined && <span className="panel-count">{count}</span>}
        <button type="button" className="icon-button" aria-label={t('panel.close')} onClick={onClose}>
          <X aria-hidden="true" />
        </button>
      </header>
      {children}
    </aside>
  );
}
