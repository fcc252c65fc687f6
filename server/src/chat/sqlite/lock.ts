/**
 * Owns the rule that one process at a time uses a data folder.
 * Does not own anything inside the folder but the two lock files.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CallError } from '@parley/protocol';
import { isBusy } from './sqliteErrors.ts';

/** A held data folder. */
export interface FolderLock {
  /** Lets the next process in. Idempotent. */
  release(): void;
}

// A supervisor may start the successor while the kernel still tears the killed predecessor down.
const PREDECESSOR_GRACE_MS = 1000;

/**
 * Takes a data folder for this process, making it where it is missing.
 *
 * The lock is SQLite's exclusive lock on an empty database: the kernel frees it when its process dies, however it dies, so
 * there are no stale locks to recover, no reused pids to mistake, and SQLite knows the traps of file locks in one process.
 * The pid beside it only serves the message.
 *
 * @throws CallError `invalid-state`, naming the pid and the folder, when another process holds it.
 */
export const lockFolder = (path: string): FolderLock => {
  const folder = resolve(path);
  const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (made !== undefined)
    for (let path = folder; path.length >= made.length; path = dirname(path)) syncFolder(dirname(path));
  const pidFile = join(folder, 'parley.pid');
  const database = new DatabaseSync(join(folder, 'parley.lock'), { timeout: PREDECESSOR_GRACE_MS });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw error;
    throw new CallError(
      'invalid-state',
      `The data folder ${folder} is in use by ${holderOf(pidFile)}: ${MEND}`,
      {
        details: { folder },
        cause: error,
      },
    );
  }
  // A reader sees the old pid or the new one, never half of one.
  writeFileSync(`${pidFile}.new`, `${process.pid}\n`, { mode: 0o600 });
  renameSync(`${pidFile}.new`, pidFile);
  return {
    release: () => {
      if (!database.isOpen) return;
      rmSync(pidFile, { force: true });
      database.close();
    },
  };
};

const MEND = 'stop it first, or give this one a folder of its own with PARLEY_DATA_DIR.';

const holderOf = (pidFile: string): string => {
  try {
    return `process ${readFileSync(pidFile, 'utf8').trim()}`;
  } catch {
    return 'another process';
  }
};

/** Makes the names in a folder durable: a synced file whose name is lost is lost too. */
export const syncFolder = (folder: string): void => {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};
