/**
 * Owns the schema of the chat database and its forward migrations: a copy first, and never a step back.
 * Does not own the statements that use the schema (ChatDatabase.ts).
 */
import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CallError } from '@parley/protocol';
import { syncFolder } from './lock.ts';

/**
 * Each step lifts the schema by one version (`PRAGMA user_version`): the first makes version 1. A released step is never
 * edited; a change is a new step at the end.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE conversations (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,              -- 'room'
    name TEXT NOT NULL,              -- of a room: its id
    last_seq INTEGER NOT NULL,       -- lives here, not in messages: a seq outlives its message
    created_at_ms INTEGER NOT NULL,
    UNIQUE (tenant, kind, name)
  ) STRICT;

  CREATE TABLE messages (
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    seq INTEGER NOT NULL,
    message_id BLOB NOT NULL,        -- the 16 bytes of the UUID
    sender_id TEXT NOT NULL,
    sender_name TEXT NOT NULL,
    text TEXT NOT NULL,
    sent_at_ms INTEGER NOT NULL,
    UNIQUE (conversation_id, seq)
  ) STRICT;
  CREATE INDEX messages_by_age ON messages (sent_at_ms);

  -- Makes a resend the same message for ever: outlives the message, so it holds nothing personal. The message id comes
  -- first because UUIDv7 grows with time, which keeps inserts at the end of the tree.
  CREATE TABLE message_keys (
    conversation_id INTEGER NOT NULL,
    message_id BLOB NOT NULL,
    sender_hash BLOB NOT NULL,       -- 16 bytes of SHA-256 over conversation and sender
    seq INTEGER NOT NULL,
    sent_at_ms INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, message_id, sender_hash)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE calls (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    started_at_ms INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    empty_since_ms INTEGER,          -- null: somebody is in
    ended_at_ms INTEGER              -- null: running
  ) STRICT;
  CREATE UNIQUE INDEX calls_running ON calls (conversation_id) WHERE ended_at_ms IS NULL;
  CREATE INDEX calls_by_end ON calls (ended_at_ms) WHERE ended_at_ms IS NOT NULL;
  `,
  `
  -- What the room log of a single process keeps over a restart: who is barred, who hosts.
  CREATE TABLE kept_rooms (
    tenant TEXT NOT NULL,
    room_id TEXT NOT NULL,
    patches TEXT NOT NULL,           -- JSON
    PRIMARY KEY (tenant, room_id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE INDEX calls_by_conversation ON calls (conversation_id);
  -- 'retired': what the sweep took, with neither name nor tenant, until its message keys are deleted. From now on these are
  -- rooms whose messages and calls are past their retention.
  UPDATE conversations SET tenant = '', kind = 'retired', name = public_id WHERE kind = 'room'
    AND NOT EXISTS (SELECT 1 FROM messages WHERE conversation_id = conversations.id)
    AND NOT EXISTS (SELECT 1 FROM calls WHERE conversation_id = conversations.id);
  `,
  `
  CREATE TABLE quality_records (
    tenant TEXT NOT NULL,
    room_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    peer_id TEXT NOT NULL,           -- who measured
    visit_id TEXT NOT NULL,          -- in which life of the page
    publication_id TEXT NOT NULL,    -- empty: the participant itself
    user_id TEXT NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    facts TEXT NOT NULL,             -- JSON
    PRIMARY KEY (tenant, room_id, call_id, peer_id, visit_id, publication_id)
  ) STRICT;
  CREATE INDEX quality_by_age ON quality_records (updated_at_ms);
  `,
];

/** What a migration did, for the log. */
export interface Migrated {
  readonly fromVersion: number;
  readonly toVersion: number;
  /** The copy made before, when there was something to copy. */
  readonly copyPath: string | undefined;
}

/**
 * Brings a database file to the newest schema, or makes it. Nobody else may have it open (the folder lock sees to that).
 *
 * @throws CallError `incompatible-version` when a newer Parley wrote the file; `invalid-state` when it is no chat database.
 */
export const migrate = (path: string, now: Date, steps: readonly string[] = migrations): Migrated => {
  // For its owner's eyes, whatever the folder is; SQLite gives its other files the same mode.
  closeSync(openSync(path, 'a', 0o600));
  const fromVersion = readVersion(path, steps.length);
  if (fromVersion === steps.length) return { fromVersion, toVersion: fromVersion, copyPath: undefined };
  // Copied while closed: closing any descriptor of a file drops all of the process's POSIX locks on it.
  const copyPath = fromVersion === 0 ? undefined : copyFile(path, fromVersion, now);
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON');
    for (const [index, step] of steps.entries()) {
      if (index < fromVersion) continue;
      // One transaction with its version: a crash leaves a whole step done or not done.
      database.exec(`BEGIN IMMEDIATE; ${step}; PRAGMA user_version = ${index + 1}; COMMIT`);
    }
  } finally {
    database.close();
  }
  return { fromVersion, toVersion: steps.length, copyPath };
};

/** Reads the schema version and leaves the file complete in itself, with nothing in its write-ahead log. */
const readVersion = (path: string, knownVersion: number): number => {
  const database = new DatabaseSync(path);
  try {
    const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
    if (version > knownVersion) {
      throw new CallError(
        'incompatible-version',
        `The chat database ${path} has schema ${version}, this Parley knows up to ${knownVersion}: a newer Parley wrote it. ` +
          `Run that version again, or put a copy "${basename(path)}.schema-..." from before its migration in the file's place.`,
        { details: { version, knownVersion } },
      );
    }
    if (version === 0 && database.prepare('SELECT 1 FROM sqlite_schema').get() !== undefined) {
      throw new CallError(
        'invalid-state',
        `${path} is not a Parley chat database: move it away, or set PARLEY_DATA_DIR to another folder.`,
      );
    }
    database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
    return version;
  } finally {
    database.close();
  }
};

const copyFile = (path: string, version: number, now: Date): string => {
  const stamp = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const copyPath = `${path}.schema-${version}.${stamp}`;
  const unfinished = `${path}.copying`;
  copyFileSync(path, unfinished, constants.COPYFILE_FICLONE);
  const descriptor = openSync(unfinished, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(unfinished, copyPath);
  syncFolder(dirname(path));
  return copyPath;
};

/** Deletes copies made before the given time: they hold messages, which must not outlive their retention. */
export const deleteCopiesBefore = (path: string, cutoffMs: number): void => {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${basename(path)}.schema-`)) continue;
    // The change time: the copy's own age, whatever happened to its modification time.
    if (statSync(join(folder, name)).ctimeMs < cutoffMs) rmSync(join(folder, name));
  }
};
