/**
 * Owns what one bot writes and reads in its room's chat, and the log of both; fills holes from the history as a client does.
 * Does not own the socket, nor the judgement of the log (report/compareChatLogs.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  CallError,
  type ChatMessage,
  type ConversationTail,
  type RequestData,
  type RequestReply,
} from '@parley/protocol';
import type { ChatLog } from '../process/messages.ts';
import type { Random } from '../run/random.ts';
import { nowMs } from './clock.ts';
import { messageText, uuidV7 } from './messageText.ts';

type ChatRequest = 'chatSend' | 'chatHistory';

/** How it asks the server, and whom it tells. */
export interface ChatPort {
  request<N extends ChatRequest>(name: N, data: RequestData<N>): Promise<RequestReply<N>>;
  sent(): void;
  received(): void;
  failed(what: string, error: CallError): void;
}

/** A bot's part in one conversation. */
export class ChatMember {
  readonly log: ChatLog;
  readonly #port: ChatPort;
  /** Everything up to here has been read. */
  #readSeq: number;
  /** Read beyond a hole. */
  readonly #ahead = new Set<number>();
  #pulling: Promise<void> | undefined;
  /** Known to exist. */
  #lastSeq: number;
  #stopped = false;

  constructor(botId: string, roomId: string, tail: ConversationTail, port: ChatPort) {
    this.#port = port;
    this.#readSeq = tail.lastSeq;
    this.#lastSeq = tail.lastSeq;
    const { conversationId, lastSeq } = tail;
    this.log = { botId, roomId, conversationId, joinedAtSeq: lastSeq, sent: [], received: [] };
  }

  /** A pushed message. */
  handleMessage(message: ChatMessage): void {
    this.#record(message, true);
    if (message.seq > this.#readSeq) this.#ahead.add(message.seq);
    this.#advance();
    if (this.#ahead.size > 0) void this.#pull(message.seq);
  }

  /** Where the conversation stands: what was not pushed is pulled. */
  async handleTail({ conversationId, lastSeq }: ConversationTail): Promise<void> {
    if (conversationId === this.log.conversationId && lastSeq > this.#readSeq) await this.#pull(lastSeq);
  }

  /** Writes at a steady rate, whatever the answers do; resolves when the last one is there. */
  async write(rate: { perSecond: number; bytes: number; seconds: number }, random: Random): Promise<void> {
    const intervalMs = 1000 / rate.perSecond;
    const beganMs = nowMs() + random() * intervalMs;
    const count = Math.floor(rate.seconds * rate.perSecond);
    const answers: Promise<void>[] = [];
    for (let index = 0; index < count && !this.#stopped; index += 1) {
      await delay(Math.max(0, beganMs + index * intervalMs - nowMs()));
      answers.push(this.#send(rate.bytes));
    }
    await Promise.all(answers);
  }

  /** Writes no more. */
  stop(): void {
    this.#stopped = true;
  }

  async #send(bytes: number): Promise<void> {
    const messageId = uuidV7();
    const entry: ChatLog['sent'][number] = { messageId, sentAtMs: nowMs() };
    this.log.sent.push(entry);
    this.#port.sent();
    try {
      const { seq } = await this.#port.request('chatSend', {
        messageId,
        text: messageText(messageId, bytes),
      });
      entry.stored = { seq, atMs: nowMs() };
    } catch (error) {
      this.#port.failed(
        'write',
        error instanceof CallError ? error : new CallError('internal', String(error)),
      );
    }
  }

  #record({ messageId, seq, text }: ChatMessage, live: boolean): void {
    this.#port.received();
    const intact = text === messageText(messageId, text.length);
    this.log.received.push({ messageId, seq, atMs: nowMs(), live, intact });
  }

  #advance(): void {
    while (this.#ahead.delete(this.#readSeq + 1)) this.#readSeq += 1;
  }

  /** One at a time: pages until nothing is missing up to a position. */
  #pull(upTo: number): Promise<void> {
    this.#lastSeq = Math.max(this.#lastSeq, upTo);
    this.#pulling ??= this.#pullPages()
      .catch((error: unknown) => {
        if (error instanceof CallError) this.#port.failed('read', error);
      })
      .finally(() => {
        this.#pulling = undefined;
      });
    return this.#pulling;
  }

  async #pullPages(): Promise<void> {
    while (this.#readSeq < this.#lastSeq) {
      const { messages } = await this.#port.request('chatHistory', { afterSeq: this.#readSeq });
      const missing = messages.filter(({ seq }) => seq > this.#readSeq && !this.#ahead.has(seq));
      for (const message of missing) {
        this.#record(message, false);
        this.#ahead.add(message.seq);
      }
      this.#advance();
      if (messages.length === 0) return;
    }
  }
}
