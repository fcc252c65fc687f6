/**
 * A reader's log holds what came, in the order in which it came; a hole is filled from the history, once, and marked as such.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { CallError, type ChatMessage, MessageId } from '@parley/protocol';
import { expect, test } from 'vitest';
import { seededRandom } from '../run/random.ts';
import { ChatMember, type ChatPort } from './ChatMember.ts';
import { messageText, uuidV7 } from './messageText.ts';

const conversationId = 'c1';

/** A server with a conversation, and a member that joined after two messages. */
function scene() {
  const stored: ChatMessage[] = [];
  const store = (text?: string): ChatMessage => {
    const messageId = uuidV7();
    const message = {
      ...{ conversationId, seq: stored.length + 1, messageId, senderId: 's', senderName: 'S', sentAtMs: 0 },
      text: text ?? messageText(messageId, 60),
    };
    stored.push(message);
    return message;
  };
  store();
  store();
  const asked: string[] = [];
  let refusal: CallError | undefined;
  const failures: string[] = [];
  const replies: { [N in 'chatSend' | 'chatHistory']: (data: object) => unknown } = {
    chatSend: () => ({ seq: store().seq, sentAtMs: 0 }),
    chatHistory: (data) => ({
      messages: stored.filter(({ seq }) => 'afterSeq' in data && seq > Number(data.afterSeq)).slice(0, 50),
      hasMore: false,
      tail: { conversationId, firstSeq: 1, lastSeq: stored.length },
    }),
  };
  const request: ChatPort['request'] = async (name, data) => {
    asked.push(name);
    await turn();
    if (refusal) throw refusal;
    return replies[name](data) as never;
  };
  const member = new ChatMember(
    'bot',
    'room',
    { conversationId, firstSeq: 1, lastSeq: 2 },
    {
      request,
      sent: () => {},
      received: () => {},
      failed: (what, { code }) => failures.push(`${what} ${code}`),
    },
  );
  const seqs = () => member.log.received.map(({ seq, live }) => (live ? seq : -seq));
  return { member, store, seqs, asked, failures, refuse: (error: CallError) => (refusal = error) };
}

test('asks for nothing while every push follows the one before', () => {
  const { member, store, seqs, asked } = scene();
  for (let count = 0; count < 3; count += 1) member.handleMessage(store());
  expect(seqs()).toEqual([3, 4, 5]);
  expect(asked).toEqual([]);
});

test('fills a hole from the history, and does not take what it has for new', async () => {
  const { member, store, seqs, asked } = scene();
  store();
  store();
  member.handleMessage(store());
  member.handleMessage(store());
  for (let count = 0; count < 5; count += 1) await turn();
  expect(seqs()).toEqual([5, 6, -3, -4]);
  expect(asked).toEqual(['chatHistory']);
  member.handleMessage(store());
  expect(seqs()).toEqual([5, 6, -3, -4, 7]);
});

test('logs a second push: that is for the comparison to judge', () => {
  const { member, store, seqs } = scene();
  const message = store();
  member.handleMessage(message);
  member.handleMessage(message);
  expect(seqs()).toEqual([3, 3]);
});

test('a heartbeat shows that the last message is missing', async () => {
  const { member, store, seqs } = scene();
  const { seq } = store();
  await member.handleTail({ conversationId, firstSeq: 1, lastSeq: seq });
  expect(seqs()).toEqual([-3]);
  await member.handleTail({ conversationId, firstSeq: 1, lastSeq: seq });
  await member.handleTail({ conversationId: 'another', firstSeq: 1, lastSeq: 99 });
  expect(seqs()).toEqual([-3]);
});

test('knows a text that is not the message’s own', () => {
  const { member, store } = scene();
  member.handleMessage(store());
  member.handleMessage(store('tampered with'));
  expect(member.log.received.map(({ intact }) => intact)).toEqual([true, false]);
});

test('writes at its rate and logs what was acknowledged and what was refused', async () => {
  const { member, failures, refuse } = scene();
  await member.write({ perSecond: 200, bytes: 80, seconds: 0.02 }, seededRandom(1));
  expect(member.log.sent.map(({ stored }) => stored?.seq)).toEqual([3, 4, 5, 6]);
  refuse(new CallError('rate-limited', 'Too many requests'));
  await member.write({ perSecond: 200, bytes: 80, seconds: 0.01 }, seededRandom(1));
  expect(member.log.sent.slice(4).map(({ stored }) => stored)).toEqual([undefined, undefined]);
  expect(failures).toEqual(['write rate-limited', 'write rate-limited']);
});

test('ids are UUIDs of version 7, texts have their length', () => {
  for (let count = 0; count < 100; count += 1) expect(MessageId.safeParse(uuidV7()).success).toBe(true);
  for (const length of [1, 37, 38, 100, 4000]) expect(messageText(uuidV7(), length)).toHaveLength(length);
});
