/**
 * Owns that this node is listed, a beat each second, and what it last read of the others.
 * Does not own the list (NodeStore) nor whether a listed node can be reached: a lease says that it lived seconds ago (NodeLink knows better).
 */
import { CallError } from '@parley/protocol';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { Beat, NodeRecord, NodeStore } from './directory.ts';

/** What a directory works with. */
export interface NodeDirectoryOptions {
  readonly store: NodeStore;
  /** This node as it is now; asked at each beat. */
  readonly describe: () => NodeRecord;
  readonly clock: Clock;
  readonly log: Logger;
}

const BEAT_MS = 1_000;
/** A node that died is listed for this long; one that is restarted under the same id waits for it. */
const LEASE_MS = 4_000;
const TAKEN_RETRY_MS = 500;

export class NodeDirectory {
  readonly #options: NodeDirectoryOptions;
  #nodes: readonly NodeRecord[] = [];
  #reachable = true;
  #cancelBeat = () => {};
  #closed = false;

  private constructor(options: NodeDirectoryOptions) {
    this.#options = options;
  }

  /**
   * Lists this node. Its id may still be listed for the process before it: that is waited for.
   * @throws CallError whose message is one line for the operator: two nodes with one id, too many nodes; `unavailable`.
   */
  static async open(options: NodeDirectoryOptions): Promise<NodeDirectory> {
    const directory = new NodeDirectory(options);
    const { clock, describe } = options;
    const endMs = clock.monotonicMs() + LEASE_MS + BEAT_MS;
    for (;;) {
      const beat = await directory.#beat();
      if (beat.status === 'listed') break;
      if (beat.status === 'full')
        throw new CallError('capacity', 'the cluster has as many nodes as it can list');
      if (clock.monotonicMs() >= endMs) {
        const { nodeId } = describe();
        throw new CallError(
          'invalid-state',
          `two nodes have the id ${nodeId}: give each its own PARLEY_NODE_ID`,
        );
      }
      await new Promise<void>((resolve) => clock.setTimeout(resolve, TAKEN_RETRY_MS));
    }
    directory.#schedule();
    return directory;
  }

  /** All nodes as of the last beat that was answered: while the store is gone, those that were there. */
  get nodes(): readonly NodeRecord[] {
    return this.#nodes;
  }

  /** Takes this node off the list. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelBeat();
    const { store, describe, log } = this.#options;
    await store.leave(describe()).catch((error: unknown) => {
      log.debug({ err: error }, 'this node stays listed for a moment');
    });
  }

  #schedule(): void {
    this.#cancelBeat = this.#options.clock.setTimeout(() => void this.#again(), BEAT_MS);
  }

  async #again(): Promise<void> {
    const { log } = this.#options;
    try {
      const { status } = await this.#beat();
      if (status === 'taken' && this.#reachable)
        log.error('another process is listed under the id of this node');
      this.#reachable = status === 'listed';
    } catch (error) {
      if (this.#reachable) log.warn({ err: error }, 'the list of nodes cannot be reached');
      this.#reachable = false;
    }
    if (!this.#closed) this.#schedule();
  }

  async #beat(): Promise<Beat> {
    const { store, describe } = this.#options;
    const beat = await store.beat(describe(), LEASE_MS);
    if (beat.status === 'listed') this.#nodes = beat.nodes;
    return beat;
  }
}
