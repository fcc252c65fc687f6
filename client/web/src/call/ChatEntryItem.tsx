/**
 * Owns how one message looks: sender, time, text with links, and what became of sending it.
 */
import type { ChatEntry } from '@parley/client';
import { useCall } from '@parley/react';
import { CircleAlert } from 'lucide-react';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { textParts } from './chatGroups.ts';

const timeFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** One message of the chat. */
export const ChatEntryItem = memo(function ChatEntryItem({
  entry,
  withSender,
}: {
  entry: ChatEntry;
  withSender: boolean;
}) {
  const { t } = useTranslation();
  const call = useCall();
  const { messageId, senderName, sentAtMs, state, isLocal, text } = entry;
  return (
    <div className="message" data-own={isLocal} data-state={state} data-first={withSender}>
      {withSender && (
        <p className="message-head">
          <span className="message-sender">{isLocal ? t('chat.you') : senderName}</span>
          <time dateTime={new Date(sentAtMs).toISOString()}>{timeFormat.format(sentAtMs)}</time>
        </p>
      )}
      <p className="message-text" dir="auto">
        {textParts(text).map(({ text: part, href }, index) =>
          href === undefined ? (
            part
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a message never change
            <a key={index} href={href} target="_blank" rel="noopener noreferrer">
              {part}
            </a>
          ),
        )}
      </p>
      {state === 'sending' && <p className="message-state">{t('chat.sending')}</p>}
      {state === 'failed' && (
        <p className="message-state" data-failed="true">
          <CircleAlert aria-hidden="true" />
          {t('chat.failed')}{' '}
          <button
            type="button"
            className="text-button"
            onClick={() => call.retryMessage(messageId).catch(() => undefined)}
          >
            {t('chat.retry')}
          </button>
        </p>
      )}
    </div>
  );
});
