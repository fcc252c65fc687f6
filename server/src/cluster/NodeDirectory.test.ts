/**
 * A node that is listed, stays so, and knows the others.
 */
import { CallError } from '@parley/protocol';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/FakeClock.ts';
import { createLogger } from '../log.ts';
import { chooseNode } from './chooseNode.ts';
import type { NodeRecord } from './directory.ts';
import { MemoryNodeStore } from './MemoryNodeStore.ts';
import { NodeDirectory } from './NodeDirectory.ts';

const node = (nodeId: string, more: Partial<NodeRecord> = {}): NodeRecord => ({
  nodeId,
  incarnation: '1',
  address: 'a:1',
  roles: ['media'],
  region: 'here',
  draining: false,
  load: 0.5,
  headRoom: 10,
  ...more,
});

function cluster() {
  const clock = new FakeClock();
  const store = new MemoryNodeStore(clock);
  const lines: string[] = [];
  const log = createLogger('warn', { write: (line) => void lines.push(line) });
  const open = (record: NodeRecord) => NodeDirectory.open({ store, describe: () => record, clock, log });
  return { clock, store, open, lines };
}
const ids = ({ nodes }: NodeDirectory) => nodes.map(({ nodeId }) => nodeId);

test('nodes find each other within a beat, and one that left is gone with the next', async () => {
  const { clock, open } = cluster();
  const a = await open(node('a'));
  const b = await open(node('b'));
  expect(ids(b)).toEqual(['a', 'b']);
  await clock.advanceSettling(1_000);
  expect(ids(a)).toEqual(['a', 'b']);
  await b.close();
  await clock.advanceSettling(1_000);
  expect(ids(a)).toEqual(['a']);
  await a.close();
  expect(clock.pending).toBe(0);
});

test('a second process with the same id is refused while the first one beats, and waits for one that died', async () => {
  const { clock, store, open } = cluster();
  const first = await open(node('a'));
  const second = open(node('a', { incarnation: '2' }));
  const refused = expect(second).rejects.toThrow('two nodes have the id a: give each its own PARLEY_NODE_ID');
  await clock.advanceSettling(6_000);
  await refused;
  await first.close();

  await store.beat(node('a', { incarnation: 'killed' }), 4_000);
  const third = open(node('a', { incarnation: '3' }));
  await clock.advanceSettling(4_500);
  await (await third).close();
});

test('while the list is out of reach the nodes that were there are known, and it is said once', async () => {
  const { clock, store, open, lines } = cluster();
  const a = await open(node('a'));
  const beat = store.beat.bind(store);
  store.beat = () => Promise.reject(new CallError('unavailable', 'gone'));
  await clock.advanceSettling(60_000);
  expect(ids(a)).toEqual(['a']);
  expect(lines.filter((line) => line.includes('the list of nodes cannot be reached'))).toHaveLength(1);
  store.beat = beat;
  await store.beat(node('b'), 4_000);
  await clock.advanceSettling(1_000);
  expect(ids(a).sort()).toEqual(['a', 'b']);
  await a.close();
});

test('a room gets a node with head-room, rather here than elsewhere, the least loaded; the fullest only when all are full', () => {
  const choose = (nodes: NodeRecord[], without: string[] = []) =>
    chooseNode(nodes, { region: 'here', without: new Set(without) })?.nodeId;
  const nodes = [
    node('busy', { load: 0.7 }),
    node('idle', { load: 0.1 }),
    node('far', { load: 0, region: 'there' }),
    node('full', { load: 0, headRoom: 0 }),
    node('leaving', { load: 0, draining: true }),
    node('no-media', { load: 0, roles: ['signaling'] }),
  ];
  expect(choose(nodes)).toBe('idle');
  expect(choose(nodes, ['idle'])).toBe('busy');
  expect(choose(nodes, ['idle', 'busy'])).toBe('far');
  expect(choose(nodes, ['idle', 'busy', 'far'])).toBe('full');
  expect(choose(nodes, ['idle', 'busy', 'far', 'full'])).toBeUndefined();
});
