/**
 * Owns the tests of quality records on SQLite: paging, retention, the schema step from databases of earlier versions.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { SqliteConversationStore } from '../../src/chat/SqliteConversationStore.ts';
import { migrate, migrations } from '../../src/chat/sqlite/migrations.ts';
import type { QualityQuery, StoredQuality } from '../../src/quality/ports.ts';
import { silentLog, temporaryFolder } from '../support/conversations.ts';

const room = { tenant: 'acme', roomId: 'garden' };

const record = (more: Partial<StoredQuality> = {}): StoredQuality => ({
  room,
  callId: 'c1',
  peerId: 'ada',
  visitId: '0000000000000001',
  publicationId: '',
  userId: 'u1',
  updatedAtMs: 1000,
  facts: '{}',
  ...more,
});

const openIn = async (folder = temporaryFolder()): Promise<SqliteConversationStore> => {
  const store = await SqliteConversationStore.open({ folder, log: silentLog });
  onTestFinished(() => store.close());
  return store;
};

const all = async (store: SqliteConversationStore, query: Partial<QualityQuery> = {}) =>
  store.qualityOf({ room, limit: 100, ...query });

test('the newest of a key is kept, over a restart, and every part of the key tells records apart', async () => {
  const folder = temporaryFolder();
  const store = await openIn(folder);
  const different = [
    record({ callId: 'c2' }),
    record({ peerId: 'ben' }),
    record({ visitId: '0000000000000002' }),
    record({ publicationId: 'ben.mic' }),
    record({ room: { ...room, tenant: 'other' } }),
    record({ room: { ...room, roomId: 'hall' } }),
  ];
  await store.putQuality([record(), ...different]);
  await store.putQuality([record({ updatedAtMs: 2000, facts: '{"newer":1}' })]);
  await store.close();
  const reopened = await openIn(folder);
  const found = await all(reopened);
  expect(found).toHaveLength(5);
  expect(found).toContainEqual(record({ updatedAtMs: 2000, facts: '{"newer":1}' }));
  expect(await all(reopened, { callId: 'c2' })).toEqual([record({ callId: 'c2' })]);
  expect(await all(reopened, { peerId: 'ben' })).toEqual([record({ peerId: 'ben' })]);
  expect(await all(reopened, { room: { tenant: 'default', roomId: 'garden' } })).toEqual([]);
});

test('pages follow each other without a gap or a repeat, whatever is written meanwhile', async () => {
  const store = await openIn();
  const names = Array.from({ length: 25 }, (_, index) => `p${String(index).padStart(2, '0')}`);
  await store.putQuality(names.map((peerId) => record({ peerId })));
  const seen: string[] = [];
  let after: StoredQuality | undefined;
  for (;;) {
    const page = await all(store, { limit: 10, ...(after && { after }) });
    seen.push(...page.map(({ peerId }) => peerId));
    after = page.at(-1);
    if (page.length < 10) break;
    await store.putQuality(names.map((peerId) => record({ peerId, updatedAtMs: 5000 })));
  }
  expect(seen).toEqual(names);
});

test('what was not updated within the retention goes, in bounded steps', async () => {
  const store = await openIn();
  const old = Array.from({ length: 1201 }, (_, index) => record({ peerId: `p${index}` }));
  await store.putQuality(old);
  await store.putQuality([record({ peerId: 'p7', updatedAtMs: 9000 })]);
  expect(await store.deleteQualityBefore(5000)).toBe(1200);
  expect(await all(store)).toEqual([record({ peerId: 'p7', updatedAtMs: 9000 })]);
});

test('a database from before quality records gets their table, after a copy, and loses nothing', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'chat.sqlite');
  migrate(path, new Date(), migrations.slice(0, 3));
  const database = new DatabaseSync(path);
  database.exec("INSERT INTO conversations VALUES (1, 'old', 'default', 'room', 'garden', 7, 1000)");
  database.close();
  const store = await openIn(folder);
  expect(await store.lastSeq('old')).toBe(7);
  await store.putQuality([record()]);
  expect(await all(store)).toEqual([record()]);
  expect(readdirSync(folder).filter((name) => name.startsWith('chat.sqlite.schema-3'))).toHaveLength(1);
});
