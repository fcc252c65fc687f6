/**
 * Owns mediasoup without Parley as contenders: M1, the floor of our overhead, and M0, a room as tutorials build it.
 * Does not own the server itself (mediasoupHost.ts).
 */
import { fileURLToPath } from 'node:url';
import type { Contender } from './Contender.ts';
import { startHosted } from './hostedServer.ts';

const script = fileURLToPath(new URL('mediasoupHost.ts', import.meta.url));

/** The worker's settings and the consumers are Parley's; nothing else is there. */
export const m1: Contender = {
  id: 'm1',
  dialect: 'mediasoup',
  missing: () => undefined,
  start: (machine) => startHosted(machine, script, ['like-parley']),
};

/** A router per room, a port per transport, everybody consumes everything. */
export const m0: Contender = {
  id: 'm0',
  dialect: 'mediasoup',
  missing: () => undefined,
  start: (machine) => startHosted(machine, script, ['naive']),
};
