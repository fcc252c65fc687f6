/**
 * Owns a process that holds a chat store and writes to it, for tests that kill it or fail its disk under it.
 * Usage: chatWriter.ts <folder> <concurrent appends; 0 = hold the folder only> [resend]. Does not own what is concluded.
 * With "resend" a message that fails is sent again until it is acknowledged, as clients do, and is the last one.
 *
 * Writes one line per fact, in order, each written out before the next step: `ready`, then `sent <n>` when append n begins,
 * `acked <n> <seq> <conversation> <message id> <monotonic ns>` or `failed <n> <code> <monotonic ns>` when it has ended.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CallError } from '@parley/protocol';
import { SqliteConversationStore } from '../../src/chat/SqliteConversationStore.ts';
import { uuidv7 } from './conversationIds.ts';

const [folder = '', concurrency = '1', resend] = process.argv.slice(2);
// Writes to a pipe are synchronous on Linux.
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const log = {
  info: () => {},
  warn: () => {},
  error: (fields: object) => say(`log ${JSON.stringify(fields)}`),
};

const store = await SqliteConversationStore.open({ folder, log });
const rooms = await Promise.all(
  Array.from({ length: 4 }, (_, index) =>
    store.openCall({ tenant: 'default', roomId: `room-${index}` }, Date.now()),
  ),
);
say('ready');

let count = 0;
const appendForEver = async (): Promise<void> => {
  for (;;) {
    const n = count++;
    const { conversationId } = rooms[n % rooms.length]!;
    const messageId = uuidv7();
    const message = {
      conversationId,
      messageId,
      senderId: 'ada',
      senderName: 'Ada',
      text: `message ${n}`,
      sentAtMs: Date.now(),
    };
    for (let failed = false, acked = false; !acked; ) {
      say(`sent ${n} ${process.hrtime.bigint()}`);
      try {
        const { seq } = await store.append(message);
        acked = true;
        say(`acked ${n} ${seq} ${conversationId} ${messageId} ${process.hrtime.bigint()}`);
        if (failed) return;
      } catch (error) {
        failed = true;
        say(`failed ${n} ${error instanceof CallError ? error.code : error} ${process.hrtime.bigint()}`);
        // As a client would: not at full speed against a store that is down.
        await sleep(10);
        if (resend === undefined) break;
      }
    }
  }
};
await Promise.all(Array.from({ length: Number(concurrency) }, appendForEver));
