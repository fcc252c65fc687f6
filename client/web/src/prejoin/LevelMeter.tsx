/**
 * Owns the picture of the microphone's level. Does not own the measuring.
 */
import { useAudioLevel } from '@parley/react';
import { Mic } from 'lucide-react';
import { useCallback, useRef } from 'react';
import { useTranslation } from 'react-i18next';

/** A bar that follows the voice; without a track it stands still. Drawn without rendering: 20 times a second is a lot. */
export function LevelMeter({ track }: { track: MediaStreamTrack | null }) {
  const { t } = useTranslation();
  const meter = useRef<HTMLDivElement>(null);
  const show = useCallback((level: number) => {
    meter.current?.style.setProperty('--level', String(level));
    meter.current?.setAttribute('aria-valuenow', String(Math.round(level * 100)));
  }, []);
  useAudioLevel(track, show);
  return (
    <div className="level">
      <Mic aria-hidden="true" />
      {/* biome-ignore lint/a11y/useSemanticElements: browsers draw <meter> each in their own way */}
      <div
        ref={meter}
        className="level-bar"
        role="meter"
        aria-label={t('prejoin.level')}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={0}
      />
    </div>
  );
}
