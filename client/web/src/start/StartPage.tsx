/**
 * Owns the start page: what Parley is, a new room, a room by its name. Does not own rooms: they exist once somebody joins.
 */
import './start.css';
import { ArrowRight, Globe, Link2, Server, Video } from 'lucide-react';
import { type FormEvent, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { usePageTitle } from '../app/pageTitle.ts';
import { navigate, roomPath } from '../app/route.ts';
import { Brand } from '../ui/Brand.tsx';
import { Illustration } from './Illustration.tsx';
import { checkRoomName, type RoomNameCheck, randomRoomName } from './roomName.ts';

/** The page at `/`. */
export function StartPage() {
  const { t } = useTranslation();
  usePageTitle(t('app.name'));
  return (
    <div className="start">
      <header className="start-header">
        <Brand />
      </header>
      <main className="start-main">
        <div className="start-pitch">
          <h1>{t('start.headline')}</h1>
          <p className="start-tagline">{t('start.tagline')}</p>
          <div className="start-actions">
            <button
              type="button"
              className="button"
              data-kind="primary"
              data-size="large"
              onClick={() => navigate(roomPath(randomRoomName()))}
            >
              <Video aria-hidden="true" />
              {t('start.newCall')}
            </button>
            <p className="start-or">{t('start.or')}</p>
            <RoomNameForm />
          </div>
        </div>
        <Illustration />
      </main>
      <footer>
        <ul className="start-points">
          <li>
            <Link2 aria-hidden="true" />
            {t('start.points.link')}
          </li>
          <li>
            <Server aria-hidden="true" />
            {t('start.points.server')}
          </li>
          <li>
            <Globe aria-hidden="true" />
            {t('start.points.browser')}
          </li>
        </ul>
      </footer>
    </div>
  );
}

function RoomNameForm() {
  const { t } = useTranslation();
  const [name, setName] = useState('');
  const [check, setCheck] = useState<RoomNameCheck | undefined>(undefined);
  const input = useRef<HTMLInputElement>(null);
  const inputId = useId();
  const hintId = useId();

  const open = (event: FormEvent) => {
    event.preventDefault();
    const result = checkRoomName(name);
    if (result.ok) {
      navigate(roomPath(result.roomId));
      return;
    }
    setCheck(result);
    input.current?.focus();
  };
  const problem = check && !check.ok ? check : undefined;

  return (
    <form className="start-room" onSubmit={open} noValidate>
      <div className="field">
        <label htmlFor={inputId}>{t('start.roomName')}</label>
        <div className="start-room-row">
          <input
            id={inputId}
            ref={input}
            className="input"
            value={name}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            enterKeyHint="go"
            aria-describedby={hintId}
            aria-invalid={problem !== undefined}
            onChange={(event) => {
              setName(event.target.value);
              setCheck(undefined);
            }}
          />
          <button type="submit" className="button start-go">
            {t('start.open')}
            <ArrowRight aria-hidden="true" />
          </button>
        </div>
        <p
          id={hintId}
          className={problem ? 'field-error' : 'field-hint'}
          role={problem ? 'alert' : undefined}
        >
          {problem ? <RoomNameProblem problem={problem} /> : t('start.roomNameHint')}
        </p>
      </div>
    </form>
  );
}

function RoomNameProblem({ problem }: { problem: Extract<RoomNameCheck, { ok: false }> }) {
  const { t } = useTranslation();
  if (problem.problem === 'empty') return t('start.roomNameEmpty');
  if (problem.problem === 'tooLong') return t('start.roomNameTooLong');
  return problem.suggestion === ''
    ? t('start.roomNameNoCharacters')
    : t('start.roomNameCharacters', { suggestion: problem.suggestion });
}
