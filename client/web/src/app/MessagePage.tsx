/**
 * Owns pages that say one thing: nothing here, no such room name, the app broke. Does not own the end of a call.
 */
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Brand } from '../ui/Brand.tsx';
import { usePageTitle } from './pageTitle.ts';

/** A page with one message and the way to the start page. */
export function MessagePage({ kind }: { kind: 'notFound' | 'invalidRoom' | 'crash' }) {
  const { t } = useTranslation();
  const texts = {
    notFound: { title: t('notFound.title'), body: t('notFound.body') },
    invalidRoom: { title: t('notFound.roomTitle'), body: t('notFound.roomBody') },
    crash: { title: t('crash.title'), body: t('crash.body') },
  }[kind];
  usePageTitle(kind === 'crash' ? t('app.name') : t('app.titleNotFound'));
  useEffect(() => {
    document.querySelector('h1')?.focus();
  }, []);
  return (
    <main className="message-page">
      <Brand />
      <h1 tabIndex={-1}>{texts.title}</h1>
      <p>{texts.body}</p>
      <div className="message-actions">
        {kind === 'crash' && (
          <button type="button" className="button" data-kind="primary" onClick={() => location.reload()}>
            {t('error.reload')}
          </button>
        )}
        <a className="button" href="/">
          {t('notFound.home')}
        </a>
      </div>
    </main>
  );
}
