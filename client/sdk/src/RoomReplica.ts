/**
 * Owns this client's copy of the room: folds what the log sends and notices when something is missing.
 * Does not own how missing events are fetched (the call joins again with the cursor) nor what the room means.
 */
import {
  type CatchUp,
  type Cursor,
  fromSnapshot,
  isNext,
  type RoomEvent,
  type RoomState,
  reduce,
} from '@parley/protocol';

/** Events may be batched up to a second on their way; only then is a heartbeat's higher version a loss. */
const TAIL_PATIENCE_MS = 2000;

/** What the replica tells. */
export interface RoomReplicaEvents {
  /** The room changed: by these events, or (undefined) it was replaced by a snapshot. */
  changed(state: RoomState, events: readonly RoomEvent[] | undefined): void;
  /** Something is missing: join again with {@link RoomReplica.cursor}. Once until the next catch-up. */
  missed(): void;
}

interface Batch {
  readonly epoch: string;
  readonly events: readonly RoomEvent[];
  /** How many only watch, after these events; undefined: as many as before. */
  readonly viewers?: number | undefined;
}

/** One room, as far as this client has heard of it. */
export class RoomReplica {
  readonly #events: RoomReplicaEvents;
  #state: RoomState | undefined;
  #viewers = 0;
  /** Until a catch-up comes, live events wait: they may overtake the reply that they belong behind. */
  #waiting: Batch[] | undefined = [];
  /** The log could not say what follows the state that is here: only a snapshot helps. */
  #forked = false;
  #tailTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(events: RoomReplicaEvents) {
    this.#events = events;
  }

  /** The room, once a first catch-up has come. */
  get state(): RoomState | undefined {
    return this.#state;
  }

  /** How many only watch. */
  get viewers(): number {
    return this.#viewers;
  }

  /** Up to where this client has the log; undefined when only a snapshot helps. */
  get cursor(): Cursor | undefined {
    if (this.#forked) return undefined;
    return this.#state && { epoch: this.#state.epoch, version: this.#state.version };
  }

  /** What a join was answered with. */
  handleCatchUp(catchUp: CatchUp): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    clearTimeout(this.#tailTimer);
    if ('snapshot' in catchUp) {
      this.#forked = false;
      this.#state = fromSnapshot(catchUp.snapshot);
      this.#viewers = catchUp.viewers;
      this.#events.changed(this.#state, undefined);
    } else if (this.#fits(catchUp)) this.#fold(catchUp);
    else {
      this.#forked = true;
      this.#miss();
      return;
    }
    // What does not fit now was sent before the catch-up was read, and is either in it or of no more use. If something
    // is missing after all, the next event or heartbeat shows it.
    for (const batch of waiting) if (this.#fits(batch)) this.#fold(batch);
  }

  /** Live events, and how many only watch after them, when that has changed. */
  handleEvents(epoch: string, events: readonly RoomEvent[], viewers?: number): void {
    const batch = { epoch, events, viewers };
    if (this.#waiting) this.#waiting.push(batch);
    else if (this.#fits(batch)) this.#fold(batch);
    else this.#miss(batch);
  }

  /** The newest version that there is, by a heartbeat. */
  handleTail(tail: Cursor): void {
    if (this.#waiting || this.#hasReached(tail)) return;
    clearTimeout(this.#tailTimer);
    this.#tailTimer = setTimeout(() => {
      if (!this.#waiting && !this.#hasReached(tail)) this.#miss();
    }, TAIL_PATIENCE_MS);
  }

  /** The socket is gone: only a new catch-up tells what happens from now on. */
  handleInterrupted(): void {
    this.#waiting = [];
    clearTimeout(this.#tailTimer);
  }

  #hasReached({ epoch, version }: Cursor): boolean {
    return this.#state?.epoch === epoch && this.#state.version >= version;
  }

  #fits({ epoch, events }: Batch): boolean {
    return this.#state?.epoch === epoch && isNext(this.#state, events);
  }

  #fold({ events, viewers }: Batch): void {
    const before = this.#state;
    if (!before) return;
    const next = reduce(before, events);
    if (next === before) return;
    this.#state = next;
    this.#viewers = viewers ?? this.#viewers;
    const news = events.filter((event) => event.version > before.version);
    this.#events.changed(next, news);
  }

  #miss(...waiting: Batch[]): void {
    this.#waiting = waiting;
    this.#events.missed();
  }
}
