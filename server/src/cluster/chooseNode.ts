/**
 * Owns which media node a room gets: one that has head-room, in the same region rather than elsewhere, the least loaded of those.
 * Does not own who is listed (NodeDirectory) nor on which worker of the node a seat lives (media/placement.ts). Pure.
 */
import type { NodeRecord } from './directory.ts';

/** Chooses; undefined when there is no media node to choose from. Where all are full, the one that is least so. */
export function chooseNode(
  nodes: readonly NodeRecord[],
  { region, without }: { readonly region: string; readonly without: ReadonlySet<string> },
): NodeRecord | undefined {
  const candidates = nodes.filter(
    ({ nodeId, roles, draining }) => roles.includes('media') && !draining && !without.has(nodeId),
  );
  const rank = (node: NodeRecord): number => (node.headRoom > 0 ? 0 : 2) + (node.region === region ? 0 : 1);
  return candidates.sort((a, b) => rank(a) - rank(b) || a.load - b.load)[0];
}
