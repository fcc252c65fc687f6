/**
 * Owns in which order contenders are measured: alternating, shuffled anew each round, the same for the same seed.
 * Does not own what is measured.
 */
import { seededRandom } from '../../src/bot/source/random.ts';

/** The order of each round: everybody once, so that what drifts on the machine meets all alike. */
export function schedule<T>(items: readonly T[], rounds: number, seed: number): T[][] {
  const random = seededRandom(seed);
  return Array.from({ length: rounds }, () => shuffled(items, random));
}

/** Fisher-Yates. */
function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const order = [...items];
  for (let end = order.length - 1; end > 0; end -= 1) {
    const index = Math.floor(random() * (end + 1));
    const [swapped, last] = [order[index], order[end]];
    if (swapped === undefined || last === undefined) continue;
    order[index] = last;
    order[end] = swapped;
  }
  return order;
}
