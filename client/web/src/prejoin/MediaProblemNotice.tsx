/**
 * Owns how the cause of a missing camera or microphone is told. Does not own which cause (mediaProblem.ts).
 */
import { useTranslation } from 'react-i18next';
import { Notice } from '../ui/Notice.tsx';
import type { MediaProblem } from './mediaProblem.ts';

/** The cause, the mend, and a button to try again where that can help. */
export function MediaProblemNotice({ problem, onRetry }: { problem: MediaProblem; onRetry: () => void }) {
  const { t } = useTranslation();
  if (problem.about === 'insecure') {
    return <Notice tone="info" title={t('problem.insecure.title')} body={t('problem.insecure.body')} />;
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
