/**
 * Owns a ConversationStore in memory whose calls can be refused, hang, or lose their answers, for tests of what stands on it.
 * Does not own durability: the contract suite runs on real engines.
 */
import { CallError, type ChatMessage } from '@parley/protocol';
import type {
  Appended,
  ConversationKey,
  ConversationStore,
  NewMessage,
  Page,
  PageQuery,
  RunningCall,
} from '../../src/chat/ports.ts';

/** Keeps rows in memory. `fault` decides per call name: nothing, refuse before, or refuse after it took effect. */
export class MemoryConversations implements ConversationStore {
  readonly calls: Array<RunningCall & { endedAtMs: number | null }> = [];
  readonly messages: ChatMessage[] = [];
  readonly ready = true;
  readonly swept: number[] = [];
  /** Part of the ids of new conversations: another one stands for conversations that the sweep took. */
  era = '';
  fault: Partial<Record<keyof ConversationStore, 'before' | 'after'>> = {};
  /** All calls wait for it before they take effect. */
  hang: Promise<void> = Promise.resolve();
  /** All answers wait for it, once the call has taken effect. */
  hangAnswers: Promise<void> = Promise.resolve();

  openCall(key: ConversationKey, nowMs: number): Promise<RunningCall> {
    return this.#do('openCall', () => {
      const conversationId = `${key.tenant}:${key.roomId}${this.era}`;
      const at = this.calls.findIndex(
        (call) => call.conversationId === conversationId && call.endedAtMs === null,
      );
      const lastSeq = this.#lastSeq(conversationId);
      const running = this.calls[at];
      if (running) {
        this.calls[at] = { ...running, emptySinceMs: null };
        return { ...running, emptySinceMs: null, lastSeq };
      }
      const call = {
        key,
        conversationId,
        callId: `call-${this.calls.length + 1}`,
        startedAtMs: nowMs,
        firstSeq: lastSeq + 1,
        lastSeq,
        emptySinceMs: null,
      };
      this.calls.push({ ...call, endedAtMs: null });
      return call;
    });
  }

  setCallEmptySince(callId: string, emptySinceMs: number | null): Promise<void> {
    return this.#do('setCallEmptySince', () => this.#change(callId, { emptySinceMs }));
  }

  endCall(callId: string, nowMs: number): Promise<void> {
    return this.#do('endCall', () => this.#change(callId, { endedAtMs: nowMs }));
  }

  runningCalls(): Promise<RunningCall[]> {
    return this.#do('runningCalls', () =>
      this.calls
        .filter((call) => call.endedAtMs === null)
        .map((call) => ({ ...call, lastSeq: this.#lastSeq(call.conversationId) })),
    );
  }

  append(message: NewMessage): Promise<Appended> {
    return this.#do('append', () => {
      const { conversationId, messageId, senderId } = message;
      const known = this.messages.find(
        (other) =>
          other.conversationId === conversationId &&
          other.messageId === messageId &&
          other.senderId === senderId,
      );
      if (known) return { seq: known.seq, sentAtMs: known.sentAtMs, duplicate: true };
      const seq = this.#lastSeq(conversationId) + 1;
      this.messages.push({ ...message, seq });
      return { seq, sentAtMs: message.sentAtMs, duplicate: false };
    });
  }

  page(conversationId: string, { fromSeq, afterSeq, beforeSeq = Infinity, limit }: PageQuery): Promise<Page> {
    return this.#do('page', () => {
      const within = this.messages.filter(
        ({ conversationId: id, seq }) =>
          id === conversationId && seq >= fromSeq && seq > (afterSeq ?? 0) && seq < beforeSeq,
      );
      const messages = afterSeq === undefined ? within.slice(-limit) : within.slice(0, limit);
      return { messages, hasMore: within.length > messages.length };
    });
  }

  lastSeq(conversationId: string): Promise<number> {
    return this.#do('lastSeq', () => this.#lastSeq(conversationId));
  }

  deleteBefore(cutoffMs: number): Promise<number> {
    return this.#do('deleteBefore', () => this.swept.push(cutoffMs));
  }

  async close(): Promise<void> {}

  #lastSeq(conversationId: string): number {
    return this.messages.filter((message) => message.conversationId === conversationId).length;
  }

  #change(callId: string, change: { emptySinceMs: number | null } | { endedAtMs: number }): void {
    const at = this.calls.findIndex((call) => call.callId === callId && call.endedAtMs === null);
    if (at >= 0) this.calls[at] = { ...this.calls[at]!, ...change };
  }

  async #do<R>(name: keyof ConversationStore, act: () => R): Promise<R> {
    const fault = this.fault[name];
    await this.hang;
    if (fault === 'before') throw new CallError('unavailable', 'down');
    const result = act();
    await this.hangAnswers;
    if (fault === 'after') throw new CallError('timeout', 'no answer');
    return result;
  }
}
