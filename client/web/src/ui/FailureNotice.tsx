/**
 * Owns how a failure is told: text by code, and the code itself for whoever helps. Does not own the codes.
 */
import type { CallFailure } from '@parley/client';
import { useTranslation } from 'react-i18next';
import { Notice } from './Notice.tsx';

/** A failure in words, with a way to reload where only that helps. */
export function FailureNotice({ failure }: { failure: CallFailure }) {
  const { t } = useTranslation();
  const { code } = failure;
  return (
    <Notice tone="error" title={t(`error.${code}.title`)} body={t(`error.${code}.body`)}>
      <p className="notice-code">{t('error.code', { code })}</p>
      {code === 'incompatible-version' && (
        <button type="button" className="button" onClick={() => location.reload()}>
          {t('error.reload')}
        </button>
      )}
    </Notice>
  );
}
