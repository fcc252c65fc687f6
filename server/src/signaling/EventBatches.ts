/**
 * Owns how long the events of one room wait for each other before they are told, so that a large room costs its members messages
 * by time, not by event. Does not own who is told (RoomHub) nor what the events mean.
 */
import { countEntities, isShown, type RoomEvent, type RoomState } from '@parley/protocol';
import type { Clock } from '../clock.ts';

/** Consecutive events of one epoch. */
export interface EventBatch {
  readonly epoch: string;
  readonly events: readonly RoomEvent[];
  /** How many only watch, after the last one. */
  readonly viewers: number;
}

/** Rooms below this hear everything at once. */
const SMALL_ROOM = 8;
/** Telling hundreds takes milliseconds: the answer to the request behind the event goes out before that. */
const FIRST_WAIT_MS = 5;
/** What one room may cost a second: 100 members are told at most every 20 ms, 500 every 100 ms. */
const TEXTS_PER_SECOND = 5_000;
const MAX_WAIT_MS = 1_000;

/** The time between two batches; nobody waits in a hurry for what nobody gets to see but as a count. */
function batchIntervalMs(members: number, shown: boolean): number {
  if (members < SMALL_ROOM) return 0;
  return shown ? Math.min(MAX_WAIT_MS, (members / TEXTS_PER_SECOND) * 1_000) : MAX_WAIT_MS;
}

/** The events of one room. After a pause the next one goes out nearly at once; what follows it too soon waits. */
export class EventBatches {
  readonly #clock: Clock;
  readonly #tell: (batch: EventBatch) => void;
  #waiting: { epoch: string; events: RoomEvent[]; viewers: number } | undefined;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #dueAtMs = Number.POSITIVE_INFINITY;
  #cancel: () => void = () => {};

  /** @param tell is called with each batch, in order. */
  constructor(clock: Clock, tell: (batch: EventBatch) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** What has happened but was not told yet. */
  get waiting(): EventBatch | undefined {
    return this.#waiting;
  }

  /** Takes an event and the state after it. */
  add(event: RoomEvent, state: RoomState, members: number): void {
    const { epoch } = state;
    // Versions of two epochs do not belong in one message.
    if (this.#waiting && this.#waiting.epoch !== epoch) this.flush();
    this.#waiting ??= { epoch, events: [], viewers: 0 };
    this.#waiting.events.push(event);
    this.#waiting.viewers = countEntities(state, 'viewer');
    const nowMs = this.#clock.monotonicMs();
    const firstMs = nowMs + (members < SMALL_ROOM ? 0 : FIRST_WAIT_MS);
    const dueAtMs = Math.max(firstMs, this.#toldAtMs + batchIntervalMs(members, isShown(event)));
    if (dueAtMs >= this.#dueAtMs) return;
    const waitMs = dueAtMs - nowMs;
    if (waitMs <= 0) {
      this.flush();
      return;
    }
    this.#cancel();
    this.#dueAtMs = dueAtMs;
    this.#cancel = this.#clock.setTimeout(() => this.flush(), waitMs);
  }

  /** Nobody is left to tell. */
  stop(): void {
    this.#cancel();
    this.#waiting = undefined;
  }

  /** Tells what waits. */
  flush(): void {
    this.#cancel();
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    this.#toldAtMs = this.#clock.monotonicMs();
    const batch = this.#waiting;
    this.#waiting = undefined;
    if (batch) this.#tell(batch);
  }
}
