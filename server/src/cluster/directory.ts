/**
 * Owns what nodes know of each other before they talk, and what a store of it promises. Both twins pass one contract suite
 * (server/test/contract/nodeStore.contract.ts). Does not own the beat (NodeDirectory) nor who is chosen (chooseNode).
 */
import { Id } from '@parley/protocol';
import * as z from 'zod/mini';

/** A node as it describes itself. One of a later minor version may say more: that is skipped. */
export const NodeRecord = z.object({
  nodeId: Id,
  /** Drawn at each start. */
  incarnation: Id,
  /** `host:port` where other nodes reach it. */
  address: z.string().check(z.maxLength(300)),
  roles: z.array(z.string().check(z.maxLength(32))),
  region: z.string().check(z.maxLength(64)),
  /** It takes nobody any more. */
  draining: z.boolean(),
  /** Share of its capacity in use, 0 to 1. */
  load: z.number(),
  /** How many more seats it would take, about. */
  headRoom: z.number(),
});
export type NodeRecord = z.infer<typeof NodeRecord>;

/** What a beat gives. */
export type Beat =
  /** Listed until the lease runs out; with all that are, this one included. */
  | { readonly status: 'listed'; readonly nodes: readonly NodeRecord[] }
  /** Another process is listed under this id. */
  | { readonly status: 'taken' }
  /** There are too many nodes. */
  | { readonly status: 'full' };

/** Where all nodes are listed. Calls fail with a CallError `unavailable`. */
export interface NodeStore {
  /** Lists a node for `leaseMs` by the store's clock, or goes on doing so, and reads all: one step. */
  beat(record: NodeRecord, leaseMs: number): Promise<Beat>;
  /** Takes a node off the list at once, unless another process has its place. */
  leave(record: Pick<NodeRecord, 'nodeId' | 'incarnation'>): Promise<void>;
}

/** More nodes would make the one list, which each of them reads every second, too long. */
export const MAX_NODES = 500;
