/**
 * Owns the chat as shown: every message once, in order, without holes; own messages from the moment they are written until they
 * are on disk. Does not own the socket (asks through ChatPort) nor who may write.
 */
import type { ChatMessage, ConversationTail, RequestData, RequestReply } from '@parley/protocol';
import { backoffMs } from './backoff.ts';
import { uuidV7 } from './randomIds.ts';
import { toCallError } from './toCallError.ts';
import type { CallSnapshot, ChatEntry } from './types.ts';

type ChatRequest = 'chatSend' | 'chatHistory';

/** How the chat asks the server. */
export type ChatPort = <N extends ChatRequest>(name: N, data: RequestData<N>) => Promise<RequestReply<N>>;

/** Who writes here. */
export interface ChatAuthor {
  readonly senderId: string;
  readonly senderName: string;
}

/** The chat of one call. */
export class ChatLog {
  readonly #ask: ChatPort;
  readonly #changed: () => void;
  /** Stored messages, ascending by seq, gapless. */
  #stored: ChatEntry[] = [];
  /** Own messages that are not stored yet, in the order of writing. */
  #unsent: ChatEntry[] = [];
  readonly #ownIds = new Set<string>();
  #author: ChatAuthor | undefined;
  #conversationId: string | undefined;
  #hasOlder = false;
  /** Everything up to here is in `#stored` or older than what was asked for; undefined before the first page. */
  #newestSeq: number | undefined;
  /** The highest seq known to exist. */
  #lastSeq = 0;
  #pulling = false;
  #sending = false;
  #closed = false;
  /** Who waits for own messages to be stored, by message id. */
  readonly #outcomes = new Map<string, { resolve: () => void; reject: (error: unknown) => void }>();
  #view: Pick<CallSnapshot['chat'], 'entries' | 'hasOlder'> | undefined;

  /** @param changed called after each change of {@link view}. */
  constructor(ask: ChatPort, changed: () => void) {
    this.#ask = ask;
    this.#changed = changed;
  }

  /** What is shown; the same object until it changes. */
  get view(): Pick<CallSnapshot['chat'], 'entries' | 'hasOlder'> {
    this.#view ??= { entries: [...this.#stored, ...this.#unsent], hasOlder: this.#hasOlder };
    return this.#view;
  }

  /** The seat is taken (again): fetches what was missed and sends what waits. */
  handleJoined(author: ChatAuthor, tail: ConversationTail | undefined): void {
    this.#author = author;
    if (tail) this.handleTail(tail);
    void this.#flush();
  }

  /** Where the conversation stands, by a join or a heartbeat. */
  handleTail(tail: ConversationTail): void {
    if (tail.conversationId !== this.#conversationId) {
      // Another call has begun in this room: its chat is another conversation.
      this.#conversationId = tail.conversationId;
      this.#stored = [];
      this.#lastSeq = 0;
      // Nothing to fetch in an empty one: it is complete up to its beginning.
      this.#newestSeq = tail.lastSeq < tail.firstSeq ? tail.firstSeq - 1 : undefined;
      this.#hasOlder = false;
      this.#touch();
    }
    this.#lastSeq = Math.max(this.#lastSeq, tail.lastSeq);
    void this.#pull();
  }

  /** A live message. */
  handleMessage(message: ChatMessage): void {
    if (message.conversationId !== this.#conversationId) return;
    this.#lastSeq = Math.max(this.#lastSeq, message.seq);
    if (this.#newestSeq !== undefined && message.seq === this.#newestSeq + 1) this.#append([message]);
    else void this.#pull();
  }

  /**
   * Writes a message: shown at once, sent as soon as the earlier ones are stored. Resolves when it is stored.
   * @throws CallError that cannot be mended by trying again; the entry stays as `failed`.
   */
  async send(text: string): Promise<void> {
    const messageId = uuidV7();
    this.#ownIds.add(messageId);
    const { senderId = '', senderName = '' } = this.#author ?? {};
    const sentAtMs = Date.now();
    const entry = { messageId, senderId, senderName, text, sentAtMs, seq: undefined, isLocal: true };
    this.#unsent.push({ ...entry, state: 'sending' });
    this.#touch();
    await this.#flush(messageId);
  }

  /** Sends a failed message again, as the same message. */
  async retry(messageId: string): Promise<void> {
    if (this.#setState(messageId, 'sending')) await this.#flush(messageId);
  }

  /** Puts the page before the oldest message in front. */
  async loadOlder(): Promise<void> {
    const [oldest] = this.#stored;
    const conversationId = this.#conversationId;
    if (!this.#hasOlder || oldest?.seq === undefined) return;
    const { messages, hasMore } = await this.#ask('chatHistory', { beforeSeq: oldest.seq });
    // Two quick calls ask for the same page; a conversation may have ended meanwhile.
    if (conversationId !== this.#conversationId || this.#stored[0] !== oldest) return;
    this.#stored = [...messages.map((message) => this.#toEntry(message)), ...this.#stored];
    this.#hasOlder = hasMore;
    this.#touch();
  }

  /** Stops sending and fetching; who waits for a message to be stored gets `error`. */
  close(error: unknown): void {
    this.#closed = true;
    for (const outcome of this.#outcomes.values()) outcome.reject(error);
    this.#outcomes.clear();
  }

  /** Fetches until the newest known message is here: the newest page at first, then page after page without a hole. */
  async #pull(): Promise<void> {
    if (this.#pulling) return;
    this.#pulling = true;
    for (let attempt = 1; !this.#closed && this.#lastSeq > (this.#newestSeq ?? 0); ) {
      const conversationId = this.#conversationId;
      const afterSeq = this.#newestSeq;
      try {
        const page = await this.#ask('chatHistory', afterSeq === undefined ? {} : { afterSeq });
        if (conversationId !== this.#conversationId) continue;
        if (afterSeq === undefined) this.#hasOlder = page.hasMore;
        this.#lastSeq = Math.max(this.#lastSeq, page.tail.lastSeq);
        this.#append(page.messages);
        // The server knows what there is: messages that retention took away must not be waited for.
        if (page.messages.length === 0) this.#newestSeq = this.#lastSeq;
        attempt = 1;
      } catch (error) {
        if (this.#closed || !toCallError(error).retryable) break;
        attempt += 1;
        await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt)));
      }
    }
    this.#pulling = false;
  }

  /** Sends what waits, one after the other, so that it is stored in the order of writing. */
  async #flush(awaited?: string): Promise<void> {
    const outcome = awaited === undefined ? undefined : this.#outcomeOf(awaited);
    if (!this.#sending) void this.#sendAll();
    await outcome;
  }

  #outcomeOf(messageId: string): Promise<void> {
    return new Promise((resolve, reject) => this.#outcomes.set(messageId, { resolve, reject }));
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    for (let attempt = 1; !this.#closed; ) {
      const next = this.#unsent.find((entry) => entry.state === 'sending');
      if (!next) break;
      const { messageId, text } = next;
      try {
        const { seq, sentAtMs } = await this.#ask('chatSend', { messageId, text });
        this.#acknowledged(next, seq, sentAtMs);
        attempt = 1;
      } catch (thrown) {
        const error = toCallError(thrown);
        if (!this.#closed && error.retryable) {
          // Whether it was stored is unknown. The same id makes sending it again harmless.
          attempt += 1;
          await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt)));
        } else {
          this.#setState(messageId, 'failed');
          this.#outcomes.get(messageId)?.reject(error);
          this.#outcomes.delete(messageId);
        }
      }
    }
    this.#sending = false;
  }

  #acknowledged(entry: ChatEntry, seq: number, sentAtMs: number): void {
    const { messageId } = entry;
    this.#lastSeq = Math.max(this.#lastSeq, seq);
    if (this.#newestSeq !== undefined && seq === this.#newestSeq + 1) {
      this.#newestSeq = seq;
      this.#stored = [...this.#stored, { ...entry, seq, sentAtMs, state: 'sent' }];
      this.#unsent = this.#unsent.filter((unsent) => unsent.messageId !== messageId);
      this.#touch();
    } else if (this.#unsent.includes(entry)) {
      // Others wrote in between: shown as sent, it moves to its place with the page that has all of them.
      this.#setState(messageId, 'sent', { sentAtMs });
      void this.#pull();
    }
    this.#outcomes.get(messageId)?.resolve();
    this.#outcomes.delete(messageId);
  }

  /** @param messages ascending; what is already here is skipped. */
  #append(messages: readonly ChatMessage[]): void {
    const newestSeq = this.#newestSeq ?? 0;
    const news = messages.filter((message) => message.seq > newestSeq);
    const last = news.at(-1);
    if (!last) return;
    this.#newestSeq = last.seq;
    const ids = new Set(news.map((message) => message.messageId));
    this.#stored = [...this.#stored, ...news.map((message) => this.#toEntry(message))];
    // An own message that came back before its acknowledgement (or whose acknowledgement was lost) is stored.
    this.#unsent = this.#unsent.filter((entry) => !ids.has(entry.messageId));
    for (const id of ids) {
      this.#outcomes.get(id)?.resolve();
      this.#outcomes.delete(id);
    }
    this.#touch();
  }

  #toEntry(message: ChatMessage): ChatEntry {
    const { messageId, seq, senderId, senderName, text, sentAtMs } = message;
    const isLocal = this.#ownIds.has(messageId) || senderId === this.#author?.senderId;
    return { messageId, seq, senderId, senderName, text, sentAtMs, state: 'sent', isLocal };
  }

  #setState(messageId: string, state: ChatEntry['state'], more: { sentAtMs?: number } = {}): boolean {
    const index = this.#unsent.findIndex((entry) => entry.messageId === messageId && entry.state !== state);
    const entry = this.#unsent[index];
    if (!entry) return false;
    this.#unsent = this.#unsent.with(index, { ...entry, ...more, state });
    this.#touch();
    return true;
  }

  #touch(): void {
    this.#view = undefined;
    this.#changed();
  }
}
