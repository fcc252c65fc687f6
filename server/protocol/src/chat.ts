/**
 * Owns the wire shape of chat messages.
 * Does not own their storage or who may read them (server/src/chat).
 */
import * as z from 'zod/mini';
import { Id, MessageId } from './ids.ts';

/** 1-4000 UTF-16 units, not only white space; line breaks are kept. A half surrogate pair, which no store keeps, becomes U+FFFD. */
export const MessageText = z.string().check(
  z.overwrite((text) => text.toWellFormed()),
  z.minLength(1),
  z.maxLength(4000),
  z.refine((text) => text.trim().length > 0, 'must not be empty'),
);

/** A stored message. `seq` is gapless per conversation, so a reader alone can see a hole. */
export const ChatMessage = z.object({
  conversationId: Id,
  seq: z.int(),
  messageId: MessageId,
  senderId: Id,
  senderName: z.string(),
  text: z.string(),
  sentAtMs: z.number(),
});
export type ChatMessage = z.infer<typeof ChatMessage>;

/** Where a conversation stands: the first seq that this reader may see, and the last one there is. */
export const ConversationTail = z.object({ conversationId: Id, firstSeq: z.int(), lastSeq: z.int() });
export type ConversationTail = z.infer<typeof ConversationTail>;
