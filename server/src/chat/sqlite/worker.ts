/**
 * Entry of the storage thread: owns the folder lock, group commit, and what happens when the disk fails.
 * Does not own the statements (ChatDatabase.ts) nor the callers' deadlines (StoreThread.ts).
 */
import { join } from 'node:path';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { CallError } from '@parley/protocol';
import { ChatDatabase, toRefusal } from './ChatDatabase.ts';
import { type FolderLock, lockFolder } from './lock.ts';
import { migrate } from './migrations.ts';
import type {
  DataOf,
  FromThread,
  PlainError,
  ReplyOf,
  StoreRequest,
  StoreRequestName,
  ThreadOptions,
  ToThread,
} from './requests.ts';
import { isConnectionFault } from './sqliteErrors.ts';

/** Bounds what one commit holds, so that its last message does not wait for a thousand others. */
const MAX_WRITES_PER_COMMIT = 512;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 30_000;

const writeNames: ReadonlySet<StoreRequestName> = new Set([
  'openCall',
  'setCallEmptySince',
  'endCall',
  'append',
  'deleteBefore',
  'keepRoom',
  'putQuality',
  'deleteQualityBefore',
]);

/** Serves one database. Open: requests run. Broken: all are refused until reopening succeeds. */
class StorageServer {
  readonly #port: MessagePort;
  readonly #path: string;
  readonly #lock: FolderLock;
  #database: ChatDatabase | undefined;
  #retryInMs = FIRST_RETRY_MS;
  #retryTimer: NodeJS.Timeout | undefined;
  #waiting: StoreRequest[] = [];
  /** Of the batch at hand. */
  readonly #unanswered = new Set<StoreRequest>();
  #flushDue = false;
  #closing = false;

  constructor(port: MessagePort, folder: string) {
    this.#port = port;
    this.#path = join(folder, 'chat.sqlite');
    this.#lock = lockFolder(folder);
    try {
      const { fromVersion, toVersion, copyPath } = migrate(this.#path, new Date());
      const database = new ChatDatabase(this.#path);
      database.settle();
      this.#database = database;
      const copied = copyPath === undefined ? '' : `, copy in ${copyPath}`;
      this.#post({
        kind: 'ready',
        note: `schema ${toVersion} (found ${fromVersion}${copied}) at ${this.#path}`,
      });
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    port.on('message', (message: ToThread) => this.#receive(message));
  }

  #receive(message: ToThread): void {
    if (message === 'close') this.#closing = true;
    else this.#waiting.push(message);
    if (this.#flushDue) return;
    this.#flushDue = true;
    // Everything that has arrived by now, above all during the last commit, is received before the flush runs.
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushDue = false;
    const batch = this.#waiting.splice(0, MAX_WRITES_PER_COMMIT);
    for (const request of batch) this.#unanswered.add(request);
    if (this.#database !== undefined) {
      try {
        // Reads first: they do not wait for the disk, and see only what is on it.
        for (const request of batch) if (!writeNames.has(request.name)) this.#read(this.#database, request);
        this.#write(
          this.#database,
          batch.filter((request) => writeNames.has(request.name)),
        );
        // After the acks: this sync is not theirs to wait for.
        this.#database.checkpointIfDue();
      } catch (error) {
        this.#break(this.#database, error);
      }
    }
    for (const request of this.#unanswered) this.#refuse(request, this.#unavailable());
    if (this.#waiting.length > 0) {
      this.#flushDue = true;
      setImmediate(() => this.#flush());
    } else if (this.#closing) this.#close();
  }

  #read(database: ChatDatabase, request: StoreRequest): void {
    let reply: ReplyOf<StoreRequestName>;
    try {
      reply = run(database, request);
    } catch (error) {
      if (isConnectionFault(error)) throw error;
      this.#refuse(request, toRefusal(error));
      return;
    }
    this.#reply(request, reply);
  }

  #write(database: ChatDatabase, requests: readonly StoreRequest[]): void {
    if (requests.length === 0) return;
    const results = database.transaction(requests.map((request) => () => run(database, request)));
    for (const [index, request] of requests.entries()) {
      const result = results[index];
      if (result instanceof CallError) this.#refuse(request, result);
      else if (result !== undefined) this.#reply(request, result);
    }
  }

  /**
   * After a fault nothing that this connection says is believed: what a failed sync left in the page cache is unknown (PostgreSQL's
   * fsync lesson). The file is opened anew, settled and checked before the next acknowledgement.
   */
  #break(database: ChatDatabase, error: unknown): void {
    this.#database = undefined;
    try {
      database.close();
    } catch {
      // The fault that is reported below is the cause of this one.
    }
    this.#retryInMs = FIRST_RETRY_MS;
    this.#retryLater(error);
  }

  #retryLater(error: unknown): void {
    this.#post({ kind: 'broken', cause: String(error), retryInMs: this.#retryInMs });
    this.#retryTimer = setTimeout(() => this.#reopen(), this.#retryInMs);
  }

  #reopen(): void {
    let database: ChatDatabase | undefined;
    try {
      database = new ChatDatabase(this.#path);
      database.settle();
      database.quickCheck();
      this.#database = database;
      this.#post({ kind: 'ready', note: `reopened ${this.#path}` });
    } catch (error) {
      try {
        database?.close();
      } catch {
        // As in #break.
      }
      this.#retryInMs = Math.min(this.#retryInMs * 2, MAX_RETRY_MS);
      this.#retryLater(error);
    }
  }

  #close(): void {
    clearTimeout(this.#retryTimer);
    try {
      this.#database?.close();
    } finally {
      this.#lock.release();
      this.#port.close();
    }
  }

  #unavailable(): CallError {
    return new CallError('unavailable', 'The chat database is not available; it is being opened again.', {
      details: { retryAfterMs: this.#retryInMs },
    });
  }

  #reply(request: StoreRequest, reply: ReplyOf<StoreRequestName>): void {
    this.#unanswered.delete(request);
    this.#post({ kind: 'reply', id: request.id, reply });
  }

  #refuse(request: StoreRequest, error: CallError): void {
    this.#unanswered.delete(request);
    this.#post({ kind: 'error', id: request.id, error: toPlain(error) });
  }

  #post(message: FromThread): void {
    this.#port.postMessage(message);
  }
}

// Generic in the name, so that TypeScript pairs each name with its own data and reply.
const handlers: {
  [N in StoreRequestName]: (database: ChatDatabase, data: DataOf<N>) => ReplyOf<N>;
} = {
  openCall: (database, data) => database.openCall(data),
  setCallEmptySince: (database, data) => database.setCallEmptySince(data),
  endCall: (database, data) => database.endCall(data),
  append: (database, data) => database.append(data),
  deleteBefore: (database, data) => database.deleteBefore(data),
  deleteCopiesBefore: (database, data) => database.deleteCopiesBefore(data),
  runningCalls: (database) => database.runningCalls(),
  page: (database, data) => database.page(data),
  lastSeq: (database, data) => database.lastSeq(data),
  keepRoom: (database, data) => database.keepRoom(data),
  keptRooms: (database) => database.keptRooms(),
  putQuality: (database, data) => database.quality.put(data),
  qualityOf: (database, data) => database.quality.of(data),
  deleteQualityBefore: (database, data) => database.quality.deleteBefore(data),
};

const run = <N extends StoreRequestName>(database: ChatDatabase, request: StoreRequest<N>): ReplyOf<N> =>
  handlers[request.name](database, request.data);

const toPlain = (error: CallError): PlainError => ({
  code: error.code,
  message: error.message,
  ...(error.details && { details: error.details }),
});

if (parentPort === null) throw new Error('worker.ts runs as a worker thread only');
const { folder }: ThreadOptions = workerData;
try {
  new StorageServer(parentPort, folder);
} catch (error) {
  const refusal =
    error instanceof CallError
      ? error
      : new CallError('unavailable', `The chat database in ${folder} cannot be opened: ${String(error)}`);
  const message: FromThread = { kind: 'refused', error: toPlain(refusal) };
  parentPort.postMessage(message);
  // Messages posted before are delivered first.
  parentPort.close();
}
