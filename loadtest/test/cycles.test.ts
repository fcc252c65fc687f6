/**
 * Owns the proof that who has left leaves nothing behind: no descriptor, no port, nothing in the worker. A small version of
 * `npm run bench -- cycles`. Does not own memory, of which so few calls say nothing.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ServerProcess } from '../../server/test/support/serverProcess.ts';
import { runCalls } from '../bench/cycles/cycles.ts';
import {
  type ProcessStanding,
  type Standing,
  standingOf,
  startStandingServer,
} from '../bench/cycles/standing.ts';
import { prepareMedia } from '../src/bot/index.ts';

const SETTLES_WITHIN_MS = 30_000;
const media = prepareMedia();
let server: ServerProcess;
beforeAll(async () => {
  server = await startStandingServer();
});
afterAll(() => server.stop());

const openOf = ({ descriptors, udpSockets, tcpSockets }: ProcessStanding) => ({
  descriptors,
  udpSockets,
  tcpSockets,
});
/** Everything but memory. */
const countsOf = ({ node, worker, left }: Standing) => ({ node: openOf(node), worker: openOf(worker), left });

/** Once no client is connected any more, those of the test's own HTTP requests included. */
async function settled(): Promise<ReturnType<typeof countsOf>> {
  for (const endMs = performance.now() + SETTLES_WITHIN_MS; ; await delay(250)) {
    const counts = countsOf(await standingOf(server));
    const isSettled = counts.node.tcpSockets === 1 && Object.values(counts.left).every((left) => left === 0);
    if (isSettled || performance.now() > endMs) return counts;
  }
}

test('40 join and leave, and nothing of them is left', async () => {
  const fresh = countsOf(await standingOf(server));
  expect(fresh.worker.udpSockets).toBeGreaterThan(0);
  // What the first call opens for good (the disk's files) is none of theirs.
  await runCalls(server.url, media, { name: 'first', joins: 8 });
  const before = await settled();
  await runCalls(server.url, media, { name: 'measured', joins: 40 });
  const after = await settled();
  expect(after).toEqual(before);
  // The worker itself is as it was before anybody came.
  expect({ worker: after.worker, left: after.left }).toEqual({ worker: fresh.worker, left: fresh.left });
});
