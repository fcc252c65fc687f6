/**
 * Owns which tiles stand on the stage and how they are named: one per participant, one per shared screen.
 * Does not own their places (gridLayout.ts) nor their looks.
 */
import type { Participant } from '@parley/client';

/** One tile. `key` is stable while the tile stands. */
export interface Tile {
  readonly key: string;
  readonly peerId: string;
  readonly kind: 'participant' | 'screen';
}

const SCREEN_PREFIX = 'screen ';

/** Key of the tile of somebody's shared screen. */
export const screenKey = (peerId: string): string => SCREEN_PREFIX + peerId;

/** Keys of all tiles in the order of joining, each share right after its owner. Strings, so that lists compare cheaply. */
export function tileKeys(participants: readonly Participant[]): string[] {
  return participants.flatMap(({ peerId, media }) => (media.screen ? [peerId, screenKey(peerId)] : [peerId]));
}

/** The tile that a key stands for. */
export const tileOf = (key: string): Tile =>
  key.startsWith(SCREEN_PREFIX)
    ? { key, peerId: key.slice(SCREEN_PREFIX.length), kind: 'screen' }
    : { key, peerId: key, kind: 'participant' };

/**
 * The share that gets the spotlight: the newest one, where others' shares go before the own one (people know their own screen).
 * @param previous keys of shares in the order in which they appeared.
 */
export function spotlightKey(
  previous: readonly string[],
  localPeerId: string | undefined,
): string | undefined {
  const others = previous.filter((key) => tileOf(key).peerId !== localPeerId);
  return others.at(-1) ?? previous.at(-1);
}

/** The order of appearance after a change: those that stay keep their order, new ones come last. */
export function orderOfAppearance(previous: readonly string[], keys: readonly string[]): string[] {
  const shares = keys.filter((key) => tileOf(key).kind === 'screen');
  return [
    ...previous.filter((key) => shares.includes(key)),
    ...shares.filter((key) => !previous.includes(key)),
  ];
}
