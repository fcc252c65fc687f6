/**
 * Owns chat as a whole, from ChatService to the disk: a burst of many senders, a restart in the middle of a call.
 * Does not own sockets (signaling's tests) nor faults of the disk (contract/sqliteFaults.test.ts).
 */
import type { ChatMessage } from '@parley/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { ChatService } from '../../src/chat/ChatService.ts';
import { SqliteConversationStore } from '../../src/chat/SqliteConversationStore.ts';
import { systemClock } from '../../src/clock.ts';
import { uuidv7 } from '../support/conversationIds.ts';
import { silentLog, temporaryFolder } from '../support/conversations.ts';

const room = { tenant: 'default', roomId: 'garden' };

const start = async (folder: string) => {
  const store = await SqliteConversationStore.open({ folder, log: silentLog });
  const options = { store, clock: systemClock, log: silentLog, emptyTimeoutMs: 60_000, retentionDays: 30 };
  const service = await ChatService.start(options);
  const told: ChatMessage[] = [];
  service.onMessage((_key, message) => told.push(message));
  const stop = async (): Promise<void> => {
    await service.close();
    await store.close();
  };
  onTestFinished(stop);
  return { service, told, stop };
};

test('a burst of 1,000 messages by 20 people is told in order, once each, resends included, and survives a restart', async () => {
  const folder = temporaryFolder();
  const first = await start(folder);
  first.service.roomOccupied(room);
  await Promise.all(
    Array.from({ length: 1000 }, async (_, index) => {
      const author = { senderId: `peer-${index % 20}`, senderName: 'Somebody' };
      const message = { messageId: uuidv7(), text: `message ${index}` };
      const [sent, resent] = await Promise.all([
        first.service.send(room, author, message),
        first.service.send(room, author, message),
      ]);
      expect(resent.seq).toBe(sent.seq);
    }),
  );
  expect(first.told.map((message) => message.seq)).toEqual(Array.from({ length: 1000 }, (_, at) => at + 1));
  const { tail } = await first.service.history(room, {});
  await first.stop();

  const second = await start(folder);
  second.service.roomOccupied(room);
  const read: ChatMessage[] = [];
  for (let hasMore = true; hasMore; ) {
    const page = await second.service.history(room, { afterSeq: read.length });
    expect(page.tail).toEqual(tail);
    read.push(...page.messages);
    hasMore = page.hasMore;
  }
  expect(read).toEqual(first.told);
});
