/**
 * Owns the proof that an acknowledgement means "on disk": slow, failing and full disks, kill -9, power cuts.
 * Does not own what the store does on a sound disk (sqlite.test.ts).
 */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SqliteConversationStore } from '../../src/chat/SqliteConversationStore.ts';
import { type Acked, buildFailingDisk, ChatWriterProcess, type Sync } from '../support/ChatWriterProcess.ts';
import { messageIn, silentLog, temporaryFolder } from '../support/conversations.ts';

const built = mkdtempSync(join(tmpdir(), 'parley-disk-'));
let library: string;
beforeAll(() => {
  library = buildFailingDisk(built);
});
afterAll(() => rmSync(built, { recursive: true }));

const start = async (
  senders: number,
  folder = temporaryFolder(),
  resend = false,
): Promise<ChatWriterProcess> => {
  const writer = new ChatWriterProcess({ library, folder, senders, resend });
  await writer.ready();
  return writer;
};

/** The acknowledgements that no successful sync of the log covers: entered after the sending, left before the ack. */
const uncovered = (acked: readonly Acked[], syncs: readonly Sync[]): Acked[] => {
  const covering = syncs.filter((sync) => sync.ok && sync.file === 'chat.sqlite-wal');
  return acked.filter(
    ({ sentAt, ackedAt }) => !covering.some((sync) => sync.enteredAt >= sentAt && sync.leftAt <= ackedAt),
  );
};

/** Opens what is in a folder and finds every acknowledged message in its place, and no hole around it. */
const expectAllThere = async (folder: string, acked: readonly Acked[]): Promise<void> => {
  const store = await SqliteConversationStore.open({ folder, log: silentLog });
  try {
    for (const conversationId of new Set(acked.map((ack) => ack.conversationId))) {
      const stored: string[] = [];
      for (let hasMore = true; hasMore; ) {
        const page = await store.page(conversationId, { fromSeq: 1, afterSeq: stored.length, limit: 100 });
        for (const message of page.messages) {
          stored.push(message.messageId);
          expect(message.seq).toBe(stored.length);
        }
        hasMore = page.hasMore;
      }
      expect(await store.lastSeq(conversationId)).toBe(stored.length);
      const mine = acked.filter((ack) => ack.conversationId === conversationId);
      expect(mine.filter(({ seq, messageId }) => stored[seq - 1] !== messageId)).toEqual([]);
      const { messageId, seq } = mine.at(-1)!;
      expect(await store.append(messageIn(conversationId, { messageId }))).toMatchObject({
        seq,
        duplicate: true,
      });
    }
  } finally {
    await store.close();
  }
  const database = new DatabaseSync(join(folder, 'chat.sqlite'));
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  database.close();
};

/** Puts in place of the database what had reached the medium. */
const cutPower = (folder: string, writer: ChatWriterProcess): void => {
  for (const name of readdirSync(folder)) if (name.startsWith('chat.sqlite')) rmSync(join(folder, name));
  cpSync(writer.medium, folder, { recursive: true });
};

describe('no acknowledgement precedes the sync', () => {
  for (const senders of [1, 64]) {
    test(`on a slow disk, ${senders} at once`, async () => {
      const writer = await start(senders);
      writer.disk('delay');
      await writer.moreAcked(senders * 8);
      await writer.kill();
      expect(uncovered(writer.acked, writer.syncs())).toEqual([]);
      const slow = writer.syncs().filter((sync) => sync.leftAt - sync.enteredAt >= 20_000_000n);
      expect(slow.length).toBeGreaterThanOrEqual(6);
    });
  }

  test('while a sync does not return', async () => {
    const writer = await start(8);
    await writer.moreAcked(50);
    writer.disk('hold');
    // Long enough for hundreds of acknowledgements, were they not held; the release then ends the sync.
    await wait(700);
    writer.disk('pass');
    await writer.moreAcked(50);
    await writer.kill();
    const held = writer.syncs().find((sync) => sync.leftAt - sync.enteredAt > 500_000_000n)!;
    expect(held.file).toBe('chat.sqlite-wal');
    expect(uncovered(writer.acked, writer.syncs())).toEqual([]);
    const during = writer.acked.filter((ack) => ack.ackedAt < held.leftAt && ack.sentAt > held.enteredAt);
    expect(during).toEqual([]);
  });
});

describe('no acknowledgement follows a failure', () => {
  test('of a sync; the store heals by itself when the disk does, and what was acknowledged is there', async () => {
    const folder = temporaryFolder();
    const writer = await start(16, folder);
    await writer.moreAcked(100);
    writer.disk('fail');
    await writer.moreFailed(50);
    const codes = new Set(writer.failed.map((failure) => failure.code));
    writer.disk('pass');
    await writer.moreAcked(100);
    await writer.kill();

    expect(codes).toEqual(new Set(['unavailable']));
    const syncs = writer.syncs();
    expect(uncovered(writer.acked, syncs)).toEqual([]);
    const firstFailure = syncs.find((sync) => !sync.ok)!;
    const lastFailure = syncs.findLast((sync) => !sync.ok)!;
    // From the first failed sync on nothing is acknowledged that was not synced before it ...
    const between = writer.acked.filter(
      (ack) => ack.sentAt > firstFailure.enteredAt && ack.ackedAt < lastFailure.leftAt,
    );
    expect(between).toEqual([]);
    // ... until the database file itself was synced anew.
    const settled = syncs.find(
      (sync) => sync.ok && sync.file === 'chat.sqlite' && sync.enteredAt > lastFailure.leftAt,
    )!;
    const next = writer.acked.find((ack) => ack.sentAt > firstFailure.enteredAt)!;
    expect(next.ackedAt > settled.leftAt).toBe(true);
    await expectAllThere(folder, writer.acked);
  });

  test('of a write on a full disk, and goes on when there is room', async () => {
    const folder = temporaryFolder();
    const writer = await start(16, folder);
    await writer.moreAcked(100);
    writer.disk('full');
    await writer.moreFailed(50);
    expect(new Set(writer.failed.map((failure) => failure.code))).toEqual(new Set(['unavailable']));
    writer.disk('pass');
    await writer.moreAcked(100);
    await writer.kill();
    expect(uncovered(writer.acked, writer.syncs())).toEqual([]);
    await expectAllThere(folder, writer.acked);
  });
});

describe('what was acknowledged is there', () => {
  test('after kill -9 in mid-burst, again and again on one folder', async () => {
    const folder = temporaryFolder();
    const acked: Acked[] = [];
    for (const moment of [1, 7, 60, 300, 900]) {
      const writer = await start(32, folder);
      await writer.moreAcked(moment);
      await writer.kill();
      acked.push(...writer.acked);
    }
    await expectAllThere(folder, acked);
  });

  test('after a power cut in mid-burst', async () => {
    for (const moment of [1, 40, 400]) {
      const folder = temporaryFolder();
      const writer = await start(32, folder);
      await writer.moreAcked(moment);
      await writer.kill();
      cutPower(folder, writer);
      await expectAllThere(folder, writer.acked);
    }
  });

  test('after a power cut with checkpoints behind it', async () => {
    const folder = temporaryFolder();
    const writer = await start(8, folder);
    const databaseSyncs = (): number => writer.syncs().filter((sync) => sync.file === 'chat.sqlite').length;
    const atStart = databaseSyncs();
    while (databaseSyncs() < atStart + 2) await writer.moreAcked(300);
    await writer.kill();
    cutPower(folder, writer);
    await expectAllThere(folder, writer.acked);
  });

  test('after syncs failed, the store healed, and then the power was cut', async () => {
    for (const before of [1, 30, 1500]) {
      const folder = temporaryFolder();
      const writer = await start(32, folder);
      for (const burst of [before, 20]) {
        await writer.moreAcked(burst);
        writer.disk('fail');
        await writer.moreFailed(40);
        writer.disk('pass');
        await writer.moreAcked(burst);
      }
      await writer.kill();
      cutPower(folder, writer);
      await expectAllThere(folder, writer.acked);
    }
  });

  test('after a sync failed, the message was sent again, and the power was cut before anything else was written', async () => {
    const folder = temporaryFolder();
    const writer = await start(1, folder, true);
    await writer.moreAcked(30);
    writer.disk('fail');
    await writer.moreFailed(1);
    const failedAt = writer.acked.length;
    writer.disk('pass');
    // Acknowledged as a duplicate: it lay in the page cache, and nothing but the reopening has brought it to the disk.
    await writer.until(() => writer.acked.length > failedAt, 'the message that was sent again');
    await writer.kill();
    expect(writer.acked).toHaveLength(failedAt + 1);
    cutPower(folder, writer);
    await expectAllThere(folder, writer.acked);
  });
});
