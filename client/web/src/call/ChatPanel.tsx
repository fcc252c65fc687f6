/**
 * Owns the chat of a call: the messages and the way to write one. Does not own storing them (SDK and server).
 */
import { useCall, useChat } from '@parley/react';
import { ArrowDown, MessagesSquare } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ChatEntryItem } from './ChatEntryItem.tsx';
import { Composer } from './Composer.tsx';
import { startsGroup } from './chatGroups.ts';
import { Panel } from './Panel.tsx';
import { useChatScroll } from './useChatScroll.ts';

/** The panel "Chat". */
export function ChatPanel({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const call = useCall();
  const { entries, hasOlder, enabled } = useChat();
  const { log, onScroll, atEnd, toEnd } = useChatScroll(entries);
  return (
    <Panel title={t('chat.title')} onClose={onClose}>
      <div className="chat">
        <div
          ref={log}
          className="chat-scroll"
          role="log"
          aria-label={t('chat.log')}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          tabIndex={0}
          onScroll={onScroll}
        >
          {hasOlder && (
            <button
              type="button"
              className="button chat-older"
              onClick={() => call.loadOlderMessages().catch(() => undefined)}
            >
              {t('chat.older')}
            </button>
          )}
          {entries.length === 0 && (
            <div className="chat-empty">
              <MessagesSquare aria-hidden="true" />
              <h3>{t('chat.empty')}</h3>
              <p>{t('chat.emptyBody')}</p>
            </div>
          )}
          <div className="chat-entries">
            {entries.map((entry, index) => (
              <ChatEntryItem
                key={entry.messageId}
                entry={entry}
                withSender={startsGroup(entry, entries[index - 1])}
              />
            ))}
          </div>
        </div>
        {!atEnd && (
          <button type="button" className="button chat-to-end" onClick={toEnd}>
            <ArrowDown aria-hidden="true" />
            {t('chat.newMessages')}
          </button>
        )}
        {enabled ? <Composer onSent={toEnd} /> : <p className="chat-disabled">{t('chat.disabled')}</p>}
      </div>
    </Panel>
  );
}
