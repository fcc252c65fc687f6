/**
 * Owns how the cause of a bad call is told: the own one as a notice that can be put away, somebody else's to screen readers (their tile
 * shows it). Does not own the cause (the SDK measures it).
 */
import { useCallSelector, useParticipant } from '@parley/react';
import { Cpu, Wifi, X } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { participantName } from './participantFacts.ts';

/** To be put into a live region. What was put away does not come back in this call. */
export function TroubleNotice() {
  const { t } = useTranslation();
  const trouble = useCallSelector((snapshot) => snapshot.trouble);
  const person = useParticipant(trouble?.peerId ?? '');
  const [putAway, setPutAway] = useState<ReadonlySet<string>>(new Set());
  if (!trouble || !person) return null;
  const { code } = trouble;
  if (code === 'their-network') {
    const name = participantName(person, t);
    return <p className="visually-hidden">{t('call.trouble.their-network', { name })}</p>;
  }
  if (putAway.has(code)) return null;
  const Icon = code === 'your-computer' ? Cpu : Wifi;
  return (
    <div className="banner" data-trouble={code}>
      <Icon aria-hidden="true" />
      <span>
        {t(`call.trouble.${code}`)} <small className="banner-code">{t('error.code', { code })}</small>
      </span>
      <button
        type="button"
        className="icon-button"
        aria-label={t('call.trouble.putAway')}
        onClick={() => setPutAway((before) => new Set([...before, code]))}
      >
        <X aria-hidden="true" />
      </button>
    </div>
  );
}
