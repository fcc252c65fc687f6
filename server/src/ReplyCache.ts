/**
 * Owns the answers to one asker's recent requests: a retry gets the first answer, a duplicate in flight shares one execution.
 * Does not own which requests are remembered (dispatch, RpcServer) nor retries on another node (the room log's request keys).
 */
import { CallError } from '@parley/protocol';
import type { Clock } from './clock.ts';

const MAX_ENTRIES = 256;
const LIFETIME_MS = 2 * 60_000;

interface Entry {
  readonly name: string;
  readonly atMs: number;
  readonly answer: Promise<unknown>;
}

/** Answers by request id, for two minutes: the last 256, or as many as are asked for. */
export class ReplyCache {
  readonly #clock: Clock;
  readonly #maxEntries: number;
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, maxEntries = MAX_ENTRIES) {
    this.#clock = clock;
    this.#maxEntries = maxEntries;
  }

  /**
   * Gives the answer of the first execution, or executes. A failure that may pass is not remembered: its retry is a new attempt.
   * @throws CallError `invalid-request` when the id was used for another request.
   */
  once(id: string, name: string, execute: () => Promise<unknown>): Promise<unknown> {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#entries.get(id);
    if (known && known.atMs + LIFETIME_MS > nowMs) {
      if (known.name === name) return known.answer;
      throw new CallError('invalid-request', 'This id was used for another request', {
        details: { path: 'id' },
      });
    }
    const answer = execute();
    const entry = { name, atMs: nowMs, answer };
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    answer.catch((error: unknown) => {
      const final = error instanceof CallError && !error.retryable && error.code !== 'internal';
      if (!final && this.#entries.get(id) === entry) this.#entries.delete(id);
    });
    for (const [oldId, old] of this.#entries) {
      if (this.#entries.size <= this.#maxEntries && old.atMs + LIFETIME_MS > nowMs) break;
      this.#entries.delete(oldId);
    }
    return answer;
  }
}
