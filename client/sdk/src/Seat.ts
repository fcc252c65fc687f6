/**
 * Owns this client's seat in the room: takes it on every socket, takes it again when events are missing, keeps the room's replica
 * current. Does not own the socket's life (SignalingSocket) nor what the room means (Call).
 */
import type { CallError, RequestReply, RoomEvent, RoomState } from '@parley/protocol';
import { backoffMs } from './backoff.ts';
import { RoomReplica } from './RoomReplica.ts';
import type { SignalingSocket } from './SignalingSocket.ts';
import { toCallError } from './toCallError.ts';

/** A first join is given up after so many refusals that might pass; a seat that was had is asked for without end. */
const FIRST_JOIN_ATTEMPTS = 5;

/** Misses further apart than this have nothing to do with each other. */
const MISS_SERIES_MS = 10_000;

/** What a seat tells. */
export interface SeatEvents {
  /** The seat is taken. Before the room's change that its catch-up brings. */
  seated(joined: RequestReply<'join'>): void;
  /** See RoomReplica. */
  roomChanged(state: RoomState, events: readonly RoomEvent[] | undefined): void;
  /** The seat cannot be had. */
  refused(error: CallError): void;
}

/** The seat of one call. */
export class Seat {
  readonly #socket: Pick<SignalingSocket, 'request' | 'seatTaken'>;
  #joinAs: { readonly roomId: string; readonly displayName: string };
  readonly #events: SeatEvents;
  readonly #room: RoomReplica;
  /** Raised with every attempt and every loss, so that what was begun before notices. */
  #attempt = 0;
  #refusals = 0;
  #hadSeat = false;
  #misses = 0;
  #lastMissMs = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(
    socket: Pick<SignalingSocket, 'request' | 'seatTaken'>,
    joinAs: { readonly roomId: string; readonly displayName: string },
    events: SeatEvents,
  ) {
    this.#socket = socket;
    this.#joinAs = joinAs;
    this.#events = events;
    this.#room = new RoomReplica({
      changed: (state, roomEvents) => events.roomChanged(state, roomEvents),
      missed: () => this.#handleMissed(),
    });
  }

  /** The room as far as it is known here. */
  get room(): RoomReplica {
    return this.#room;
  }

  /** Under which name the seat is taken from now on. */
  setDisplayName(displayName: string): void {
    this.#joinAs = { ...this.#joinAs, displayName };
  }

  /** Takes the seat on the socket that is open now. Resolves when that has succeeded or failed; see the events. */
  async take(): Promise<void> {
    clearTimeout(this.#retry);
    this.#attempt += 1;
    const attempt = this.#attempt;
    const since = this.#room.cursor;
    try {
      const joined = await this.#socket.request('join', { ...this.#joinAs, ...(since && { since }) });
      if (attempt !== this.#attempt) return;
      this.#hadSeat = true;
      this.#refusals = 0;
      this.#events.seated(joined);
      this.#room.handleCatchUp(joined.room);
      this.#socket.seatTaken();
    } catch (error) {
      if (attempt === this.#attempt) this.#handleRefusal(toCallError(error));
    }
  }

  /** The socket is gone; {@link take} is due when the next one is open. */
  handleInterrupted(): void {
    this.#attempt += 1;
    clearTimeout(this.#retry);
    this.#room.handleInterrupted();
  }

  /** Stops. Idempotent. */
  close(): void {
    this.handleInterrupted();
  }

  /** Nearly at once the first time; a log that cannot mend a hole must not be asked without a pause. */
  #handleMissed(): void {
    const nowMs = Date.now();
    this.#misses = nowMs - this.#lastMissMs > MISS_SERIES_MS ? 1 : this.#misses + 1;
    this.#lastMissMs = nowMs;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.take(), backoffMs(this.#misses));
  }

  #handleRefusal(error: CallError): void {
    this.#refusals += 1;
    // A full room stays full for a while: that is an answer, not something to wait for.
    const mayPass = error.retryable && error.code !== 'capacity';
    if (mayPass && (this.#hadSeat || this.#refusals < FIRST_JOIN_ATTEMPTS)) {
      this.#retry = setTimeout(() => void this.take(), backoffMs(this.#refusals + 1));
    } else this.#events.refused(error);
  }
}
