/**
 * Owns the tests of the chat as shown: exactly once, in order, optimistic, and sent until stored.
 */
import { CallError, type ChatMessage, MessageId } from '@parley/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ChatLog, type ChatPort } from './ChatLog.ts';

const message = (seq: number, overrides: Partial<ChatMessage> = {}): ChatMessage => ({
  conversationId: 'c1',
  seq,
  messageId: `018f0000-0000-7000-8000-${String(seq).padStart(12, '0')}`,
  senderId: 'other',
  senderName: 'Other',
  text: `text${seq}`,
  sentAtMs: seq,
  ...overrides,
});

const tick = () => vi.advanceTimersByTimeAsync(0);

/** A server's chat: `stored` is what it has; `answer` may be replaced to refuse or lose. */
function setUp(count = 0) {
  const stored = Array.from({ length: count }, (_, index) => message(index + 1));
  const sent: { messageId: string; text: string }[] = [];
  const tail = () => ({ conversationId: 'c1', firstSeq: 1, lastSeq: stored.at(-1)?.seq ?? 0 });
  const server = {
    asked: [] as object[],
    beforeSend: async (): Promise<void> => undefined,
    afterSend: async (): Promise<void> => undefined,
    store(messageId: string, text: string): number {
      const known = stored.find((candidate) => candidate.messageId === messageId);
      if (known) return known.seq;
      const seq = stored.length + 1;
      stored.push(message(seq, { messageId, text, senderId: 'me', senderName: 'Me' }));
      return seq;
    },
  };
  const ask = (async (name: string, data: Record<string, never>) => {
    if (name === 'chatSend') {
      sent.push(data as never);
      await server.beforeSend();
      const { messageId, text } = data as unknown as { messageId: string; text: string };
      const seq = server.store(messageId, text);
      await server.afterSend();
      return { seq, sentAtMs: 500 };
    }
    server.asked.push(data);
    const { afterSeq = 0, beforeSeq = Number.POSITIVE_INFINITY } = data as {
      afterSeq?: number;
      beforeSeq?: number;
    };
    const all = stored.filter(({ seq }) => seq > afterSeq && seq < beforeSeq);
    const messages = 'afterSeq' in data ? all.slice(0, 50) : all.slice(-50);
    return { messages, hasMore: all.length > messages.length, tail: tail() };
  }) as unknown as ChatPort;
  const changed = vi.fn();
  const chat = new ChatLog(ask, changed);
  const join = async () => {
    chat.handleJoined({ senderId: 'me', senderName: 'Me' }, tail());
    await tick();
  };
  const texts = () => chat.view.entries.map(({ text }) => text);
  return { chat, server, stored, sent, changed, join, texts, tail };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('reading', () => {
  test('[CHAT1] a late joiner sees the newest page, and older ones on demand', async () => {
    const { chat, join, texts } = setUp(120);
    await join();
    expect(texts()).toHaveLength(50);
    expect(texts().at(-1)).toBe('text120');
    expect(chat.view.hasOlder).toBe(true);
    await chat.loadOlder();
    await chat.loadOlder();
    expect(texts()).toEqual(Array.from({ length: 120 }, (_, index) => `text${index + 1}`));
    expect(chat.view.hasOlder).toBe(false);
  });

  test('two quick calls for older messages bring one page', async () => {
    const { chat, join, texts } = setUp(120);
    await join();
    await Promise.all([chat.loadOlder(), chat.loadOlder()]);
    expect(texts()).toHaveLength(100);
    expect(new Set(texts()).size).toBe(100);
  });

  test('live messages append, each once', async () => {
    const { chat, join, stored, texts } = setUp(2);
    await join();
    stored.push(message(3));
    chat.handleMessage(message(3));
    chat.handleMessage(message(3));
    chat.handleMessage(message(2));
    await tick();
    expect(texts()).toEqual(['text1', 'text2', 'text3']);
  });

  test('the first message of an empty chat needs no fetching', async () => {
    const { chat, join, server, texts } = setUp(0);
    await join();
    chat.handleMessage(message(1));
    expect(texts()).toEqual(['text1']);
    expect(server.asked).toEqual([]);
  });

  test('[CHAT1] a hole is filled from the history before what is behind it shows', async () => {
    const { chat, join, stored, texts, server } = setUp(1);
    await join();
    for (let seq = 2; seq <= 130; seq += 1) stored.push(message(seq));
    chat.handleMessage(message(130));
    expect(texts()).toEqual(['text1']);
    await tick();
    expect(texts()).toEqual(stored.map(({ text }) => text));
    expect(server.asked).toEqual([{}, { afterSeq: 1 }, { afterSeq: 51 }, { afterSeq: 101 }]);
  });

  test('[PING1] a lost last message is noticed by the tail of a heartbeat', async () => {
    const { chat, join, stored, texts, tail } = setUp(1);
    await join();
    stored.push(message(2));
    chat.handleTail(tail());
    await tick();
    expect(texts()).toEqual(['text1', 'text2']);
  });

  test('messages that retention took away are not waited for', async () => {
    const { chat, join, server } = setUp(0);
    chat.handleTail({ conversationId: 'c1', firstSeq: 1, lastSeq: 9 });
    await join();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.asked).toHaveLength(1);
  });

  test('another call in the room is another chat', async () => {
    const { chat, join, texts } = setUp(3);
    await join();
    chat.handleTail({ conversationId: 'c2', firstSeq: 4, lastSeq: 3 });
    chat.handleMessage(message(4));
    expect(texts()).toEqual([]);
    chat.handleMessage(message(4, { conversationId: 'c2' }));
    expect(texts()).toEqual(['text4']);
  });
});

describe('writing', () => {
  test('shows at once, then as stored, in one place', async () => {
    const { chat, join, sent } = setUp(1);
    await join();
    const done = chat.send('hello');
    expect(chat.view.entries.at(-1)).toMatchObject({
      text: 'hello',
      state: 'sending',
      seq: undefined,
      isLocal: true,
      senderName: 'Me',
    });
    await done;
    expect(chat.view.entries).toHaveLength(2);
    expect(chat.view.entries.at(-1)).toMatchObject({ text: 'hello', state: 'sent', seq: 2, sentAtMs: 500 });
    expect(MessageId.safeParse(sent[0]?.messageId).success).toBe(true);
  });

  test('the broadcast of an own message before its acknowledgement does not double it', async () => {
    const { chat, join, server, stored } = setUp(0);
    await join();
    server.afterSend = async () => chat.handleMessage(stored[0] ?? message(1));
    await chat.send('hello');
    expect(chat.view.entries).toHaveLength(1);
    expect(chat.view.entries[0]).toMatchObject({ state: 'sent', seq: 1, isLocal: true });
  });

  test('an acknowledgement past a hole shows no message twice and none out of order', async () => {
    const { chat, join, stored, texts } = setUp(1);
    await join();
    stored.push(message(2), message(3));
    await chat.send('mine');
    await tick();
    expect(texts()).toEqual(['text1', 'text2', 'text3', 'mine']);
    expect(chat.view.entries.every(({ state }) => state === 'sent')).toBe(true);
  });

  test('[CHAT1] a lost acknowledgement is answered by the same message again', async () => {
    const { chat, join, server, sent, stored } = setUp(0);
    await join();
    let failures = 2;
    server.afterSend = async () => {
      failures -= 1;
      if (failures >= 0) throw new CallError('timeout', 'lost');
    };
    const done = chat.send('once');
    await vi.advanceTimersByTimeAsync(5000);
    await done;
    expect(sent).toHaveLength(3);
    expect(new Set(sent.map(({ messageId }) => messageId)).size).toBe(1);
    expect(stored).toHaveLength(1);
    expect(chat.view.entries).toHaveLength(1);
  });

  test('several messages are stored in the order of writing', async () => {
    const { chat, join, texts, server } = setUp(0);
    await join();
    let first = true;
    server.beforeSend = async () => {
      if (!first) return;
      first = false;
      throw new CallError('unavailable', 'busy');
    };
    const done = Promise.all([chat.send('a'), chat.send('b'), chat.send('c')]);
    await vi.advanceTimersByTimeAsync(2000);
    await done;
    expect(texts()).toEqual(['a', 'b', 'c']);
    expect(chat.view.entries.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  test('what the server refuses stays as failed, holds up nobody, and can be sent again as the same message', async () => {
    const { chat, join, server, sent, texts } = setUp(0);
    await join();
    server.beforeSend = async () => {
      throw new CallError('forbidden', 'no chat');
    };
    await expect(chat.send('no')).rejects.toMatchObject({ code: 'forbidden' });
    expect(chat.view.entries[0]).toMatchObject({ state: 'failed' });
    server.beforeSend = async () => undefined;
    await chat.send('yes');
    expect(texts()).toEqual(['yes', 'no']);
    await chat.retry(chat.view.entries[1]?.messageId ?? '');
    expect(chat.view.entries.map(({ text, state }) => [text, state])).toEqual([
      ['yes', 'sent'],
      ['no', 'sent'],
    ]);
    expect(sent[0]?.messageId).toBe(sent[2]?.messageId);
  });

  test('the end of the call fails what is not stored', async () => {
    const { chat, join, server } = setUp(0);
    await join();
    server.beforeSend = () => new Promise(() => undefined);
    const done = chat.send('late');
    chat.close(new CallError('invalid-state', 'over'));
    await expect(done).rejects.toMatchObject({ code: 'invalid-state' });
  });
});
