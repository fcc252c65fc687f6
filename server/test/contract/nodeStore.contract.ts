/**
 * The contract of NodeStore: what the list of nodes promises, wherever it lies. Owns the suite; each twin's test file brings a factory.
 * Does not own the beat (NodeDirectory).
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAX_NODES, type NodeRecord, type NodeStore } from '../../src/cluster/directory.ts';

/** A store and its time. */
export interface NodeStoreFixture {
  readonly store: NodeStore;
  /** Lets time pass for the store. */
  advance(ms: number): Promise<void>;
  dispose(): Promise<void>;
}

const record = (nodeId: string, more: Partial<NodeRecord> = {}): NodeRecord => ({
  nodeId,
  incarnation: `${nodeId}-1`,
  address: '10.0.0.1:7400',
  roles: ['signaling', 'media'],
  region: 'eu',
  draining: false,
  load: 0.25,
  headRoom: 120,
  ...more,
});

/** Runs the suite for a twin. `leaseMs`: short where time really has to pass. */
export function nodeStoreContract(
  name: string,
  create: () => Promise<NodeStoreFixture>,
  leaseMs: number,
): void {
  describe(`NodeStore: ${name}`, () => {
    let fixture: NodeStoreFixture;
    beforeEach(async () => {
      fixture = await create();
    });
    afterEach(() => fixture.dispose());
    const beat = (node: NodeRecord) => fixture.store.beat(node, leaseMs);
    const idsOf = (result: Awaited<ReturnType<typeof beat>>) =>
      result.status === 'listed' ? result.nodes.map(({ nodeId }) => nodeId).sort() : result.status;

    test('[DIR1] a beat lists a node as it describes itself now, and gives all that are listed', async () => {
      expect(await beat(record('a'))).toEqual({ status: 'listed', nodes: [record('a')] });
      const busy = record('a', { load: 0.9, headRoom: 0, draining: true });
      expect(idsOf(await beat(record('b')))).toEqual(['a', 'b']);
      const both = await beat(busy);
      expect(both.status === 'listed' && both.nodes.find(({ nodeId }) => nodeId === 'a')).toEqual(busy);
    });

    test('[DIR2] a node that beats stays, one that does not goes when its lease has run out', async () => {
      await beat(record('quiet'));
      await beat(record('loud'));
      for (let elapsed = 0; elapsed <= leaseMs; elapsed += leaseMs / 2) {
        await fixture.advance(leaseMs / 2);
        await beat(record('loud'));
      }
      expect(idsOf(await beat(record('loud')))).toEqual(['loud']);
    });

    test('[DIR3] an id belongs to one process until its lease has run out or it left', async () => {
      const twin = record('a', { incarnation: 'another' });
      await beat(record('a'));
      expect(await beat(twin)).toEqual({ status: 'taken' });
      // Who has not got the place cannot give it up either.
      await fixture.store.leave(twin);
      expect(await beat(twin)).toEqual({ status: 'taken' });
      await fixture.store.leave(record('a'));
      expect(idsOf(await beat(twin))).toEqual(['a']);
      expect(await beat(record('a'))).toEqual({ status: 'taken' });
      await fixture.advance(leaseMs + leaseMs / 10);
      expect(idsOf(await beat(record('a')))).toEqual(['a']);
    });

    test('[DIR4] there is a limit, and a free place counts', async () => {
      const many = Array.from({ length: MAX_NODES }, (_, index) => record(`n${index}`));
      // Within one lease, wherever the store is.
      const results = await Promise.all(many.map((node) => fixture.store.beat(node, 60_000)));
      expect(results.map(({ status }) => status)).not.toContain('full');
      expect(await fixture.store.beat(record('one-more'), 60_000)).toEqual({ status: 'full' });
      expect((await fixture.store.beat(record('n0'), 60_000)).status).toBe('listed');
      await fixture.store.leave(record('n0'));
      expect((await fixture.store.beat(record('one-more'), 60_000)).status).toBe('listed');
    });
  });
}
