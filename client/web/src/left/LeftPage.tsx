/**
 * Owns the page after a call: why it ended, and the ways on. Does not own joining again.
 */
import { LogIn } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Ending } from '../app/ending.ts';
import { usePageTitle } from '../app/pageTitle.ts';
import { Brand } from '../ui/Brand.tsx';
import { FailureNotice } from '../ui/FailureNotice.tsx';

/** The page at `/r/<room>` after the call. */
export function LeftPage({
  roomId,
  ending,
  onRejoin,
}: {
  roomId: string;
  ending: Ending;
  onRejoin: () => void;
}) {
  const { t } = useTranslation();
  usePageTitle(t('app.titleRoom', { room: roomId }));
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const reason = ending.reason === 'error' ? 'ended' : ending.reason;
  return (
    <main className="message-page">
      <Brand />
      <h1 ref={heading} tabIndex={-1}>
        {t(`left.${reason}.title`)}
      </h1>
      <p>{t(`left.${reason}.body`)}</p>
      {ending.failure && <FailureNotice failure={ending.failure} />}
      <div className="message-actions">
        {ending.reason !== 'removed' && (
          <button type="button" className="button" data-kind="primary" onClick={onRejoin}>
            <LogIn aria-hidden="true" />
            {t('left.rejoin')}
          </button>
        )}
        <a className="button" href="/">
          {t('left.home')}
        </a>
      </div>
    </main>
  );
}
