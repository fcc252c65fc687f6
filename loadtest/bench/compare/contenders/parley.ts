/**
 * Owns Parley as a contender. Does not own its start on the other side (parleyHost.ts).
 */
import { fileURLToPath } from 'node:url';
import type { Contender } from './Contender.ts';
import { startHosted } from './hostedServer.ts';

const script = fileURLToPath(new URL('parleyHost.ts', import.meta.url));

export const parley: Contender = {
  id: 'parley',
  dialect: 'parley',
  missing: () => undefined,
  start: (machine) => startHosted(machine, script, []),
};
