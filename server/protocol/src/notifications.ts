/**
 * Owns the ONE table of everything that a server tells a client unasked.
 * Does not own when: durable facts come from the room log and the chat store, moments may be dropped.
 */
import * as z from 'zod/mini';
import { ChatMessage } from './chat.ts';
import { Id, RoomId, Source } from './ids.ts';
import { RoomEvent, ViewerCount } from './roomModel.ts';

/** name -> schema of its data. */
export const notifications = {
  /**
   * Next events of the room's log, several at once in a large room. A hole, or another epoch: join again with the cursor that you
   * hold. With `viewers` when these events changed how many only watch.
   */
  roomEvents: z.object({
    roomId: RoomId,
    epoch: Id,
    events: z.array(RoomEvent),
    viewers: z.optional(ViewerCount),
  }),
  /** A stored message. A hole in `seq`: pull `chatHistory`. */
  chatMessage: z.object({ message: ChatMessage }),
  /** The worker or node behind this seat's media is gone: make both transports anew, publish and subscribe again. */
  mediaMoved: z.object({}),
  /** Consumers that ended on the server's side. */
  consumersClosed: z.object({ consumerIds: z.array(Id) }),
  /**
   * Which encodings of an own publication somebody watches, lowest first; the others need not be sent. Sent again after each `join`. Until
   * the first one all are wanted.
   */
  encodingsWanted: z.object({ source: Source, generation: z.int(), active: z.array(z.boolean()) }),
  /**
   * Moment: the at most 12 microphones worth subscribing to, most recent speaker first, the own one included; the server decides which of them are sent.
   * Sent again after each `join`.
   */
  audioPool: z.object({ publicationIds: z.array(Id) }),
  /** Moment: who speaks now, loudest first; empty when nobody does. */
  activeSpeakers: z.object({ peerIds: z.array(Id) }),
  /** Moment: quality of what a peer sends, 0 (lost) to 10 (perfect), of those that changed. */
  peerQuality: z.object({ peers: z.array(z.object({ peerId: Id, score: z.int() })) }),
  /** Moment, repeated while it lasts: whose own network is weak, by their own measure; `none` when that is over. */
  peerTrouble: z.object({ peerId: Id, trouble: z.enum(['network', 'none']) }),
  /** A host removed this session from the room; the seat is gone. */
  removed: z.object({ roomId: RoomId }),
} satisfies Record<string, z.ZodMiniType>;

export type NotificationName = keyof typeof notifications;
export type NotificationData<N extends NotificationName> = z.output<(typeof notifications)[N]>;

/** Whether a name is in the table; a client skips what it does not know. */
export const isNotificationName = (name: string): name is NotificationName =>
  Object.hasOwn(notifications, name);
