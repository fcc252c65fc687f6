/**
 * Owns the hooks that read a call: status, people, chat, devices. Each renders only when its own part changes.
 * Does not own actions: those are methods of `useCall()`.
 */
import type { CallSnapshot, CallStatus, Participant } from '@parley/client';
import { useCallSelector } from './callContext.tsx';
import { sameItems } from './equality.ts';

/** Where the call stands. */
export const useCallStatus = (): CallStatus => useCallSelector((snapshot) => snapshot.status);

/** Everybody, in the order of joining. Renders again when anybody changes: prefer ids and `useParticipant` for tiles. */
export const useParticipants = (): readonly Participant[] =>
  useCallSelector((snapshot) => snapshot.participants);

/** Peer ids in the order of joining; the same array until somebody comes or goes. */
export const useParticipantIds = (): readonly string[] =>
  useCallSelector((snapshot) => snapshot.participants.map((participant) => participant.peerId), sameItems);

/** One participant, or undefined when gone. */
export const useParticipant = (peerId: string): Participant | undefined =>
  useCallSelector((snapshot) => snapshot.participants.find((participant) => participant.peerId === peerId));

/** The own seat; undefined before the call is joined. */
export const useLocalParticipant = (): Participant | undefined =>
  useCallSelector((snapshot) => snapshot.participants.find((participant) => participant.isLocal));

/** How many only watch; they are not among the participants. */
export const useViewerCount = (): number => useCallSelector((snapshot) => snapshot.viewerCount);

/** Messages and whether writing is allowed. */
export const useChat = (): CallSnapshot['chat'] => useCallSelector((snapshot) => snapshot.chat);

/** Own microphone, camera and screen: intent, progress and problem. */
export const useLocalMedia = (): CallSnapshot['local'] => useCallSelector((snapshot) => snapshot.local);

/** What the own seat may do. */
export const useGrants = (): CallSnapshot['grants'] => useCallSelector((snapshot) => snapshot.grants);
