/**
 * Owns how many chat messages have not been seen; survives a reload. Does not own the messages.
 */
import { useCallSelector } from '@parley/react';
import { useEffect, useState } from 'react';
import { loadRunningCall, updateRunningCall } from '../app/preferences.ts';

/** Number of others' messages since the chat was last open. */
export function useUnread(roomId: string, chatOpen: boolean): number {
  const [readSeq, setReadSeq] = useState(() => loadRunningCall(roomId)?.readSeq ?? 0);
  const lastSeq = useCallSelector(({ chat }) =>
    chat.entries.reduce((last, { seq }) => Math.max(last, seq ?? 0), 0),
  );
  useEffect(() => {
    if (!chatOpen || lastSeq <= readSeq) return;
    setReadSeq(lastSeq);
    updateRunningCall(roomId, { readSeq: lastSeq });
  }, [roomId, chatOpen, lastSeq, readSeq]);
  return useCallSelector(({ chat }) =>
    chatOpen ? 0 : chat.entries.filter(({ seq, isLocal }) => !isLocal && (seq ?? 0) > readSeq).length,
  );
}
