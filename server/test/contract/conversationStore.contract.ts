/**
 * Owns the contract of ConversationStore: what every engine must do, as one suite over a factory.
 * Does not own any engine: sqlite.test.ts runs it on SQLite.
 */
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ConversationStore } from '../../src/chat/ports.ts';
import { uuidv7 } from '../support/conversationIds.ts';
import { messageIn } from '../support/conversations.ts';

/** An engine with storage of its own for one test. */
export interface StoreUnderTest {
  readonly store: ConversationStore;
  /** Closes the store and opens it again on the same storage. */
  reopen(): Promise<ConversationStore>;
}

const room = { tenant: 'default', roomId: 'garden' };

/** Runs the contract on an engine. */
export const describeConversationStore = (engine: string, create: () => Promise<StoreUnderTest>): void => {
  const open = async (): Promise<StoreUnderTest> => {
    const underTest = await create();
    onTestFinished(() => underTest.store.close());
    return underTest;
  };

  describe(`ConversationStore on ${engine}`, () => {
    describe('calls', () => {
      test('a room has one running call, found again by whoever opens it', async () => {
        const { store } = await open();
        const first = await store.openCall(room, 1000);
        const second = await store.openCall(room, 2000);
        expect(second).toEqual(first);
        expect(first).toMatchObject({
          key: room,
          startedAtMs: 1000,
          firstSeq: 1,
          lastSeq: 0,
          emptySinceMs: null,
        });
      });

      test('the next call of a room goes on in the same conversation, behind its last message', async () => {
        const { store } = await open();
        const first = await store.openCall(room, 1000);
        await store.append(messageIn(first.conversationId));
        await store.endCall(first.callId, 2000);
        const second = await store.openCall(room, 3000);
        expect(second.conversationId).toBe(first.conversationId);
        expect(second.callId).not.toBe(first.callId);
        expect(second).toMatchObject({ startedAtMs: 3000, firstSeq: 2, lastSeq: 1 });
      });

      test('the same room name is another conversation for another tenant', async () => {
        const { store } = await open();
        const ours = await store.openCall(room, 1000);
        const theirs = await store.openCall({ ...room, tenant: 'acme' }, 1000);
        expect(theirs.conversationId).not.toBe(ours.conversationId);
        await store.append(messageIn(ours.conversationId));
        expect(await store.lastSeq(theirs.conversationId)).toBe(0);
        await store.endCall(ours.callId, 2000);
        expect((await store.runningCalls()).map((call) => call.key.tenant)).toEqual(['acme']);
      });

      test('running calls and the time since when they are empty survive a restart', async () => {
        const underTest = await open();
        const { store } = underTest;
        const empty = await store.openCall(room, 1000);
        const occupied = await store.openCall({ ...room, roomId: 'hall' }, 1000);
        const ended = await store.openCall({ ...room, roomId: 'cellar' }, 1000);
        await store.setCallEmptySince(empty.callId, 5000);
        await store.setCallEmptySince(occupied.callId, 5000);
        await store.setCallEmptySince(occupied.callId, null);
        await store.endCall(ended.callId, 6000);
        const reopened = await underTest.reopen();
        const calls = await reopened.runningCalls();
        expect(calls).toHaveLength(2);
        expect(calls).toContainEqual({ ...empty, emptySinceMs: 5000 });
        expect(calls).toContainEqual({ ...occupied, emptySinceMs: null });
      });

      test('opening a call marks it as occupied', async () => {
        const { store } = await open();
        const { callId } = await store.openCall(room, 1000);
        await store.setCallEmptySince(callId, 5000);
        expect(await store.openCall(room, 6000)).toMatchObject({ callId, emptySinceMs: null });
      });

      test('an ended call stays ended', async () => {
        const { store } = await open();
        const { callId } = await store.openCall(room, 1000);
        await store.endCall(callId, 2000);
        await store.endCall(callId, 3000);
        await store.setCallEmptySince(callId, null);
        expect(await store.runningCalls()).toEqual([]);
      });

      test('[CHAT4] a call without a message takes its conversation along: the next one has another', async () => {
        const underTest = await open();
        const { store } = underTest;
        const first = await store.openCall(room, 1000);
        await store.endCall(first.callId, 2000);
        await expect(store.lastSeq(first.conversationId)).rejects.toMatchObject({ code: 'not-found' });
        const reopened = await underTest.reopen();
        const second = await reopened.openCall(room, 3000);
        expect(second.conversationId).not.toBe(first.conversationId);
        expect(second).toMatchObject({ startedAtMs: 3000, firstSeq: 1, lastSeq: 0 });
        // An end that is repeated after a lost answer.
        await reopened.endCall(first.callId, 4000);
        expect(await reopened.runningCalls()).toEqual([second]);
      });

      test('twenty people who enter at once open one call', async () => {
        const { store } = await open();
        const calls = await Promise.all(Array.from({ length: 20 }, () => store.openCall(room, 1000)));
        expect(new Set(calls.map((call) => call.callId)).size).toBe(1);
      });
    });

    describe('appending', () => {
      test('a message comes back as it was written, whatever its letters', async () => {
        const underTest = await open();
        const { conversationId } = await underTest.store.openCall(room, 1000);
        const texts = [
          'line\nbreak',
          'nul\0inside',
          '👩‍👩‍👧 családi',
          '你好，世界',
          'عربى',
          `'; DROP TABLE messages; --`,
        ];
        const written = texts.map((text) => messageIn(conversationId, { text }));
        for (const message of written) await underTest.store.append(message);
        const reopened = await underTest.reopen();
        const page = await reopened.page(conversationId, { fromSeq: 1, limit: 100 });
        expect(page.messages).toEqual(written.map((message, index) => ({ ...message, seq: index + 1 })));
      });

      test('a resend is the same message, whatever it says, at any age', async () => {
        const underTest = await open();
        const { conversationId } = await underTest.store.openCall(room, 1000);
        const message = messageIn(conversationId, { sentAtMs: 7000 });
        expect(await underTest.store.append(message)).toEqual({ seq: 1, sentAtMs: 7000, duplicate: false });
        await underTest.store.append(messageIn(conversationId));
        const resent = { ...message, text: 'changed', sentAtMs: 9000 };
        const first = { seq: 1, sentAtMs: 7000, duplicate: true };
        expect(await underTest.store.append(resent)).toEqual(first);
        const reopened = await underTest.reopen();
        expect(await reopened.append(resent)).toEqual(first);
        await reopened.deleteBefore(8000);
        expect(await reopened.append(resent)).toEqual(first);
        expect((await reopened.page(conversationId, { fromSeq: 1, limit: 10 })).messages).toHaveLength(1);
      });

      test('the same id from another sender, or in another conversation, is another message', async () => {
        const { store } = await open();
        const here = await store.openCall(room, 1000);
        const there = await store.openCall({ ...room, roomId: 'hall' }, 1000);
        const message = messageIn(here.conversationId);
        await store.append(message);
        expect(await store.append({ ...message, senderId: 'bob' })).toMatchObject({
          seq: 2,
          duplicate: false,
        });
        expect(await store.append({ ...message, conversationId: there.conversationId })).toMatchObject({
          seq: 1,
          duplicate: false,
        });
      });

      test('a row that is refused fails alone and takes no seq', async () => {
        const { store } = await open();
        const { conversationId } = await store.openCall(room, 1000);
        const broken = { ...messageIn(conversationId), senderName: null as unknown as string };
        const answers = await Promise.allSettled([
          store.append(messageIn(conversationId)),
          store.append(messageIn('no-such-conversation')),
          store.append(broken),
          store.append(messageIn(conversationId)),
        ]);
        expect(answers.map((answer) => answer.status)).toEqual([
          'fulfilled',
          'rejected',
          'rejected',
          'fulfilled',
        ]);
        expect(answers[1]).toMatchObject({ reason: { name: 'CallError', code: 'not-found' } });
        expect(answers[3]).toMatchObject({ value: { seq: 2 } });
        expect(await store.append({ ...broken, senderName: 'Ada' })).toMatchObject({
          seq: 3,
          duplicate: false,
        });
      });

      test('seqs are gapless and each message has one, for any interleaving of senders, conversations and resends', async () => {
        const { store } = await open();
        let runs = 0;
        const send = fc.record({
          conversation: fc.nat(2),
          sender: fc.nat(3),
          message: fc.nat(15),
          /** Whether to wait for all answers so far first. */
          settle: fc.boolean(),
        });
        await fc.assert(
          fc.asyncProperty(fc.array(send, { minLength: 1, maxLength: 120 }), async (sends) => {
            runs += 1;
            const ids = Array.from({ length: 16 }, () => uuidv7());
            const calls = await Promise.all(
              [0, 1, 2].map((index) => store.openCall({ ...room, roomId: `run-${runs}-${index}` }, 1000)),
            );
            const answers = new Map<string, Set<number>>();
            const fresh = new Map<string, number>();
            let waiting: Promise<unknown>[] = [];
            for (const { conversation, sender, message, settle } of sends) {
              const { conversationId } = calls[conversation]!;
              const identity = `${conversation}/${sender}/${message}`;
              const append = store
                .append(messageIn(conversationId, { messageId: ids[message]!, senderId: `sender-${sender}` }))
                .then(({ seq, duplicate }) => {
                  answers.set(identity, (answers.get(identity) ?? new Set()).add(seq));
                  if (!duplicate) fresh.set(identity, (fresh.get(identity) ?? 0) + 1);
                });
              waiting.push(append);
              if (settle) {
                await Promise.all(waiting);
                waiting = [];
              }
            }
            await Promise.all(waiting);
            for (const [identity, seqs] of answers) {
              expect(seqs.size, `one seq for ${identity}`).toBe(1);
              expect(fresh.get(identity), `one first answer for ${identity}`).toBe(1);
            }
            for (const [index, { conversationId }] of calls.entries()) {
              const seqs = [...answers]
                .filter(([identity]) => identity.startsWith(`${index}/`))
                .map(([, answered]) => [...answered][0]!)
                .sort((a, b) => a - b);
              const gapless = Array.from({ length: seqs.length }, (_, at) => at + 1);
              expect(seqs).toEqual(gapless);
              expect(await store.lastSeq(conversationId)).toBe(seqs.length);
              const page = await store.page(conversationId, { fromSeq: 1, limit: 100 });
              expect(page.messages.map((message) => message.seq)).toEqual(gapless);
            }
          }),
          { numRuns: 40 },
        );
      });
    });

    describe('reading', () => {
      const filled = async (count: number): Promise<{ store: ConversationStore; conversationId: string }> => {
        const { store } = await open();
        const { conversationId } = await store.openCall(room, 1000);
        for (let index = 1; index <= count; index++) {
          await store.append(messageIn(conversationId, { text: `${index}`, sentAtMs: index * 1000 }));
        }
        return { store, conversationId };
      };

      test('pages: the newest, the newest before, the oldest after, always ascending', async () => {
        const { store, conversationId } = await filled(10);
        const seqs = async (query: {
          fromSeq?: number;
          afterSeq?: number;
          beforeSeq?: number;
          limit: number;
        }) => {
          const { messages, hasMore } = await store.page(conversationId, { fromSeq: 1, ...query });
          return [messages.map((message) => message.seq), hasMore];
        };
        expect(await seqs({ limit: 3 })).toEqual([[8, 9, 10], true]);
        expect(await seqs({ limit: 10 })).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], false]);
        expect(await seqs({ beforeSeq: 8, limit: 3 })).toEqual([[5, 6, 7], true]);
        expect(await seqs({ beforeSeq: 3, limit: 3 })).toEqual([[1, 2], false]);
        expect(await seqs({ afterSeq: 2, limit: 3 })).toEqual([[3, 4, 5], true]);
        expect(await seqs({ afterSeq: 8, limit: 3 })).toEqual([[9, 10], false]);
        expect(await seqs({ afterSeq: 2, beforeSeq: 6, limit: 3 })).toEqual([[3, 4, 5], false]);
        expect(await seqs({ afterSeq: 10, limit: 3 })).toEqual([[], false]);
        expect(await seqs({ beforeSeq: 1, limit: 3 })).toEqual([[], false]);
        expect(await seqs({ afterSeq: 0, limit: 2 })).toEqual([[1, 2], true]);
      });

      test('never below fromSeq', async () => {
        const { store, conversationId } = await filled(10);
        const down = await store.page(conversationId, { fromSeq: 9, limit: 5 });
        expect(down).toMatchObject({ messages: [{ seq: 9 }, { seq: 10 }], hasMore: false });
        const up = await store.page(conversationId, { fromSeq: 9, afterSeq: 2, limit: 1 });
        expect(up).toMatchObject({ messages: [{ seq: 9 }], hasMore: true });
        const below = await store.page(conversationId, { fromSeq: 9, beforeSeq: 9, limit: 5 });
        expect(below).toEqual({ messages: [], hasMore: false });
      });

      test('an unknown conversation is not-found', async () => {
        const { store } = await open();
        await expect(store.page('nothing', { fromSeq: 1, limit: 5 })).rejects.toMatchObject({
          code: 'not-found',
        });
        await expect(store.lastSeq('nothing')).rejects.toMatchObject({ code: 'not-found' });
      });

      test('the sweep takes what is older, in any number, and never gives a seq out again', async () => {
        const { store, conversationId } = await filled(5);
        await Promise.all(
          Array.from({ length: 1200 }, () => store.append(messageIn(conversationId, { sentAtMs: 100 }))),
        );
        expect(await store.deleteBefore(3000)).toBe(1202);
        const { messages } = await store.page(conversationId, { fromSeq: 1, limit: 100 });
        expect(messages.map((message) => message.text)).toEqual(['3', '4', '5']);
        expect(await store.deleteBefore(100_000)).toBe(3);
        expect(await store.lastSeq(conversationId)).toBe(1205);
        expect(await store.append(messageIn(conversationId))).toMatchObject({ seq: 1206 });
      });
    });

    describe('the end of a conversation', () => {
      const late = 1_000_000_000;

      test('[CHAT4] comes when its messages and its calls are past: the next call has another, with seqs and messages of its own', async () => {
        const underTest = await open();
        const { store } = underTest;
        const first = await store.openCall(room, 1000);
        const message = messageIn(first.conversationId, { sentAtMs: 1500 });
        await store.append(message);
        await store.endCall(first.callId, 2000);
        expect(await store.deleteBefore(late)).toBe(1);
        await expect(store.lastSeq(first.conversationId)).rejects.toMatchObject({ code: 'not-found' });
        await expect(store.append(message)).rejects.toMatchObject({ code: 'not-found' });
        const reopened = await underTest.reopen();
        const second = await reopened.openCall(room, 3000);
        expect(second.conversationId).not.toBe(first.conversationId);
        expect(second).toMatchObject({ firstSeq: 1, lastSeq: 0 });
        const resent = { ...message, conversationId: second.conversationId };
        expect(await reopened.append(resent)).toMatchObject({ seq: 1, duplicate: false });
      });

      test('does not come while a call runs or is recent, or a message is', async () => {
        const { store } = await open();
        const with1Message = async (roomId: string, sentAtMs: number) => {
          const call = await store.openCall({ ...room, roomId }, 1000);
          await store.append(messageIn(call.conversationId, { sentAtMs }));
          return call;
        };
        const running = await with1Message('running', 1500);
        const recentCall = await with1Message('recent-call', 1500);
        await store.endCall(recentCall.callId, late);
        const recentMessage = await with1Message('recent-message', late);
        await store.endCall(recentMessage.callId, 2000);
        expect(await store.deleteBefore(late)).toBe(2);
        for (const { conversationId } of [running, recentCall, recentMessage]) {
          expect(await store.lastSeq(conversationId)).toBe(1);
          expect(await store.append(messageIn(conversationId))).toMatchObject({ seq: 2 });
        }
      });

      test('comes for any number of them', async () => {
        const { store } = await open();
        const ids = await Promise.all(
          Array.from({ length: 1200 }, async (_, index) => {
            const call = await store.openCall({ ...room, roomId: `room-${index}` }, 1000);
            await store.append(messageIn(call.conversationId, { sentAtMs: 1500 }));
            await store.endCall(call.callId, 2000);
            return call.conversationId;
          }),
        );
        expect(await store.deleteBefore(late)).toBe(1200);
        const found = await Promise.allSettled(ids.map((id) => store.lastSeq(id)));
        expect(found.filter(({ status }) => status === 'fulfilled')).toEqual([]);
      });
    });

    test('close finishes what was accepted, refuses what comes later, and can be repeated', async () => {
      const underTest = await open();
      const { store } = underTest;
      const { conversationId } = await store.openCall(room, 1000);
      const appends = Array.from({ length: 50 }, () => store.append(messageIn(conversationId)));
      const closed = store.close();
      await expect(store.append(messageIn(conversationId))).rejects.toMatchObject({ code: 'unavailable' });
      await Promise.all(appends);
      await closed;
      await store.close();
      expect(store.ready).toBe(false);
      const reopened = await underTest.reopen();
      expect(await reopened.lastSeq(conversationId)).toBe(50);
    });
  });
};
