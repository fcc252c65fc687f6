/**
 * Owns on which worker a new seat lives: rooms stay together while they are small, and spread when a worker has enough to do.
 * Does not own the measuring (MediaWorker) nor what connects workers (WorkerPipes).
 */

/** A worker as placement sees it. */
export interface Place {
  /** Share of one core that its process used of late, 0 to 1; grows with packets, whatever they are. */
  readonly cpuShare: number;
  /** Whether it has to leave out pictures that people want to see. */
  readonly sheds: boolean;
  /** Seats that live there, of any room. */
  readonly seats: number;
  /** Of these, the ones of the room that is to get another. */
  readonly seatsOfRoom: number;
}

/** Chooses one of the live workers. */
export type Placement = <P extends Place>(places: readonly [P, ...P[]]) => P;

/** A worker that does more than this takes no further seats of a room that can go elsewhere: the other half is for those it has. */
const FULL_SHARE = 0.5;
/**
 * What a seat is taken to cost at least: in a rush of joins packets come after the seats, and who is silent now may speak any time.
 * About 500 packets a second.
 */
const SEAT_SHARE = 0.005;
/** A worker that the room does not use yet must have so much less to do: there the room's publications have to be piped to. */
const SPREAD_MARGIN = 0.75;

/** Whatever was measured: a core that others use too is full long before its share is 1. */
const SHEDDING = 1000;

type Loaded = Pick<Place, 'cpuShare' | 'seats' | 'sheds'>;

const loadOf = ({ cpuShare, seats, sheds }: Loaded): number =>
  Math.max(cpuShare, seats * SEAT_SHARE) + (sheds ? SHEDDING : 0);

/** A node above this keeps the rest for what those who are there may still do. */
const NODE_FULL_SHARE = 0.85;

/** A node as other nodes see it. */
export interface NodeLoad {
  /** Share of all its workers together, 0 to 1. */
  readonly load: number;
  /** How many more seats it would take, about. */
  readonly headRoom: number;
}

/** The load of all workers that live; without any, everything is too much. */
export function nodeLoad(workers: readonly Loaded[]): NodeLoad {
  if (workers.length === 0) return { load: 1, headRoom: 0 };
  const loads = workers.map((worker) => Math.min(1, loadOf(worker)));
  const load = loads.reduce((sum, one) => sum + one, 0) / loads.length;
  const room = loads.reduce((sum, one) => sum + Math.max(0, NODE_FULL_SHARE - one), 0);
  return { load, headRoom: Math.floor(room / SEAT_SHARE) };
}

/** The default placement: see above. */
export const chooseWorker: Placement = (places) => {
  const least = leastLoaded(places);
  const [first, ...others] = places.filter(({ seatsOfRoom }) => seatsOfRoom > 0);
  if (!first) return least;
  const used = leastLoaded([first, ...others]);
  const full = loadOf(used) >= FULL_SHARE;
  return full && loadOf(least) < SPREAD_MARGIN * loadOf(used) ? least : used;
};

function leastLoaded<P extends Place>([first, ...others]: readonly [P, ...P[]]): P {
  return others.reduce((least, place) => (loadOf(place) < loadOf(least) ? place : least), first);
}
