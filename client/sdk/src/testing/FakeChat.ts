/**
 * Owns the one conversation of a server in memory: what was said, once each, and its pages. Does not own who is told (FakeServer).
 */
import type { ChatMessage, RequestData, RequestReply } from '@parley/protocol';

const CONVERSATION = 'chat1';
const PAGE = 50;

/** See the head of the file. */
export class FakeChat {
  readonly messages: ChatMessage[] = [];

  get tail(): RequestReply<'chatHistory'>['tail'] {
    return { conversationId: CONVERSATION, firstSeq: 1, lastSeq: this.messages.length };
  }

  /** Stores a message unless it is there already, and says which it is now. */
  send(senderId: string, data: RequestData<'chatSend'>): { message: ChatMessage; isNew: boolean } {
    const { messageId, text } = data;
    const known = this.messages.find((message) => message.messageId === messageId);
    if (known) return { message: known, isNew: false };
    const message = {
      conversationId: CONVERSATION,
      seq: this.messages.length + 1,
      messageId,
      senderId,
      senderName: 'Ada',
      text,
      sentAtMs: 1000,
    };
    this.messages.push(message);
    return { message, isNew: true };
  }

  history({ afterSeq, beforeSeq }: RequestData<'chatHistory'>): RequestReply<'chatHistory'> {
    const all = this.messages.filter(
      ({ seq }) => seq > (afterSeq ?? 0) && seq < (beforeSeq ?? Number.POSITIVE_INFINITY),
    );
    const messages = afterSeq === undefined ? all.slice(-PAGE) : all.slice(0, PAGE);
    return { messages, hasMore: all.length > messages.length, tail: this.tail };
  }
}
