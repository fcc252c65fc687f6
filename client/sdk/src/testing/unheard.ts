/**
 * Owns ears for notifications that a test does not care about. Does not own the table of notifications.
 */
import type { NotificationHandlers } from '../SignalingSocket.ts';

const ignore = (): void => undefined;

/** A handler of every notification that does nothing; tests put their own over it. */
export const unheard: NotificationHandlers = {
  roomEvents: ignore,
  chatMessage: ignore,
  mediaMoved: ignore,
  consumersClosed: ignore,
  encodingsWanted: ignore,
  audioPool: ignore,
  activeSpeakers: ignore,
  peerQuality: ignore,
  peerTrouble: ignore,
  removed: ignore,
};
