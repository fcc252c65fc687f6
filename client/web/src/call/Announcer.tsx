/**
 * Owns what screen readers are told while a call goes on: who came and went, shares, messages behind a closed panel.
 * Few words, gathered: a storm of joins is one sentence. Does not own anything to be seen.
 */
import type { CallSnapshot } from '@parley/client';
import { useCall } from '@parley/react';
import type { TFunction } from 'i18next';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type CallChanges, changesBetween } from './callChanges.ts';

/** How long happenings are gathered before they are told. */
const GATHER_MS = 1_500;

/** A live region, read out in pauses. */
export function Announcer({ chatOpen }: { chatOpen: boolean }) {
  const { t } = useTranslation();
  const call = useCall();
  const [text, setText] = useState('');
  const chatIsOpen = useRef(chatOpen);
  useEffect(() => {
    chatIsOpen.current = chatOpen;
  }, [chatOpen]);

  useEffect(() => {
    let told: CallSnapshot = call.getSnapshot();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tell = () => {
      timer = undefined;
      const now = call.getSnapshot();
      const sentences = sentencesOf(changesBetween(told, now), chatIsOpen.current, t);
      told = now;
      if (sentences.length > 0) setText(sentences.join(' '));
    };
    const unsubscribe = call.subscribe(() => {
      timer ??= setTimeout(tell, GATHER_MS);
    });
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  }, [call, t]);
  return (
    <p className="visually-hidden" role="status">
      {text}
    </p>
  );
}

function sentencesOf(
  { joined, left, shares, senders }: CallChanges,
  chatOpen: boolean,
  t: TFunction,
): string[] {
  const sentences: string[] = [];
  const [firstJoined] = joined;
  if (firstJoined !== undefined) {
    const others = { name: firstJoined, count: joined.length - 1 };
    sentences.push(t(others.count === 0 ? 'call.announce.joined' : 'call.announce.joinedMany', others));
  }
  const [firstLeft] = left;
  if (firstLeft !== undefined) {
    const others = { name: firstLeft, count: left.length - 1 };
    sentences.push(t(others.count === 0 ? 'call.announce.left' : 'call.announce.leftMany', others));
  }
  for (const name of shares) sentences.push(t('call.announce.share', { name }));
  const sender = senders.at(-1);
  // With the chat open its log is read out by itself.
  if (sender !== undefined && !chatOpen) sentences.push(t('call.announce.message', { name: sender }));
  return sentences;
}
