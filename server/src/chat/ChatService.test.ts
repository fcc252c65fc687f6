/**
 * Owns the rules of ChatService on a fake clock and a store in memory that can be down: call lifetimes, visibility, live order.
 * Does not own durability (server/test/contract/).
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { FakeClock, settled } from '../../test/support/FakeClock.ts';
import { MemoryConversations } from '../../test/support/MemoryConversations.ts';
import { ChatService } from './ChatService.ts';
import type { ConversationKey } from './ports.ts';

const guests = { tenant: 'default', roomId: 'garden' };
const acme = { tenant: 'acme', roomId: 'garden' };
const ada = { senderId: 'ada', senderName: 'Ada' };
const MINUTE = 60_000;

let nextMessage = 1;
const text = (words: string) => ({ messageId: `m-${nextMessage++}`, text: words });

const start = async (store = new MemoryConversations(), clock = new FakeClock()) => {
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const service = await ChatService.start({ store, clock, log, emptyTimeoutMs: MINUTE, retentionDays: 30 });
  onTestFinished(() => service.close());
  const told: string[] = [];
  service.onMessage((key, message) => told.push(`${key.tenant} ${message.seq} ${message.text}`));
  const ended: ConversationKey[] = [];
  service.onCallEnded((key) => ended.push(key));
  return { service, store, clock, told, ended };
};

describe('sending', () => {
  test('answers with the place of the message and tells it', async () => {
    const { service, told, clock } = await start();
    service.roomOccupied(guests);
    const answer = await service.send(guests, ada, text('hello'));
    expect(answer).toEqual({ seq: 1, sentAtMs: clock.now(), duplicate: false });
    expect(told).toEqual(['default 1 hello']);
    expect(service.currentTail(guests)).toEqual({
      conversationId: 'default:garden',
      firstSeq: 1,
      lastSeq: 1,
    });
  });

  test('a resend gets the first answer and is not told again', async () => {
    const { service, told, clock } = await start();
    service.roomOccupied(guests);
    const message = text('hello');
    const first = await service.send(guests, ada, message);
    await clock.advanceSettling(5000);
    expect(await service.send(guests, ada, { ...message, text: 'other' })).toEqual({
      ...first,
      duplicate: true,
    });
    await clock.advanceSettling(5000);
    expect(told).toEqual(['default 1 hello']);
  });

  test('into a room where nobody is, is refused', async () => {
    const { service } = await start();
    await expect(service.send(guests, ada, text('hello'))).rejects.toMatchObject({ code: 'invalid-state' });
  });

  test('a listener that throws takes neither the answer nor the other listeners with it', async () => {
    const { service } = await start();
    const heard: number[] = [];
    service.onMessage(() => {
      throw new Error('broken listener');
    });
    service.onMessage((_key, message) => heard.push(message.seq));
    service.roomOccupied(guests);
    await service.send(guests, ada, text('hello'));
    expect(heard).toEqual([1]);
  });

  test('a message whose answer was lost is told all the same, before what follows it, and once', async () => {
    const { service, store, told, clock } = await start();
    service.roomOccupied(guests);
    await service.send(guests, ada, text('one'));
    store.fault = { append: 'after' };
    const lost = text('two');
    await expect(service.send(guests, ada, lost)).rejects.toMatchObject({ code: 'timeout', retryable: true });
    store.fault = {};
    await service.send(guests, ada, text('three'));
    expect(await service.send(guests, ada, lost)).toMatchObject({ seq: 2, duplicate: true });
    await clock.advanceSettling(5000);
    expect(told).toEqual(['default 1 one', 'default 2 two', 'default 3 three']);
  });

  test('a last message whose answer was lost is told although nothing follows it', async () => {
    const { service, store, told, clock } = await start();
    service.roomOccupied(guests);
    await service.tail(guests);
    store.fault = { append: 'after', page: 'before' };
    await expect(service.send(guests, ada, text('one'))).rejects.toMatchObject({ code: 'timeout' });
    await clock.advanceSettling(10_000);
    expect(told).toEqual([]);
    store.fault = {};
    await clock.advanceSettling(1000);
    expect(told).toEqual(['default 1 one']);
    expect(service.currentTail(guests)).toMatchObject({ lastSeq: 1 });
  });

  test('a hole that the sweep made does not hold up what follows', async () => {
    const { service, store, told, clock } = await start();
    service.roomOccupied(guests);
    await service.tail(guests);
    store.fault = { append: 'after' };
    for (const words of ['one', 'two']) await service.send(guests, ada, text(words)).catch(() => {});
    store.fault = {};
    // The rows are gone, the seqs are not.
    store.messages[0] = { ...store.messages[0]!, seq: -1 };
    await service.send(guests, ada, text('three'));
    await clock.advanceSettling(2000);
    expect(told).toEqual(['default 2 two', 'default 3 three']);
  });
});

describe('reading', () => {
  test('guests see the chat of the current call only', async () => {
    const { service, clock } = await start();
    service.roomOccupied(guests);
    await service.send(guests, ada, text('from the first call'));
    service.roomEmpty(guests);
    await clock.advanceSettling(MINUTE);
    service.roomOccupied(guests);
    expect(await service.history(guests, {})).toMatchObject({
      messages: [],
      hasMore: false,
      tail: { firstSeq: 2, lastSeq: 1 },
    });
    await service.send(guests, ada, text('from the second'));
    const { messages } = await service.history(guests, { afterSeq: 0 });
    expect(messages.map((message) => message.text)).toEqual(['from the second']);
    expect((await service.history(guests, { beforeSeq: 2 })).messages).toEqual([]);
  });

  test('rooms of a tenant show everything that is kept', async () => {
    const { service, clock } = await start();
    service.roomOccupied(acme);
    await service.send(acme, ada, text('from the first call'));
    service.roomEmpty(acme);
    await clock.advanceSettling(MINUTE);
    service.roomOccupied(acme);
    const { messages, tail } = await service.history(acme, {});
    expect(messages.map((message) => message.text)).toEqual(['from the first call']);
    expect(tail).toEqual({ conversationId: 'acme:garden', firstSeq: 1, lastSeq: 1 });
  });

  test('a page has at most 50 messages', async () => {
    const { service } = await start();
    service.roomOccupied(guests);
    for (let count = 0; count < 60; count++) await service.send(guests, ada, text('hello'));
    const page = await service.history(guests, {});
    expect(page.hasMore).toBe(true);
    expect([page.messages.length, page.messages[0]!.seq, page.messages.at(-1)!.seq]).toEqual([50, 11, 60]);
  });

  test('a page of long messages is at most 64 KiB of JSON, whichever way it is read, and says that there is more', async () => {
    const { service } = await start();
    service.roomOccupied(guests);
    // As JSON each of these characters takes six bytes.
    for (let count = 0; count < 7; count++) await service.send(guests, ada, text('\u0001'.repeat(4000)));
    const seqsOf = async (query: { afterSeq?: number; beforeSeq?: number }) => {
      const { messages, hasMore } = await service.history(guests, query);
      expect(Buffer.byteLength(JSON.stringify(messages))).toBeLessThan(64 * 1024);
      return [messages.map((message) => message.seq), hasMore];
    };
    expect(await seqsOf({})).toEqual([[6, 7], true]);
    expect(await seqsOf({ beforeSeq: 3 })).toEqual([[1, 2], false]);
    expect(await seqsOf({ afterSeq: 0 })).toEqual([[1, 2], true]);
    expect(await seqsOf({ afterSeq: 5 })).toEqual([[6, 7], false]);
  });
});

describe('the life of a call', () => {
  test('ends one timeout after the last leave, not before, and is told', async () => {
    const { service, store, clock, ended } = await start();
    service.roomOccupied(guests);
    service.roomEmpty(guests);
    await clock.advanceSettling(MINUTE - 1);
    expect(store.calls[0]).toMatchObject({ endedAtMs: null });
    await clock.advanceSettling(1);
    expect(store.calls[0]).toMatchObject({ endedAtMs: clock.now() });
    expect(ended).toEqual([guests]);
    expect(service.currentTail(guests)).toBeUndefined();
  });

  test('goes on when somebody comes back in time', async () => {
    const { service, store, clock, ended } = await start();
    service.roomOccupied(guests);
    service.roomEmpty(guests);
    await clock.advanceSettling(MINUTE - 1);
    service.roomOccupied(guests);
    await clock.advanceSettling(10 * MINUTE);
    expect(store.calls).toMatchObject([{ endedAtMs: null, emptySinceMs: null }]);
    expect(ended).toEqual([]);
  });

  test('comings and goings in any rhythm leave the store with the last of them', async () => {
    const { service, store } = await start();
    for (let gap = 0; gap < 12; gap++) {
      for (const occupied of [true, false, true]) {
        if (occupied) service.roomOccupied(guests);
        else service.roomEmpty(guests);
        for (let tick = 0; tick < gap; tick++) await Promise.resolve();
      }
      await settled();
      expect(store.calls, `${gap} ticks between`).toMatchObject([{ emptySinceMs: null, endedAtMs: null }]);
    }
  });

  test('counts from the first of repeated leaves', async () => {
    const { service, store, clock } = await start();
    service.roomOccupied(guests);
    service.roomEmpty(guests);
    await clock.advanceSettling(MINUTE / 2);
    service.roomEmpty(guests);
    await clock.advanceSettling(MINUTE / 2);
    expect(store.calls[0]!.endedAtMs).not.toBeNull();
  });

  test('an empty room goes on counting across a restart', async () => {
    const { service, store, clock } = await start();
    service.roomOccupied(guests);
    service.roomEmpty(guests);
    await clock.advanceSettling(MINUTE / 2);
    await service.close();
    const restarted = await start(store, clock);
    await clock.advanceSettling(MINUTE / 2 - 1);
    expect(store.calls[0]).toMatchObject({ endedAtMs: null });
    await clock.advanceSettling(1);
    expect(store.calls[0]!.endedAtMs).toBe(clock.now());
    expect(restarted.ended).toEqual([guests]);
  });

  test('an empty room whose time ran out while the server was down ends at start', async () => {
    const { service, store, clock } = await start();
    service.roomOccupied(guests);
    service.roomEmpty(guests);
    await settled();
    await service.close();
    await clock.advanceSettling(10 * MINUTE);
    await start(store, clock);
    await clock.advanceSettling(0);
    expect(store.calls[0]!.endedAtMs).toBe(clock.now());
  });

  test('a restart does not end an occupied call: its people have the whole time to come back, to the same chat', async () => {
    const { service, store, clock } = await start();
    service.roomOccupied(guests);
    await service.send(guests, ada, text('before'));
    await service.close();
    await clock.advanceSettling(10 * MINUTE);
    const restarted = await start(store, clock);
    await clock.advanceSettling(MINUTE - 1);
    restarted.service.roomOccupied(guests);
    await clock.advanceSettling(MINUTE);
    expect(store.calls).toMatchObject([{ endedAtMs: null, emptySinceMs: null }]);
    const { messages } = await restarted.service.history(guests, {});
    expect(messages.map((message) => message.text)).toEqual(['before']);
    await restarted.service.send(guests, ada, text('after'));
    expect(restarted.told).toEqual(['default 2 after']);
  });

  test('somebody who comes back while the end is being written gets a new call', async () => {
    const { service, store, clock, ended } = await start();
    service.roomOccupied(guests);
    service.roomEmpty(guests);
    await clock.advanceSettling(MINUTE - 1);
    const { promise, resolve: answer } = Promise.withResolvers<void>();
    store.hangAnswers = promise;
    await clock.advanceSettling(1);
    expect(store.calls[0]!.endedAtMs).not.toBeNull();
    service.roomOccupied(guests);
    const joined = service.runningCall(guests);
    const sent = service.send(guests, ada, text('hello'));
    await settled();
    answer();
    expect(await joined).toMatchObject({ callId: 'call-2' });
    await sent;
    expect((await service.history(guests, {})).messages).toHaveLength(1);
    expect(store.calls).toMatchObject([
      { callId: 'call-1' },
      { callId: 'call-2', endedAtMs: null, emptySinceMs: null },
    ]);
    expect(ended).toEqual([]);
  });

  test('an end whose answer was lost is asked about before somebody goes on in that call', async () => {
    const { service, store, clock } = await start();
    service.roomOccupied(guests);
    service.roomEmpty(guests);
    await settled();
    store.fault = { endCall: 'after' };
    await clock.advanceSettling(MINUTE);
    store.fault = {};
    service.roomOccupied(guests);
    await clock.advanceSettling(2000);
    await service.send(guests, ada, text('hello'));
    expect(store.calls).toHaveLength(2);
    expect(store.calls[1]).toMatchObject({ endedAtMs: null });
  });

  test('somebody who comes back to a conversation that the sweep took meanwhile is told from its new beginning', async () => {
    const { service, store, clock, told } = await start();
    service.roomOccupied(guests);
    for (const words of ['one', 'two']) await service.send(guests, ada, text(words));
    service.roomEmpty(guests);
    await settled();
    store.fault = { endCall: 'after' };
    await clock.advanceSettling(MINUTE);
    store.fault = {};
    store.era = ' anew';
    service.roomOccupied(guests);
    await clock.advanceSettling(2000);
    expect(service.currentTail(guests)).toEqual({
      conversationId: 'default:garden anew',
      firstSeq: 1,
      lastSeq: 0,
    });
    await service.send(guests, ada, text('three'));
    expect(told).toEqual(['default 1 one', 'default 2 two', 'default 1 three']);
  });
});

describe('while the store is down', () => {
  test('entering does not fail, writing says so, and both heal', async () => {
    const { service, store, clock } = await start();
    store.fault = { openCall: 'before' };
    service.roomOccupied(guests);
    await expect(service.send(guests, ada, text('hello'))).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
    });
    expect(service.currentTail(guests)).toBeUndefined();
    await clock.advanceSettling(5000);
    store.fault = {};
    await clock.advanceSettling(1000);
    expect(service.currentTail(guests)).toMatchObject({ lastSeq: 0 });
    expect(await service.send(guests, ada, text('hello'))).toMatchObject({ seq: 1 });
  });

  test('a disk that hangs keeps a join waiting for two seconds only, and the chat is there once it answers', async () => {
    const { service, store, clock } = await start();
    const { promise, resolve: answer } = Promise.withResolvers<void>();
    store.hang = promise;
    service.roomOccupied(guests);
    const outcomes = Promise.allSettled([service.runningCall(guests), service.tail(guests)]);
    await clock.advanceSettling(2000);
    const late = { status: 'rejected', reason: { code: 'timeout', retryable: true } };
    expect(await outcomes).toMatchObject([late, late]);
    answer();
    await clock.advanceSettling(0);
    expect(service.currentTail(guests)).toMatchObject({ lastSeq: 0 });
    expect(await service.runningCall(guests)).toMatchObject({ callId: 'call-1' });
  });

  test('the end of a call is written once it is back', async () => {
    const { service, store, clock, ended } = await start();
    service.roomOccupied(guests);
    service.roomEmpty(guests);
    await settled();
    store.fault = { endCall: 'before' };
    await clock.advanceSettling(5 * MINUTE);
    expect(ended).toEqual([]);
    store.fault = {};
    await clock.advanceSettling(1000);
    expect(ended).toEqual([guests]);
    expect(store.calls[0]!.endedAtMs).not.toBeNull();
  });

  test('a call that was never stored ends without it', async () => {
    const { service, store, clock, ended } = await start();
    store.fault = { openCall: 'before' };
    service.roomOccupied(guests);
    service.roomEmpty(guests);
    await clock.advanceSettling(MINUTE + 1000);
    expect(ended).toEqual([guests]);
    expect(store.calls).toEqual([]);
  });
});

test('the sweep runs at start and every hour, with the retention as cutoff, also after a failure', async () => {
  const store = new MemoryConversations();
  const clock = new FakeClock();
  const startMs = clock.now();
  await start(store, clock);
  store.fault = { deleteBefore: 'before' };
  await clock.advanceSettling(60 * MINUTE);
  store.fault = {};
  await clock.advanceSettling(60 * MINUTE);
  const retentionMs = 30 * 24 * 60 * MINUTE;
  expect(store.swept).toEqual([startMs - retentionMs, startMs + 120 * MINUTE - retentionMs]);
});
