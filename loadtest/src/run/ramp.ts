/**
 * Owns the search for the knee: the largest load that is still good. Pure; what a load is and when it is good is the caller's.
 */

/** A knee is known when the next larger load that failed is this close. */
const PRECISION = 0.1;

/**
 * Doubles the load until one is not good, then halves the space between.
 * @param first the load to begin with; when it is not good, smaller ones are tried.
 * @returns undefined when not even a load of 1 is good, or the search was ended before any was.
 */
export async function findKnee(
  first: number,
  attempt: (load: number) => Promise<'good' | 'bad' | 'stop'>,
): Promise<number | undefined> {
  let good = 0;
  let bad = Number.POSITIVE_INFINITY;
  let load = first;
  while (bad - good > Math.max(1, good * PRECISION) || bad === Number.POSITIVE_INFINITY) {
    const outcome = await attempt(load);
    if (outcome === 'stop') break;
    if (outcome === 'good') good = load;
    else bad = load;
    load = bad === Number.POSITIVE_INFINITY ? good * 2 : Math.floor((good + bad) / 2);
    if (load <= good) break;
  }
  return good > 0 ? good : undefined;
}
