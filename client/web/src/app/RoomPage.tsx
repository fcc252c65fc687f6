/**
 * Owns the way through a room: prejoin, call, left; and that a reload of the tab goes back into the call.
 * Does not own what the three show.
 */
import { Call, type CallApi, type CallFailure, type CallOptions, hasStoredSession } from '@parley/client';
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { LeftPage } from '../left/LeftPage.tsx';
import { type JoinChoice, PrejoinPage } from '../prejoin/PrejoinPage.tsx';
import { failureOf } from './callFailure.ts';
import type { Ending } from './ending.ts';
import type { EntryToken } from './entryToken.ts';
import { loadPreferences, loadRunningCall, saveRunningCall } from './preferences.ts';

const CallScreen = lazy(async () => ({ default: (await import('../call/CallScreen.tsx')).CallScreen }));

type Stage =
  | { readonly name: 'prejoin'; readonly failure?: CallFailure }
  | { readonly name: 'joining' }
  /** After a reload: straight back, without a question. */
  | { readonly name: 'returning' }
  | { readonly name: 'call'; readonly call: CallApi }
  | { readonly name: 'left'; readonly ending: Ending };

/** The page at `/r/<room>`. */
export function RoomPage({ roomId, entryToken }: { roomId: string; entryToken: EntryToken | undefined }) {
  const { t } = useTranslation();
  // A session waits only where this very tab was reloaded: a duplicate of it asks like any other visitor.
  const [running] = useState(() => (hasStoredSession(roomId) ? loadRunningCall(roomId) : undefined));
  const [stage, setStage] = useState<Stage>(running ? { name: 'returning' } : { name: 'prejoin' });
  const [attempt, setAttempt] = useState(0);
  const current = useRef<CallApi | undefined>(undefined);
  /** Connected while people look at themselves, so that Join has less to wait for. */
  const prepared = useRef<CallApi | undefined>(undefined);
  const newCall = useCallback(
    (): CallApi => new Call({ roomId, displayName: '', ...(entryToken && { token: entryToken.token }) }),
    [roomId, entryToken],
  );

  const start = useCallback(
    async (options: Pick<CallOptions, 'displayName' | 'tracks' | 'micEnabled' | 'cameraEnabled'>) => {
      const { micId, cameraId } = loadPreferences();
      const waiting = prepared.current;
      prepared.current = undefined;
      // One that was refused while it waited has ended: the refusal is to be seen on the try that people make.
      const call = waiting?.getSnapshot().status.phase === 'idle' ? waiting : newCall();
      current.current = call;
      const { panel = 'none', readSeq = 0 } = loadRunningCall(roomId) ?? {};
      try {
        await call.join({
          ...options,
          devices: { ...(micId && { micId }), ...(cameraId && { cameraId }) },
        });
        if (current.current !== call) return;
        const { displayName, micEnabled = true, cameraEnabled = true } = options;
        saveRunningCall({ roomId, displayName, micEnabled, cameraEnabled, panel, readSeq });
        setStage({ name: 'call', call });
      } catch (error) {
        if (current.current !== call) return;
        current.current = undefined;
        saveRunningCall(undefined);
        setAttempt((number) => number + 1);
        setStage({ name: 'prejoin', failure: failureOf(error) });
      }
    },
    [roomId, newCall],
  );

  useEffect(() => {
    if (running) {
      const { displayName, micEnabled, cameraEnabled } = running;
      void start({ displayName, micEnabled, cameraEnabled });
    }
    return () => {
      // Another page of the app: the seat ends. Clearing first, so that what join() then throws concerns nobody.
      const call = current.current;
      current.current = undefined;
      call?.leave().catch(() => undefined);
    };
  }, [running, start]);

  const atPrejoin = stage.name === 'prejoin';
  useEffect(() => {
    if (!atPrejoin) return;
    const call = newCall();
    call.prepare();
    prepared.current = call;
    return () => {
      // Still here: nobody joined with it.
      if (prepared.current !== call) return;
      prepared.current = undefined;
      call.leave().catch(() => undefined);
    };
  }, [atPrejoin, newCall]);

  const join = ({ displayName, tracks, micEnabled, cameraEnabled }: JoinChoice) => {
    setStage({ name: 'joining' });
    void start({ displayName, tracks, micEnabled, cameraEnabled });
  };
  const end = useCallback((ending: Ending) => {
    current.current = undefined;
    saveRunningCall(undefined);
    setStage({ name: 'left', ending });
  }, []);

  switch (stage.name) {
    case 'returning':
      return <Waiting text={t('app.returning')} />;
    case 'call':
      return (
        <Suspense fallback={<Waiting text={t('app.loading')} />}>
          <CallScreen call={stage.call} onEnd={end} />
        </Suspense>
      );
    case 'left':
      return (
        <LeftPage roomId={roomId} ending={stage.ending} onRejoin={() => setStage({ name: 'prejoin' })} />
      );
    case 'prejoin':
    case 'joining':
      return (
        <PrejoinPage
          // A failed try has taken the tracks with it: the mirror starts anew.
          key={attempt}
          roomId={roomId}
          suggestedName={entryToken?.displayName}
          token={entryToken?.token}
          busy={stage.name === 'joining'}
          failure={stage.name === 'prejoin' ? stage.failure : undefined}
          onJoin={join}
        />
      );
  }
}

function Waiting({ text }: { text: string }) {
  return (
    <main className="message-page">
      <span className="spinner" aria-hidden="true" />
      <p role="status">{text}</p>
    </main>
  );
}
