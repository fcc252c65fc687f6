/**
 * Owns writing a message: Enter sends, Shift+Enter breaks the line. Does not own sending it (SDK).
 */
import { useCall } from '@parley/react';
import { SendHorizontal } from 'lucide-react';
import { type KeyboardEvent, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';

const MAX_LENGTH = 4_000;

/** The text field "Message" and its button. */
export function Composer({ onSent }: { onSent: () => void }) {
  const { t } = useTranslation();
  const call = useCall();
  const id = useId();
  const [text, setText] = useState('');

  const send = () => {
    if (text.trim() === '') return;
    // What became of it shows at the message itself.
    call.sendMessage(text.trim()).catch(() => undefined);
    setText('');
    onSent();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While composing (Japanese, Chinese ...), Enter chooses a word.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label htmlFor={id} className="visually-hidden">
        {t('chat.message')}
      </label>
      <textarea
        id={id}
        data-first-focus
        className="composer-text"
        rows={1}
        value={text}
        maxLength={MAX_LENGTH}
        placeholder={t('chat.placeholder')}
        enterKeyHint="send"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <button
        type="submit"
        className="icon-button composer-send"
        aria-label={t('chat.send')}
        aria-disabled={text.trim() === ''}
      >
        <SendHorizontal aria-hidden="true" />
      </button>
    </form>
  );
}
