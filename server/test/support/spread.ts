/** Owns the placement that tests of several workers ask for. Does not own the default one (src/media/placement.ts). */
import type { Placement } from '../../src/media/placement.ts';

/** Spreads every room at once: its seats take turns on the workers, the first one on the first. */
export const spread: Placement = ([first, ...others]) =>
  others.reduce((least, place) => (place.seatsOfRoom < least.seatsOfRoom ? place : least), first);
