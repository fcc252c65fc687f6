/**
 * Owns the page before a call: see and hear yourself, choose devices, say your name, join.
 * Does not own joining itself: RoomPage does. Nothing here ever keeps anybody from joining.
 */
import './prejoin.css';
import type { CallFailure } from '@parley/client';
import { usePreview } from '@parley/react';
import { type FormEvent, useEffect, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { usePageTitle } from '../app/pageTitle.ts';
import { loadPreferences, savePreferences } from '../app/preferences.ts';
import { roomUrl } from '../app/route.ts';
import { Brand } from '../ui/Brand.tsx';
import { CopyLink } from '../ui/CopyLink.tsx';
import { DeviceFields } from '../ui/DeviceFields.tsx';
import { FailureNotice } from '../ui/FailureNotice.tsx';
import { checkDisplayName, type NameCheck } from './displayName.ts';
import { MediaProblemNotice } from './MediaProblemNotice.tsx';
import { mediaProblem } from './mediaProblem.ts';
import { PreviewPanel } from './PreviewPanel.tsx';

/** What a person decided before the call. The tracks now belong to whoever gets this. */
export interface JoinChoice {
  readonly displayName: string;
  readonly tracks: { readonly mic?: MediaStreamTrack; readonly camera?: MediaStreamTrack };
  readonly micEnabled: boolean;
  readonly cameraEnabled: boolean;
}

/** The page at `/r/<room>` until the call is joined. */
export function PrejoinPage({
  roomId,
  suggestedName,
  token,
  busy,
  failure,
  onJoin,
}: {
  roomId: string;
  /** From the token, if there is one. */
  suggestedName: string | undefined;
  /** What the link carried. */
  token: string | undefined;
  /** The call is being joined. */
  busy: boolean;
  /** Why the last try failed. */
  failure: CallFailure | undefined;
  onJoin: (choice: JoinChoice) => void;
}) {
  const { t } = useTranslation();
  usePageTitle(t('app.titleRoom', { room: roomId }));
  const [stored] = useState(loadPreferences);
  const [devices, setDevices] = useState({ micId: stored.micId, cameraId: stored.cameraId });
  const [speakerId, setSpeakerId] = useState(stored.speakerId);
  const [name, setName] = useState(suggestedName ?? stored.displayName);
  const [nameCheck, setNameCheck] = useState<NameCheck | undefined>(undefined);
  const nameInput = useRef<HTMLInputElement>(null);
  const preview = usePreview({
    ...devices,
    micEnabled: stored.micEnabled,
    cameraEnabled: stored.cameraEnabled,
  });
  const { mic, camera } = preview;
  const problem = mediaProblem(mic.problem, camera.problem, window.isSecureContext);

  // The call's code loads while people look at themselves, so that "Join" does not wait for it.
  useEffect(() => {
    // Failing is no harm yet: the call asks again, and says so.
    import('../call/CallScreen.tsx').catch(() => undefined);
  }, []);

  const join = (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    const check = checkDisplayName(name);
    if (!check.ok) {
      setNameCheck(check);
      nameInput.current?.focus();
      return;
    }
    const choice = { micEnabled: mic.enabled, cameraEnabled: camera.enabled };
    savePreferences({ displayName: check.displayName, ...devices, speakerId, ...choice });
    onJoin({ displayName: check.displayName, ...choice, tracks: preview.takeTracks() });
  };

  return (
    <div className="prejoin">
      <header className="prejoin-header">
        <Brand />
        <CopyLink url={roomUrl(roomId)} />
      </header>
      <main className="prejoin-main">
        <PreviewPanel preview={preview} displayName={name} />
        <form className="prejoin-form" onSubmit={join} noValidate>
          <div>
            <h1>{t('prejoin.heading')}</h1>
            <p className="prejoin-room">{roomId}</p>
          </div>
          {failure && <FailureNotice failure={failure} />}
          {problem && <MediaProblemNotice problem={problem} token={token} onRetry={preview.retry} />}
          <NameField
            ref={nameInput}
            name={name}
            check={nameCheck}
            onChange={(value) => {
              setName(value);
              setNameCheck(undefined);
            }}
          />
          <button type="submit" className="button" data-kind="primary" data-size="large" aria-disabled={busy}>
            {busy && <span className="spinner" aria-hidden="true" />}
            {busy ? t('prejoin.joining') : t('prejoin.join')}
          </button>
          <DeviceFields
            micId={deviceOf(mic.track) ?? devices.micId}
            cameraId={deviceOf(camera.track) ?? devices.cameraId}
            speakerId={speakerId}
            permission={mic.track ?? camera.track}
            denied={mic.problem === 'device-denied' || camera.problem === 'device-denied'}
            onMic={(micId) => {
              setDevices((now) => ({ ...now, micId }));
              preview.setMicDevice(micId);
            }}
            onCamera={(cameraId) => {
              setDevices((now) => ({ ...now, cameraId }));
              preview.setCameraDevice(cameraId);
            }}
            onSpeaker={setSpeakerId}
          />
        </form>
      </main>
    </div>
  );
}

/** The device that a track really comes from: the chosen one may be gone. */
const deviceOf = (track: MediaStreamTrack | null): string | undefined => track?.getSettings().deviceId;

function NameField({
  ref,
  name,
  check,
  onChange,
}: {
  ref: React.Ref<HTMLInputElement>;
  name: string;
  check: NameCheck | undefined;
  onChange: (name: string) => void;
}) {
  const { t } = useTranslation();
  const id = useId();
  const errorId = useId();
  const problem = check && !check.ok ? check.problem : undefined;
  const texts = {
    empty: t('prejoin.nameRequired'),
    tooLong: t('prejoin.nameTooLong'),
    characters: t('prejoin.nameCharacters'),
  };
  return (
    <div className="field">
      <label htmlFor={id}>{t('prejoin.yourName')}</label>
      <input
        id={id}
        ref={ref}
        className="input"
        value={name}
        required
        autoComplete="name"
        enterKeyHint="go"
        aria-invalid={problem !== undefined}
        aria-describedby={problem && errorId}
        onChange={(event) => onChange(event.target.value)}
      />
      {problem && (
        <p id={errorId} className="field-error" role="alert">
          {texts[problem]}
        </p>
      )}
    </div>
  );
}
