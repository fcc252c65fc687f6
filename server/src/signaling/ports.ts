/**
 * Owns what the signaling side needs from the parts that it may not know, as interfaces.
 * Does not own their implementations: main.ts puts them together.
 */
import type { ChatMessage, ConversationTail, IceServer, QualityReport } from '@parley/protocol';
import type { Clock } from '../clock.ts';
import type { Identity, IdIssuer } from '../identity.ts';
import type { Logger } from '../log.ts';
import type { MediaPeer, MediaPort, RoomKey } from '../room/ports.ts';
import type { RoomEngine } from '../room/RoomEngine.ts';
import type { SeatMedia } from '../room/SeatMedia.ts';
import type { RoomHub } from './RoomHub.ts';

/** Chat of a room for those who sit in it. Fails with a CallError. */
export interface ChatPort {
  /** Resolves once the message is on disk; a resend gets the first answer. */
  send(
    room: RoomKey,
    author: { senderId: string; senderName: string },
    message: { messageId: string; text: string },
  ): Promise<{ seq: number; sentAtMs: number }>;
  history(
    room: RoomKey,
    query: { afterSeq?: number | undefined; beforeSeq?: number | undefined },
  ): Promise<{ messages: ChatMessage[]; hasMore: boolean; tail: ConversationTail }>;
  /** Where the conversation stands. */
  tail(room: RoomKey): Promise<ConversationTail>;
  /** The same from memory, for heartbeats; undefined while the store is down. */
  currentTail(room: RoomKey): ConversationTail | undefined;
}

/** What becomes of a seat's own measurements. Fails with a CallError; never waits for a disk. */
export interface QualityPort {
  report(seat: MediaPeer, userId: string, report: QualityReport): Promise<void>;
}

/** What request handlers work with. */
export interface Services {
  readonly engine: RoomEngine;
  readonly seatMedia: SeatMedia;
  readonly media: Pick<MediaPort, 'attach' | 'outlook'>;
  readonly hub: RoomHub;
  readonly chat: ChatPort;
  readonly quality: QualityPort;
  readonly ids: IdIssuer;
  readonly iceServers: (identity: Identity) => IceServer[];
  readonly clock: Clock;
  readonly log: Logger;
}
