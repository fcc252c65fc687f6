/**
 * Owns the arithmetic of counters: none, sum, difference.
 * Does not own what they count (messages.ts).
 */
import { Counters } from './messages.ts';

const names = Counters.keyof().options;

export const emptyCounters = (): Counters => ({
  sentPackets: 0,
  sentBytes: 0,
  receivedPackets: 0,
  receivedBytes: 0,
  lost: 0,
  recovered: 0,
  freezes: 0,
  audioGaps: 0,
  messagesSent: 0,
  messagesReceived: 0,
  socketDrops: 0,
});

/** Adds in place: this runs for every bot, every second. */
export function add(sum: Counters, more: Partial<Counters>): Counters {
  for (const name of names) sum[name] += more[name] ?? 0;
  return sum;
}

/** How far counters have grown. */
export function growth(now: Counters, before: Counters): Counters {
  const grown = emptyCounters();
  for (const name of names) grown[name] = now[name] - before[name];
  return grown;
}
