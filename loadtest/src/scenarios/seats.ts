/**
 * Owns the usual shape of a load: rooms, each with people who publish and people who only receive; and the flags for it.
 * Does not own what they do.
 */
import { type Chosen, choice, count } from '../cli/flags.ts';
import type { BotPlan } from '../process/messages.ts';
import type { Stage } from '../run/Stage.ts';

/** Counts are per room. */
export interface Shape {
  readonly rooms: number;
  readonly publishers: number;
  readonly subscribers: number;
}

/** `--rooms`, `--publishers`, `--subscribers`. */
export const shapeFlags = (fallback: Shape, words: { publishers: string; subscribers: string }) => ({
  rooms: count('--rooms <count>', 'rooms', fallback.rooms, { min: 1, max: 100_000 }),
  publishers: count('--publishers <count>', `${words.publishers}, per room`, fallback.publishers),
  subscribers: count('--subscribers <count>', `${words.subscribers}, per room`, fallback.subscribers),
});

/** What publishers send, and who receives whom. */
export const mediaFlags = {
  publish: choice('--publish <what>', 'what publishers send', ['both', 'audio', 'video'], 'both'),
  speech: choice('--speech <pattern>', 'how they speak', ['turns', 'continuous', 'silent'], 'turns'),
  layout: choice(
    '--layout <who>',
    'who sees whom: everybody everybody in full, a page of nine small tiles, only subscribers publishers',
    ['meeting', 'page', 'broadcast'],
    'meeting',
  ),
};

/** A page of 3 x 3 tiles on a small window. */
const PAGE = { tiles: 9, width: 320, height: 180 };

type MediaChoice = Chosen<typeof mediaFlags>;

/** Bots of all rooms. */
export const botsOf = ({ rooms, publishers, subscribers }: Shape): number =>
  rooms * (publishers + subscribers);

/** A seat in a room, before it is said what its bot does there. */
interface Seat {
  readonly id: string;
  readonly roomId: string;
  readonly url: string;
  readonly localAddress?: string;
  readonly startAfterMs: 0;
  readonly publishes: boolean;
}

/** Every seat; publishers first, and all rooms fill alike. */
export function seatsOf(stage: Stage, shape: Shape): Seat[] {
  const { rooms, publishers, subscribers } = shape;
  return Array.from({ length: botsOf(shape) }, (_, index): Seat => {
    const [room, place] = [index % rooms, Math.floor(index / rooms)];
    const publishes = place < publishers;
    const id = `r${room + 1}${publishes ? 'p' : 's'}${publishes ? place + 1 : place - publishers + 1}`;
    return { ...stage.seat(id, room, index, rooms * (publishers + subscribers)), publishes };
  });
}

/** The bot that sits in a seat of a call. */
export function mediaBot(
  { publishes, ...seat }: Seat,
  stage: Stage,
  { publish, speech, layout }: MediaChoice,
): BotPlan {
  return {
    ...seat,
    media: {
      publish: { audio: publishes && publish !== 'video', video: publishes && publish !== 'audio' },
      subscribe: !publishes || layout !== 'broadcast',
      ...(layout === 'page' && { view: PAGE }),
      speech: { seed: Math.floor(stage.random() * 2 ** 31), pattern: speech },
    },
  };
}

/** The bot that only signals. */
export const socketBot = ({ publishes: _, ...seat }: Seat): BotPlan => seat;
