/**
 * Owns the memory of what this client itself wrote to its publications, so that a host's mute or stop, which arrives through the same
 * log, is told from an echo. Does not own what follows from it.
 */
import type { Source } from '@parley/protocol';

/**
 * Every write of ours that changes the log comes back as exactly one patch, in order. One that changed nothing was preceded by a
 * patch of the same value that we had not seen yet, and takes that one for its own: the result is the same.
 */
export class OwnEchoes {
  readonly #muted = new Map<Source, boolean[]>();
  readonly #unpublished = new Set<Source>();
  readonly #writing = new Map<Source, number>();

  /** A write of a mute state (or a publish, which writes one too) is under way. */
  muting<T>(source: Source, muted: boolean, request: Promise<T>): Promise<T> {
    const echoes = this.#muted.get(source) ?? [];
    echoes.push(muted);
    this.#muted.set(source, echoes);
    return this.#during(source, request);
  }

  /** The end of the publication is under way. */
  unpublishing<T>(source: Source, request: Promise<T>): Promise<T> {
    this.#unpublished.add(source);
    return this.#during(source, request);
  }

  /** Whether a mute state in the log is ours. */
  takeMuted(source: Source, muted: boolean): boolean {
    // It exists again, so that an end of ours that is still to come back has lost its meaning.
    this.#unpublished.delete(source);
    const echoes = this.#muted.get(source) ?? [];
    const index = echoes.indexOf(muted);
    echoes.splice(0, index + 1);
    return index >= 0;
  }

  /** Whether the end of a publication in the log is ours. */
  takeUnpublished(source: Source): boolean {
    return this.#unpublished.delete(source);
  }

  /** Whether the answer to a write is outstanding. */
  isWriting(source: Source): boolean {
    return (this.#writing.get(source) ?? 0) > 0;
  }

  /** The log was replaced by a snapshot: what was written has no patch to come back as. */
  forget(): void {
    this.#muted.clear();
    this.#unpublished.clear();
  }

  async #during<T>(source: Source, request: Promise<T>): Promise<T> {
    this.#writing.set(source, (this.#writing.get(source) ?? 0) + 1);
    try {
      return await request;
    } finally {
      this.#writing.set(source, (this.#writing.get(source) ?? 1) - 1);
    }
  }
}
