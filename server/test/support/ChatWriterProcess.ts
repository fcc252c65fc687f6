/**
 * Owns a chatWriter.ts process on a disk that fails on command (failingDisk.c), and what it reported.
 * Does not own what is concluded from it.
 */
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './conversations.ts';

/** What the disk does at each sync; `full` is about writes. */
export type DiskMode = 'pass' | 'delay' | 'hold' | 'fail' | 'full';

/** An acknowledged message; times in nanoseconds of the monotonic clock. */
export interface Acked {
  readonly seq: number;
  readonly conversationId: string;
  readonly messageId: string;
  readonly sentAt: bigint;
  readonly ackedAt: bigint;
}

/** A sync of one of the database's files. */
export interface Sync {
  readonly enteredAt: bigint;
  readonly leftAt: bigint;
  readonly ok: boolean;
  readonly file: string;
}

const WAIT_MS = 30_000;

/** Builds the shared object of failingDisk.c and returns its path. */
export const buildFailingDisk = (folder: string): string => {
  const library = join(folder, 'failingDisk.so');
  execFileSync('gcc', [
    '-Wall',
    '-Werror',
    '-O1',
    '-shared',
    '-fPIC',
    '-o',
    library,
    join(import.meta.dirname, 'failingDisk.c'),
    '-ldl',
    '-lpthread',
  ]);
  return library;
};

/**
 * A process that appends, from as many senders at once as asked: without end, or with `resend` each until its first message that
 * failed and was sent again is acknowledged.
 */
export class ChatWriterProcess {
  readonly acked: Acked[] = [];
  readonly failed: Array<{ code: string; at: bigint }> = [];
  /** The database as a power cut would leave it. */
  readonly medium: string;
  readonly #control: string;
  readonly #syncLog: string;
  readonly #child: ChildProcessByStdio<null, Readable, null>;
  readonly #sent = new Map<string, bigint>();
  readonly #reading: Promise<void>;
  #ready = false;
  #ended = false;
  #onLine: () => void = () => {};

  constructor(options: { library: string; folder: string; senders: number; resend?: boolean }) {
    const scratch = temporaryFolder();
    this.medium = join(scratch, 'medium');
    this.#control = join(scratch, 'control');
    this.#syncLog = join(scratch, 'syncs');
    mkdirSync(this.medium);
    writeFileSync(this.#syncLog, '');
    this.disk('pass');
    this.#child = spawn(
      process.execPath,
      [
        join(import.meta.dirname, 'chatWriter.ts'),
        options.folder,
        `${options.senders}`,
        ...(options.resend ? ['resend'] : []),
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: {
          ...process.env,
          LD_PRELOAD: options.library,
          PARLEY_DISK_CONTROL: this.#control,
          PARLEY_DISK_LOG: this.#syncLog,
          PARLEY_DISK_MEDIUM: this.medium,
        },
      },
    );
    onTestFinished(() => this.kill());
    this.#reading = this.#read();
  }

  /** Changes what the disk does from now on. */
  disk(mode: DiskMode): void {
    // Replaced as a whole: the process never reads half a word.
    writeFileSync(`${this.#control}.new`, mode);
    renameSync(`${this.#control}.new`, this.#control);
  }

  /** All syncs that have ended. */
  syncs(): Sync[] {
    return readFileSync(this.#syncLog, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const [enteredAt = '', leftAt = '', result, file = ''] = line.split(' ');
        return { enteredAt: BigInt(enteredAt), leftAt: BigInt(leftAt), ok: result === 'ok', file };
      });
  }

  /** Resolves once the store is open. */
  ready(): Promise<void> {
    return this.until(() => this.#ready, 'ready');
  }

  /** Resolves once the condition holds, which is looked at after each line of the process. */
  async until(condition: () => boolean, what: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(
            new Error(
              `${what}: not within ${WAIT_MS} ms; acked ${this.acked.length}, failed ${this.failed.length}`,
            ),
          ),
        WAIT_MS,
      );
      this.#onLine = () => {
        const met = condition();
        if (!met && !this.#ended) return;
        clearTimeout(timer);
        this.#onLine = () => {};
        if (met) resolve();
        else reject(new Error(`${what}: the process ended before`));
      };
      this.#onLine();
    });
  }

  /** Resolves after as many more acknowledgements. */
  moreAcked(count: number): Promise<void> {
    const goal = this.acked.length + count;
    return this.until(() => this.acked.length >= goal, `${count} more acknowledged`);
  }

  /** Resolves after as many more refusals. */
  moreFailed(count: number): Promise<void> {
    const goal = this.failed.length + count;
    return this.until(() => this.failed.length >= goal, `${count} more refused`);
  }

  /** kill -9, and the end of what the process had written out. */
  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    }
    await this.#reading;
  }

  async #read(): Promise<void> {
    for await (const line of createInterface(this.#child.stdout)) {
      this.#take(line.split(' '));
      this.#onLine();
    }
    this.#ended = true;
    this.#onLine();
  }

  #take([word, ...fields]: string[]): void {
    if (word === 'ready') this.#ready = true;
    if (word === 'sent') this.#sent.set(fields[0]!, BigInt(fields[1]!));
    if (word === 'failed') this.failed.push({ code: fields[1]!, at: BigInt(fields[2]!) });
    if (word === 'acked') {
      const [n = '', seq, conversationId = '', messageId = '', at = ''] = fields;
      this.acked.push({
        seq: Number(seq),
        conversationId,
        messageId,
        sentAt: this.#sent.get(n)!,
        ackedAt: BigInt(at),
      });
    }
  }
}
