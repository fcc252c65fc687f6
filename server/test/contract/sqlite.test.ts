/**
 * Owns the run of the ConversationStore contract on SQLite, and what is SQLite's own: its file, its lock, its migrations.
 * Does not own its behaviour under faults (sqliteFaults.test.ts).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SqliteConversationStore } from '../../src/chat/SqliteConversationStore.ts';
import { ChatDatabase } from '../../src/chat/sqlite/ChatDatabase.ts';
import { migrate, migrations } from '../../src/chat/sqlite/migrations.ts';
import { messageIn, silentLog, temporaryFolder } from '../support/conversations.ts';
import { describeConversationStore } from './conversationStore.contract.ts';

const room = { tenant: 'default', roomId: 'garden' };

const openIn = async (folder: string): Promise<SqliteConversationStore> => {
  const store = await SqliteConversationStore.open({ folder, log: silentLog });
  onTestFinished(() => store.close());
  return store;
};

describeConversationStore('SQLite', async () => {
  const folder = temporaryFolder();
  const store = await openIn(folder);
  return {
    store,
    reopen: async () => {
      await store.close();
      return openIn(folder);
    },
  };
});

describe('what SQLite keeps of rooms', () => {
  test('is the last that was said, per tenant and room, and outlives the process', async () => {
    const folder = temporaryFolder();
    const store = await openIn(folder);
    const host = { entity: 'room', id: 'room', set: { callId: 'c', startedAtMs: 1, hostPeerId: 'a' } };
    const bar = { entity: 'ban', id: 'b', set: { untilMs: 5 } };
    const other = { tenant: 'acme', roomId: room.roomId };
    await store.keepRoom({ key: room, patches: [host] });
    await store.keepRoom({ key: room, patches: [host, bar] });
    await store.keepRoom({ key: other, patches: [bar] });
    await store.close();
    const reopened = await openIn(folder);
    expect(await reopened.keptRooms()).toEqual([
      { key: other, patches: [bar] },
      { key: room, patches: [host, bar] },
    ]);
    await reopened.keepRoom({ key: room, patches: [] });
    expect(await reopened.keptRooms()).toEqual([{ key: other, patches: [bar] }]);
  });
});

describe('the data folder of SQLite', () => {
  test('has one process: a second is refused with its pid and the folder, and let in after it ended', async () => {
    const folder = temporaryFolder();
    const holder = spawn(process.execPath, [
      join(import.meta.dirname, '../support/chatWriter.ts'),
      folder,
      '0',
    ]);
    onTestFinished(() => void holder.kill('SIGKILL'));
    await once(holder.stdout, 'data');
    const refusal = await SqliteConversationStore.open({ folder, log: silentLog }).catch(
      (error: unknown) => error,
    );
    expect(refusal).toMatchObject({ name: 'CallError', code: 'invalid-state' });
    const { message } = refusal as Error;
    expect(message).toContain(`process ${holder.pid}`);
    expect(message).toContain(folder);
    expect(message).not.toContain('\n');
    // Killed, it leaves its files behind; the kernel frees the lock.
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(existsSync(join(folder, 'parley.pid'))).toBe(true);
    await openIn(folder);
    expect(readFileSync(join(folder, 'parley.pid'), 'utf8')).toBe(`${process.pid}\n`);
  });

  test('has one store within a process too', async () => {
    const folder = temporaryFolder();
    await openIn(folder);
    await expect(SqliteConversationStore.open({ folder, log: silentLog })).rejects.toMatchObject({
      code: 'invalid-state',
    });
  });

  test('is made where it is missing, for its owner alone', async () => {
    const folder = join(temporaryFolder(), 'a/b');
    await openIn(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'chat.sqlite')).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'chat.sqlite-wal')).mode & 0o777).toBe(0o600);
  });

  test('with something else in place of the database is refused by name', async () => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, 'chat.sqlite'),
      'this is not a database at all, but long enough to look at'.repeat(100),
    );
    await expect(openIn(folder)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(folder),
    });
    const other = temporaryFolder();
    const database = new DatabaseSync(join(other, 'chat.sqlite'));
    database.exec('CREATE TABLE recipes (name TEXT)');
    database.close();
    await expect(openIn(other)).rejects.toMatchObject({ code: 'invalid-state' });
  });

  test('can be read by an operator with sqlite3 while Parley runs', async () => {
    const folder = temporaryFolder();
    const store = await openIn(folder);
    const { conversationId } = await store.openCall(room, 1000);
    await store.append(messageIn(conversationId));
    const reader = new DatabaseSync(join(folder, 'chat.sqlite'), { readOnly: true });
    onTestFinished(() => reader.close());
    expect(reader.prepare('SELECT count(*) AS n FROM messages').get()).toEqual({ n: 1 });
    reader.exec('BEGIN; SELECT * FROM messages');
    expect(await store.append(messageIn(conversationId))).toMatchObject({ seq: 2 });
  });

  test('keeps nothing readable of a message that the sweep took', async () => {
    const folder = temporaryFolder();
    const store = await openIn(folder);
    const { conversationId } = await store.openCall(room, 1000);
    await store.append(
      messageIn(conversationId, { text: 'a very recognisable secret', senderName: 'Mallory' }),
    );
    await store.append(messageIn(conversationId, { sentAtMs: 5_000_000 }));
    await store.deleteBefore(2_000_000);
    await store.close();
    const bytes = readFileSync(join(folder, 'chat.sqlite'), 'latin1');
    expect(bytes).not.toContain('recognisable');
    expect(bytes).not.toContain('Mallory');
    expect(bytes).toContain('hello');
  });
});

describe('the sweep of SQLite', () => {
  const rowsIn = (path: string): Record<string, unknown> => {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const tables = ['conversations', 'messages', 'message_keys', 'calls'];
      const count = (table: string) => database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n;
      return Object.fromEntries(tables.map((table) => [table, count(table)]));
    } finally {
      database.close();
    }
  };
  const nothing = { conversations: 0, messages: 0, message_keys: 0, calls: 0 };

  test('leaves nothing of a room that is past, neither rows nor its name; a call without messages none at its end', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'chat.sqlite');
    const store = await openIn(folder);
    const silent = await store.openCall({ ...room, roomId: 'a-name-nobody-guesses' }, 1000);
    await store.endCall(silent.callId, 2000);
    expect(rowsIn(path)).toEqual(nothing);
    const { callId, conversationId } = await store.openCall({ ...room, roomId: 'another-such-name' }, 1000);
    await store.append(messageIn(conversationId));
    await store.endCall(callId, 2000);
    await store.deleteBefore(2_000_000);
    expect(rowsIn(path)).toEqual(nothing);
    await store.close();
    const bytes = readFileSync(path, 'latin1');
    expect(bytes).not.toContain('a-name-nobody-guesses');
    expect(bytes).not.toContain('another-such-name');
  });

  test('goes in bounded steps; a room that is opened between them has a new conversation, and a restart goes on', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'chat.sqlite');
    const store = await openIn(folder);
    const first = await store.openCall(room, 1000);
    for (let count = 0; count < 12; count++) await store.append(messageIn(first.conversationId));
    await store.endCall(first.callId, 2000);
    await store.close();
    const database = new ChatDatabase(path);
    const step = () => database.transaction([() => database.deleteBefore({ cutoffMs: 2_000_000, limit: 5 })]);
    expect([step(), step()]).toEqual([[{ deleted: 5, more: true }], [{ deleted: 5, more: true }]]);
    expect(rowsIn(path)).toEqual({ conversations: 1, messages: 2, message_keys: 12, calls: 0 });
    expect(step()).toEqual([{ deleted: 2, more: true }]);
    expect(rowsIn(path)).toEqual({ conversations: 1, messages: 0, message_keys: 7, calls: 0 });
    database.close();
    const reopened = await openIn(folder);
    await expect(reopened.lastSeq(first.conversationId)).rejects.toMatchObject({ code: 'not-found' });
    const second = await reopened.openCall(room, 3000);
    expect(second).toMatchObject({ firstSeq: 1, lastSeq: 0 });
    expect(await reopened.append(messageIn(second.conversationId))).toMatchObject({ seq: 1 });
    await reopened.deleteBefore(500_000);
    expect(rowsIn(path)).toEqual({ conversations: 1, messages: 1, message_keys: 1, calls: 1 });
  });

  test('takes what earlier versions kept for ever', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'chat.sqlite');
    migrate(path, new Date(), migrations.slice(0, 2));
    const database = new DatabaseSync(path);
    database.exec(`
      INSERT INTO conversations VALUES (1, 'old', 'default', 'room', 'garden', 1, 1000), (2, 'used', 'default', 'room', 'hall', 1, 1000);
      INSERT INTO message_keys VALUES (1, x'00', x'00', 1, 1000), (2, x'00', x'00', 1, 1000);
      INSERT INTO calls VALUES (1, 'running', 2, 1000, 1, NULL, NULL);
    `);
    database.close();
    const store = await openIn(folder);
    await store.deleteBefore(500);
    expect(rowsIn(path)).toEqual({ conversations: 1, messages: 0, message_keys: 1, calls: 1 });
    expect(await store.lastSeq('used')).toBe(1);
  });
});

test('a storage thread that dies is replaced, what waited for it is refused as unavailable, nothing acknowledged is lost', async () => {
  const folder = temporaryFolder();
  const launched = once(process, 'worker');
  const store = await openIn(folder);
  const [thread] = await launched;
  const { conversationId } = await store.openCall(room, 1000);
  const message = messageIn(conversationId);
  await store.append(message);
  const relaunched = once(process, 'worker');
  const ended = thread.terminate();
  await expect(store.append(messageIn(conversationId))).rejects.toMatchObject({
    code: 'unavailable',
    retryable: true,
  });
  await ended;
  expect(store.ready).toBe(false);
  await relaunched;
  // Requests wait for the new thread to open the database.
  expect(await store.append(message)).toMatchObject({ seq: 1, duplicate: true });
  expect(store.ready).toBe(true);
});

test('a request that is not answered in time fails as timeout, one too many as capacity, and a resend finds what became of it', async () => {
  const folder = temporaryFolder();
  const options = { folder, log: silentLog, requestTimeoutMs: 1000, maxWaiting: 2 };
  const store = await SqliteConversationStore.open(options);
  onTestFinished(() => store.close());
  const { conversationId } = await store.openCall(room, 1000);
  const message = messageIn(conversationId);
  // Somebody else's write keeps the storage thread waiting.
  const other = new DatabaseSync(join(folder, 'chat.sqlite'));
  onTestFinished(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  const outcomes = await Promise.allSettled([
    store.append(message),
    store.append(messageIn(conversationId)),
    store.append(messageIn(conversationId)),
  ]);
  expect(outcomes).toMatchObject([
    { reason: { code: 'timeout', retryable: true } },
    { reason: { code: 'timeout' } },
    { reason: { code: 'capacity', retryable: true } },
  ]);
  other.exec('ROLLBACK');
  expect(await store.append(message)).toMatchObject({ seq: 1, duplicate: true });
});

describe('migrations of SQLite', () => {
  const now = new Date('2026-03-04T05:06:07.890Z');
  const tomorrow = [...migrations, 'ALTER TABLE messages ADD COLUMN edited_at_ms INTEGER'];

  const oldFile = async (): Promise<{ path: string; folder: string }> => {
    const folder = temporaryFolder();
    const store = await openIn(folder);
    const { conversationId } = await store.openCall(room, 1000);
    await store.append(messageIn(conversationId, { text: 'from before' }));
    await store.close();
    return { folder, path: join(folder, 'chat.sqlite') };
  };

  const read = (path: string, sql: string): unknown => {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      return database.prepare(sql).all();
    } finally {
      database.close();
    }
  };

  test('lift an old file step by step and keep a copy of it', async () => {
    const { folder, path } = await oldFile();
    const copyPath = `${path}.schema-${migrations.length}.20260304T050607Z`;
    expect(migrate(path, now, tomorrow)).toEqual({
      fromVersion: migrations.length,
      toVersion: migrations.length + 1,
      copyPath,
    });
    expect(read(path, 'SELECT text, edited_at_ms FROM messages')).toEqual([
      { text: 'from before', edited_at_ms: null },
    ]);
    expect(read(copyPath, 'SELECT text FROM messages')).toEqual([{ text: 'from before' }]);
    expect(read(copyPath, 'PRAGMA user_version')).toEqual([{ user_version: migrations.length }]);
    expect(() => read(copyPath, 'SELECT edited_at_ms FROM messages')).toThrow('no such column');
    // Again: nothing to do, no second copy.
    expect(migrate(path, now, tomorrow)).toMatchObject({ copyPath: undefined });
    expect(readdirSync(folder).filter((name) => /\.schema-.*Z$/.test(name))).toHaveLength(1);
  });

  test('a copy holds what was still in the write-ahead log of a killed process', async () => {
    const folder = temporaryFolder();
    const writer = spawn(process.execPath, [
      join(import.meta.dirname, '../support/chatWriter.ts'),
      folder,
      '1',
    ]);
    onTestFinished(() => void writer.kill('SIGKILL'));
    let output = '';
    for await (const chunk of writer.stdout) {
      output += chunk;
      if (output.includes('acked')) break;
    }
    writer.kill('SIGKILL');
    if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit');
    const path = join(folder, 'chat.sqlite');
    const { copyPath } = migrate(path, now, tomorrow);
    expect(read(copyPath!, 'SELECT count(*) > 0 AS kept FROM messages')).toEqual([{ kept: 1 }]);
  });

  test('a step that fails changes nothing, and the next start does it again', async () => {
    const { path } = await oldFile();
    const broken = [
      ...migrations,
      'ALTER TABLE messages ADD COLUMN half INTEGER; INSERT INTO nowhere VALUES (1)',
    ];
    expect(() => migrate(path, now, broken)).toThrow('nowhere');
    expect(read(path, 'PRAGMA user_version')).toEqual([{ user_version: migrations.length }]);
    expect(() => read(path, 'SELECT half FROM messages')).toThrow('no such column');
    expect(migrate(path, now, tomorrow)).toMatchObject({ toVersion: migrations.length + 1 });
  });

  test('a newer schema is refused with cause and mend, and left as it is', async () => {
    const { folder, path } = await oldFile();
    migrate(path, now, tomorrow);
    const refusal = await openIn(folder).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ name: 'CallError', code: 'incompatible-version' });
    const { message } = refusal as Error;
    expect(message).toContain(
      `schema ${migrations.length + 1}, this Parley knows up to ${migrations.length}`,
    );
    expect(message).toContain('newer Parley');
    expect(message).toContain(path);
    expect(read(path, 'PRAGMA user_version')).toEqual([{ user_version: migrations.length + 1 }]);
  });

  test('the sweep takes copies that outlived the retention', async () => {
    const { folder, path } = await oldFile();
    const { copyPath } = migrate(path, now, tomorrow);
    // Put back, as an operator would, so that this version opens it.
    writeFileSync(path, readFileSync(copyPath!));
    utimesSync(copyPath!, 1, 1);
    const store = await openIn(folder);
    await store.deleteBefore(Date.now() - 60_000);
    expect(existsSync(copyPath!)).toBe(true);
    await store.deleteBefore(Date.now() + 60_000);
    expect(existsSync(copyPath!)).toBe(false);
  });
});
