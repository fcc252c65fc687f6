/**
 * Owns the buttons to leaf through the pages of the stage. Does not own the pages (pages.ts) nor their keys (shortcuts.ts).
 */
import { ChevronLeft, ChevronRight } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Tip } from '../ui/Tip.tsx';

/** Back, where one is, on. At the ends a button stays, so that the focus does, and does nothing. */
export function Pager({
  page,
  pages,
  onPage,
}: {
  /** From 0. */
  page: number;
  pages: number;
  onPage: (page: number) => void;
}) {
  const { t } = useTranslation();
  const button = (label: string, shortcut: string, to: number, icon: React.ReactNode) => {
    const isEnd = to < 0 || to >= pages;
    return (
      <Tip text={label} shortcut={shortcut}>
        <button
          type="button"
          className="pager-button"
          aria-label={label}
          aria-disabled={isEnd}
          onClick={() => !isEnd && onPage(to)}
        >
          {icon}
        </button>
      </Tip>
    );
  };
  return (
    <nav className="pager" aria-label={t('call.pages.label')}>
      {button(
        t('call.pages.previous'),
        t('shortcuts.key.pageup'),
        page - 1,
        <ChevronLeft aria-hidden="true" />,
      )}
      <span className="pager-place" aria-hidden="true">
        {page + 1} / {pages}
      </span>
      <span className="visually-hidden" role="status">
        {t('call.pages.place', { page: page + 1, pages })}
      </span>
      {button(
        t('call.pages.next'),
        t('shortcuts.key.pagedown'),
        page + 1,
        <ChevronRight aria-hidden="true" />,
      )}
    </nav>
  );
}
