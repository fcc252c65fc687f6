/**
 * Owns the storage thread as the main thread sees it: requests with deadlines, its death and its replacement.
 * Does not own what requests mean (SqliteConversationStore.ts) nor what happens inside (worker.ts).
 */
import { Worker } from 'node:worker_threads';
import { CallError } from '@parley/protocol';
import type { ChatLog } from '../ports.ts';
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

/** Options of a storage thread. */
export interface StoreThreadOptions extends ThreadOptions {
  readonly log: ChatLog;
  /** After this a request fails with `timeout`; whether it took effect is then unknown. Default 10,000. */
  readonly requestTimeoutMs?: number;
  /** More requests than this waiting at once fail with `capacity`. Default 20,000. */
  readonly maxWaiting?: number;
}

interface Waiting {
  readonly resolve: (reply: ReplyOf<StoreRequestName>) => void;
  readonly reject: (error: CallError) => void;
  readonly timer: NodeJS.Timeout;
}

const RESTART_MS = 1000;
const CLOSE_TIMEOUT_MS = 10_000;

/** A running storage thread. One that dies is replaced; until then requests fail with `unavailable`. */
export class StoreThread {
  readonly #options: Required<StoreThreadOptions>;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker;
  /** Who waits for the first opening. */
  #started: { resolve: () => void; reject: (error: CallError) => void } | undefined;
  #nextId = 1;
  #ready = false;
  #closed: Promise<void> | undefined;
  #restartTimer: NodeJS.Timeout | undefined;

  /** Starts the thread and waits until its database is open. Rejects with a CallError that names cause and mend. */
  static async start(options: StoreThreadOptions): Promise<StoreThread> {
    const thread = new StoreThread(options);
    await new Promise<void>((resolve, reject) => {
      thread.#started = { resolve, reject };
    });
    return thread;
  }

  private constructor(options: StoreThreadOptions) {
    this.#options = { requestTimeoutMs: 10_000, maxWaiting: 20_000, ...options };
    this.#worker = this.#launch();
  }

  /** Whether the database is open. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Asks the thread. Fails with the thread's CallError, `timeout`, `capacity`, or `unavailable` when it is gone. */
  request<N extends StoreRequestName>(name: N, data: DataOf<N>): Promise<ReplyOf<N>> {
    const { maxWaiting, requestTimeoutMs } = this.#options;
    return new Promise<ReplyOf<N>>((resolve, reject) => {
      if (this.#closed) {
        reject(new CallError('unavailable', 'The chat store is closed.'));
        return;
      }
      if (this.#waiting.size >= maxWaiting) {
        reject(new CallError('capacity', 'Too much is waiting for the chat store.'));
        return;
      }
      const id = this.#nextId++;
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(
          new CallError('timeout', `The chat store did not answer ${name} within ${requestTimeoutMs} ms.`),
        );
      }, requestTimeoutMs);
      // A reply carries its request's id and nothing of its type: the pairing by id is what makes this sound.
      this.#waiting.set(id, { resolve: (reply) => resolve(reply as ReplyOf<N>), reject, timer });
      const request = { id, name, data } as StoreRequest;
      this.#post(request);
    });
  }

  /** Lets the thread finish what it accepted, then ends it. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#restartTimer);
    const worker = this.#worker;
    const exited = new Promise<void>((resolve) => {
      if (worker.threadId === -1) resolve();
      else worker.once('exit', () => resolve());
    });
    this.#post('close');
    // A thread that hangs in a sync cannot even be terminated; the process must still be able to end.
    const timer = setTimeout(() => void worker.terminate(), CLOSE_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }

  #launch(): Worker {
    const workerData: ThreadOptions = { folder: this.#options.folder };
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { name: 'chat-store', workerData });
    worker.on('message', (message: FromThread) => this.#receive(message));
    worker.on('error', (error) => this.#options.log.error({ err: error }, 'the chat storage thread failed'));
    worker.on('exit', () => this.#exited());
    return worker;
  }

  #receive(message: FromThread): void {
    const { log } = this.#options;
    switch (message.kind) {
      case 'reply':
        this.#settle(message.id)?.resolve(message.reply);
        break;
      case 'error':
        this.#settle(message.id)?.reject(toCallError(message.error));
        break;
      case 'ready':
        this.#ready = true;
        log.info({ note: message.note }, 'chat database open');
        this.#started?.resolve();
        this.#started = undefined;
        break;
      case 'broken':
        this.#ready = false;
        log.error(
          { cause: message.cause, retryInMs: message.retryInMs },
          'chat database failed; nothing is acknowledged until it is open again',
        );
        break;
      case 'refused':
        if (this.#started) this.#failStart(toCallError(message.error));
        else log.error({ cause: message.error.message }, 'chat database cannot be opened');
        break;
    }
  }

  #failStart(error: CallError): void {
    if (this.#started === undefined) return;
    this.#closed = Promise.resolve();
    this.#started.reject(error);
    this.#started = undefined;
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return undefined; // timed out
    clearTimeout(waiting.timer);
    this.#waiting.delete(id);
    return waiting;
  }

  #exited(): void {
    this.#ready = false;
    const gone = new CallError('unavailable', 'The chat storage thread ended.');
    for (const id of [...this.#waiting.keys()]) this.#settle(id)?.reject(gone);
    this.#failStart(gone);
    if (this.#closed) return;
    this.#restartTimer = setTimeout(() => {
      this.#worker = this.#launch();
    }, RESTART_MS);
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message);
  }
}

const toCallError = ({ code, message, details }: PlainError): CallError =>
  new CallError(code, message, details && { details });
