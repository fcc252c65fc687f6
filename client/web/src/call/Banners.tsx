/**
 * Owns lasting states of the whole call: connection lost, no path for media, a weak network, sound held back by the
 * browser.
 * Does not own short notices (Toasts).
 */
import { useCallSelector, useCallStatus } from '@parley/react';
import { CloudOff, VolumeX, WifiOff } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { TroubleNotice } from './TroubleNotice.tsx';

/** What is wrong with the connection just now; empty, and silent, when nothing is. */
export function Banners() {
  const { t } = useTranslation();
  const status = useCallStatus();
  const media = useCallSelector((snapshot) => snapshot.media);
  return (
    <div className="banners" role="status">
      {status.phase === 'reconnecting' && (
        <p className="banner">
          <WifiOff aria-hidden="true" />
          <span>{t('call.banner.reconnecting')}</span>
        </p>
      )}
      {status.phase === 'joined' && media === 'failed' && (
        <p className="banner">
          <CloudOff aria-hidden="true" />
          <span>{t('call.banner.mediaFailed')}</span>
        </p>
      )}
      {status.phase === 'joined' && media === 'connected' && <TroubleNotice />}
    </div>
  );
}

/** The way out when the browser plays no sound before a click. */
export function SoundBlocked({ onResume }: { onResume: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="banner" role="alert">
      <VolumeX aria-hidden="true" />
      <span>{t('call.banner.soundBlocked')}</span>
      <button type="button" className="button" data-kind="primary" onClick={onResume}>
        {t('call.banner.turnSoundOn')}
      </button>
    </div>
  );
}
