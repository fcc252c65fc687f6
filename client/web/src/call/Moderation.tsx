/**
 * Owns what a host can do with others: mute, stop, remove (asked twice). Does not own whether it is allowed: the server decides.
 */
import type { Participant, Source } from '@parley/client';
import { useCall, useCallSelector } from '@parley/react';
import { MicOff, MonitorOff, UserX, VideoOff } from 'lucide-react';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { failureOf } from '../app/callFailure.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { Tip } from '../ui/Tip.tsx';
import { isMuted } from './participantFacts.ts';
import { useNotify } from './Toasts.tsx';

/**
 * A host's controls on somebody else; nothing for everybody else.
 * @param about the controls of the person, of their shared screen, or all together (in a list).
 */
export function Moderation({
  participant,
  about,
}: {
  participant: Participant;
  about: 'participant' | 'screen' | 'all';
}) {
  const { t } = useTranslation();
  const call = useCall();
  const notify = useNotify();
  const mayModerate = useCallSelector(
    ({ grants, participants }) =>
      grants.moderate || participants.some(({ isLocal, isHost }) => isLocal && isHost),
  );
  // Another seat of one's own identity (a second tab) cannot be removed: the removal would be one's own.
  const ownUserId = useCallSelector(
    ({ participants }) => participants.find(({ isLocal }) => isLocal)?.userId,
  );
  const [asking, setAsking] = useState(false);
  const removeButton = useRef<HTMLButtonElement>(null);
  if (!mayModerate || participant.isLocal) return null;

  const { peerId, userId, label: name, media } = participant;
  const attempt = (action: Promise<void>) => {
    action.catch((error: unknown) => notify(t(`error.${failureOf(error).code}.title`)));
  };
  const stop = (source: Source) => attempt(call.moderatorStop(peerId, source));
  const withPerson = about !== 'screen';
  const withScreen = about !== 'participant';
  // In a list there is space for words, and none for a doubt what a crossed-out microphone means.
  const withWords = about === 'all';
  return (
    <div className="moderation">
      {withPerson && !isMuted(participant) && (
        <ModerationButton
          label={t('moderation.mute', { name })}
          text={withWords && t('moderation.short.mute')}
          onClick={() => attempt(call.moderatorMute(peerId, 'mic'))}
        >
          <MicOff aria-hidden="true" />
        </ModerationButton>
      )}
      {withPerson && media.camera && !media.camera.muted && (
        <ModerationButton
          label={t('moderation.stopCamera', { name })}
          text={withWords && t('moderation.short.stopCamera')}
          onClick={() => stop('camera')}
        >
          <VideoOff aria-hidden="true" />
        </ModerationButton>
      )}
      {withScreen && media.screen && (
        <ModerationButton
          label={t('moderation.stopSharing', { name })}
          text={withWords && t('moderation.short.stopSharing')}
          onClick={() => stop('screen')}
        >
          <MonitorOff aria-hidden="true" />
        </ModerationButton>
      )}
      {withPerson && userId !== ownUserId && (
        <ModerationButton
          ref={removeButton}
          label={t('moderation.remove', { name })}
          text={withWords && t('moderation.short.remove')}
          onClick={() => setAsking(true)}
        >
          <UserX aria-hidden="true" />
        </ModerationButton>
      )}
      {asking && (
        <Dialog
          title={t('moderation.removeTitle', { name })}
          onClose={() => setAsking(false)}
          returnFocus={removeButton}
        >
          <p>{t('moderation.removeBody')}</p>
          <div className="dialog-actions">
            <button type="button" className="button" onClick={() => setAsking(false)}>
              {t('moderation.cancel')}
            </button>
            <button
              type="button"
              className="button"
              data-kind="danger"
              onClick={() => {
                setAsking(false);
                attempt(call.removePeer(peerId));
              }}
            >
              {t('moderation.removeConfirm')}
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}

function ModerationButton({
  ref,
  label,
  text,
  onClick,
  children,
}: {
  ref?: React.Ref<HTMLButtonElement>;
  /** The accessible name, with the person's name in it. */
  label: string;
  /** Words in place of the icon. */
  text: string | false;
  onClick: () => void;
  children: React.ReactNode;
}) {
  if (text) {
    return (
      <button ref={ref} type="button" className="moderation-word" aria-label={label} onClick={onClick}>
        {text}
      </button>
    );
  }
  return (
    <Tip text={label}>
      <button ref={ref} type="button" className="moderation-button" aria-label={label} onClick={onClick}>
        {children}
      </button>
    </Tip>
  );
}
