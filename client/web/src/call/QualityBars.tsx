/**
 * Owns the picture of a connection's quality, with words for screen readers. Does not own the measuring.
 */
import type { Participant } from '@parley/client';
import { useTranslation } from 'react-i18next';

/** Three bars; nothing while the quality is unknown. */
export function QualityBars({ quality }: { quality: Participant['quality'] }) {
  const { t } = useTranslation();
  if (quality === 'unknown') return null;
  return (
    <svg
      className="quality"
      data-quality={quality}
      viewBox="0 0 14 12"
      role="img"
      aria-label={t(`call.quality.${quality}`)}
    >
      <rect x="0" y="7" width="3.5" height="5" rx="1" />
      <rect x="5" y="4" width="3.5" height="8" rx="1" />
      <rect x="10" y="0" width="3.5" height="12" rx="1" />
    </svg>
  );
}
