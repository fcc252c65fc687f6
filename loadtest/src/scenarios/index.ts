/**
 * Owns the list of scenarios, in the order of the help.
 */
import { chat } from './chat.ts';
import { join } from './join.ts';
import { media } from './media.ts';
import { probe } from './probe.ts';
import { reconnect } from './reconnect.ts';
import type { Scenario } from './Scenario.ts';
import { soak } from './soak.ts';
import { sockets } from './sockets.ts';

export const scenarios: readonly Scenario[] = [media, join, chat, sockets, reconnect, soak, probe];
