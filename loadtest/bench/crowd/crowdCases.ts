/**
 * Owns what is asked of crowds: open microphones, rooms that double, the largest room of pages. Loads for the machinery of compare/.
 * Does not own how they are measured (measureCrowd.ts) nor what is printed (runCrowd.ts).
 */
import type { ContenderId, Load } from '../compare/cases.ts';

/** What each part answers. */
export const parts = ['mics', 'talkers', 'growth', 'page', 'delay', 'overload', 'largest'] as const;
export type Part = (typeof parts)[number];

const MICROPHONE = { audio: true, video: false };
const EVERYTHING = { audio: true, video: true };

/** Everybody talks without a pause: nothing of it is DTX. */
export const openMics = (people: number): Load => ({
  rooms: 1,
  publishers: people,
  viewers: 0,
  publish: MICROPHONE,
  layout: 'page',
});

/** A few talk; the others' microphones are open and silent. */
export const fewTalk = (people: number, talkers: number): Load => ({ ...openMics(people), talkers });

/** Everybody publishes three encodings and a microphone and looks at a page of 3 x 3; three talk. */
export const pages = (people: number): Load => ({
  rooms: 1,
  publishers: people,
  viewers: 0,
  publish: EVERYTHING,
  talkers: 3,
  layout: 'page',
});

/** Three rooms in which three talk and people listen: sending costs a generator twice what receiving does. */
export const listeners = (people: number): Load => ({
  rooms: 3,
  publishers: 3,
  viewers: people - 3,
  publish: MICROPHONE,
  layout: 'page',
});

/** The sizes of `growth`: M0 sends everything to everybody, so its rooms are small. */
export const growthSizes: Readonly<Partial<Record<ContenderId, readonly number[]>>> = {
  parley: [50, 100, 200],
  m0: [8, 16, 32],
};

/** Sizes of the rooms of `listeners` among which `delay` looks for the knee. */
export const kneeSizes: readonly number[] = [60, 70, 80, 90, 100, 110, 120];

/** Sizes that `largest` tries, one after the other, until one is not delivered. */
export const largestSizes: readonly number[] = [
  4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 36, 40, 48, 56, 64, 72, 80, 90, 100,
];

/** Who takes part in `largest`: M1 has Parley's layout, M0 and Janus send everything. */
export const largestContenders: readonly ContenderId[] = ['parley', 'm1', 'm0', 'j0'];
