/**
 * Owns what is worth telling between two looks at a call. Pure. Does not own the words.
 */
import type { CallSnapshot, Participant } from '@parley/client';

/** Names, in the order of happening. */
export interface CallChanges {
  readonly joined: readonly string[];
  readonly left: readonly string[];
  readonly shares: readonly string[];
  /** Who wrote new messages. */
  readonly senders: readonly string[];
}

/** Compares two snapshots of a call. The own seat, own messages and messages from before the first look are no news. */
export function changesBetween(before: CallSnapshot, after: CallSnapshot): CallChanges {
  const others = ({ participants }: CallSnapshot) => participants.filter(({ isLocal }) => !isLocal);
  const known = byId(others(before));
  const now = byId(others(after));
  const lastSeq = before.chat.entries.reduce((last, { seq }) => Math.max(last, seq ?? 0), 0);
  const withHistory = before.chat.entries.length > 0 || after.chat.entries.length === 1;
  return {
    joined: [...now.values()].filter(({ peerId }) => !known.has(peerId)).map(({ label }) => label),
    left: [...known.values()].filter(({ peerId }) => !now.has(peerId)).map(({ label }) => label),
    shares: [...now.values()]
      .filter(({ peerId, media }) => media.screen && !known.get(peerId)?.media.screen)
      .map(({ label }) => label),
    senders: withHistory
      ? after.chat.entries
          .filter(({ seq, isLocal }) => !isLocal && seq !== undefined && seq > lastSeq)
          .map(({ senderName }) => senderName)
      : [],
  };
}

const byId = (participants: readonly Participant[]): Map<string, Participant> =>
  new Map(participants.map((participant) => [participant.peerId, participant]));
