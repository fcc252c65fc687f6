/**
 * Owns copying the link of a room, with a way out where the clipboard is closed. Does not own the link.
 */
import { Check, Link2 } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

const SHOWN_MS = 2_500;

/** A button that puts the link into the clipboard and says so for a moment. */
export function CopyLink({ url, className = 'button' }: { url: string; className?: string }) {
  const { t } = useTranslation();
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  useEffect(() => {
    if (state !== 'copied') return;
    const timer = setTimeout(() => setState('idle'), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(url);
      setState('copied');
    } catch {
      // No secure context, or not allowed: then it is shown to be copied by hand.
      setState('failed');
    }
  };
  const label = state === 'copied' ? t('call.linkCopied') : t('call.copyLink');
  return (
    <>
      <button type="button" className={className} onClick={copy} aria-label={label}>
        {state === 'copied' ? <Check aria-hidden="true" /> : <Link2 aria-hidden="true" />}
        <span>{label}</span>
      </button>
      <span role="status" className={state === 'failed' ? 'copy-fallback' : 'visually-hidden'}>
        {state === 'copied' && t('call.linkCopied')}
        {state === 'failed' && t('call.copyFailed', { url })}
      </span>
    </>
  );
}
