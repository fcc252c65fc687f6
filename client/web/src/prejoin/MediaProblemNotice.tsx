/**
 * Owns how the cause of a missing camera or microphone is told. Does not own which cause (mediaProblem.ts).
 */
import { useTranslation } from 'react-i18next';
import { secureUrl } from '../app/secureUrl.ts';
import { Notice } from '../ui/Notice.tsx';
import type { MediaProblem } from './mediaProblem.ts';

/** The cause, the mend, and a button to try again where that can help. */
export function MediaProblemNotice({
  problem,
  token,
  onRetry,
}: {
  problem: MediaProblem;
  /** For the same page at another address. */
  token: string | undefined;
  onRetry: () => void;
}) {
  const { t } = useTranslation();
  if (problem.about === 'insecure') {
    const url = secureUrl(token);
    const body = t(url ? 'problem.insecure.bodyWithAddress' : 'problem.insecure.body');
    return (
      <Notice tone="info" title={t('problem.insecure.title')} body={body}>
        {url && (
          <a className="button" href={url.href}>
            {t('problem.insecure.open', { address: url.origin })}
          </a>
        )}
      </Notice>
    );
  }
  const { about, code } = problem;
  return (
    <Notice tone="info" title={t(`problem.${about}.${code}.title`)} body={t(`problem.${about}.${code}.body`)}>
      {code !== 'unsupported' && (
        <button type="button" className="button" onClick={onRetry}>
          {t('prejoin.tryAgain')}
        </button>
      )}
    </Notice>
  );
}
