/**
 * Owns the line above the stage: which room, how long, its link. Does not own the controls below.
 */
import { useCallSelector, useViewerCount } from '@parley/react';
import { Eye } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { roomUrl } from '../app/route.ts';
import { CopyLink } from '../ui/CopyLink.tsx';
import { Logo } from '../ui/Logo.tsx';
import { elapsedText } from './elapsed.ts';

/** Room, time and link. */
export function TopBar({ roomId }: { roomId: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  // Another page for whoever cannot see it: the form that had the focus is gone.
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <header className="call-top">
      <Logo className="call-logo" />
      <h1 ref={heading} className="call-room" tabIndex={-1}>
        {roomId}
      </h1>
      <Elapsed />
      <Watching />
      <span className="call-top-space" />
      <CopyLink url={roomUrl(roomId)} className="button call-copy" />
    </header>
  );
}

/** Who is nobody's tile. */
function Watching() {
  const { t } = useTranslation();
  const viewers = useViewerCount();
  if (viewers === 0) return null;
  return (
    <span className="call-watching">
      <Eye aria-hidden="true" />
      {t('call.watching', { count: viewers })}
    </span>
  );
}

function Elapsed() {
  const { t } = useTranslation();
  const startedAtMs = useCallSelector((snapshot) => snapshot.callStartedAtMs);
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  if (startedAtMs === undefined) return null;
  return (
    <time className="call-elapsed" role="timer" aria-label={t('call.elapsed')}>
      {elapsedText(nowMs - startedAtMs)}
    </time>
  );
}
