/**
 * Owns the list of nodes of one process: for tests that start several nodes in one. Its twin is redis/RedisNodeStore.
 * Does not own the beat (NodeDirectory).
 */
import type { Clock } from '../clock.ts';
import { type Beat, MAX_NODES, type NodeRecord, type NodeStore } from './directory.ts';

export class MemoryNodeStore implements NodeStore {
  readonly #clock: Clock;
  readonly #listed = new Map<string, { readonly record: NodeRecord; readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async beat(record: NodeRecord, leaseMs: number): Promise<Beat> {
    const nowMs = this.#clock.monotonicMs();
    for (const [nodeId, { untilMs }] of this.#listed) if (untilMs <= nowMs) this.#listed.delete(nodeId);
    const holder = this.#listed.get(record.nodeId)?.record;
    if (holder && holder.incarnation !== record.incarnation) return { status: 'taken' };
    if (!holder && this.#listed.size >= MAX_NODES) return { status: 'full' };
    this.#listed.set(record.nodeId, { record: structuredClone(record), untilMs: nowMs + leaseMs });
    return { status: 'listed', nodes: [...this.#listed.values()].map((entry) => entry.record) };
  }

  async leave({ nodeId, incarnation }: Pick<NodeRecord, 'nodeId' | 'incarnation'>): Promise<void> {
    if (this.#listed.get(nodeId)?.record.incarnation === incarnation) this.#listed.delete(nodeId);
  }
}
