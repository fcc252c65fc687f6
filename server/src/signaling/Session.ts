/**
 * Owns one session: its connection of the moment, its seat and how that survives a dropped socket, the order of its requests.
 * Does not own what requests do (handlers/) nor who may have a session (auth/).
 */
import { CallError, closeCodes } from '@parley/protocol';
import type { Clock } from '../clock.ts';
import type { Identity } from '../identity.ts';
import type { Logger } from '../log.ts';
import { ReplyCache } from '../ReplyCache.ts';
import { KeyedQueue } from '../room/KeyedQueue.ts';
import { type MediaPeer, type RoomKey, roomKeyText } from '../room/ports.ts';
import type { RoomEngine } from '../room/RoomEngine.ts';
import type { Connection, ConnectionEnd } from './Connection.ts';
import type { HubMember, Membership, RoomHub } from './RoomHub.ts';
import { type BucketRate, TokenBucket } from './rateLimit.ts';

/** Requests of one lane run one after the other, in the order in which they came; a slow disk must not hold up a call. */
export type Lane = 'call' | 'chat';

/** A seat as its session holds it. */
export type SeatState =
  /** The connection hears what happens in the room. */
  | {
      readonly phase: 'live';
      readonly seat: MediaPeer;
      readonly displayName: string;
      readonly connection: Connection;
      readonly membership: Membership;
    }
  /** The connection is gone, or has not joined again yet: the seat goes when the grace time is over. */
  | { readonly phase: 'kept'; readonly seat: MediaPeer; readonly cancelGrace: () => void };

/** What a connection has when it sits down. */
export interface Sitting {
  readonly membership: Membership;
  /** The room would not have it: a seat that was held before is held for the grace time, a new one never was. */
  refused(): void;
}

/** A seat whose connection hears what happens in the room. */
export type LiveSeat = Extract<SeatState, { phase: 'live' }>;

/** What all sessions of a process share. */
export interface SessionContext {
  readonly engine: RoomEngine;
  readonly hub: RoomHub;
  readonly clock: Clock;
  readonly log: Logger;
  readonly graceMs: number;
  readonly requestRate: BucketRate;
  /** The session has neither a connection nor a seat, and no room waits for it: nothing is left to remember. */
  readonly onIdle: (session: Session) => void;
}

/** Closing the tab, leaving or reloading the page: the seat ends at once. */
const LEAVING_CODES: ReadonlySet<number> = new Set([1000, 1001]);

/** A session on this node. */
export class Session {
  readonly id: string;
  readonly replies: ReplyCache;
  readonly requestBucket: TokenBucket;
  readonly log: Logger;
  readonly #context: SessionContext;
  readonly #lanes = new KeyedQueue();
  #identity: Identity;
  #connection: Connection | undefined;
  #seat: SeatState | undefined;
  /** Rooms of guests that wait for this session to come back as their host; each with the way to stop waiting. */
  readonly #waitingRooms = new Map<string, () => void>();
  #closed = false;

  constructor(id: string, identity: Identity, context: SessionContext) {
    this.id = id;
    this.#identity = identity;
    this.#context = context;
    this.replies = new ReplyCache(context.clock);
    this.requestBucket = new TokenBucket(context.requestRate, context.clock);
    this.log = context.log.child({ sessionId: id, tenant: identity.tenant });
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** The seat, once it has joined on this connection (again, after a resume). */
  get liveSeat(): LiveSeat | undefined {
    return this.#seat?.phase === 'live' ? this.#seat : undefined;
  }

  /** Goes on with this connection; one that is still there is replaced. The seat stays kept until the connection joins. */
  connect(connection: Connection, identity: Identity): void {
    this.#identity = identity;
    const replaced = this.#connection;
    this.#connection = connection;
    replaced?.close(closeCodes.replaced, 'replaced by another connection');
  }

  /** The connection is gone. Leaving ends the seat at once, anything else starts the grace time. */
  disconnect(connection: Connection, end: ConnectionEnd): void {
    if (this.#connection === connection) this.#connection = undefined;
    const leaving = !end.byServer && LEAVING_CODES.has(end.code);
    // In the lane, because a `join` of this very connection may still be under way.
    void this.inLane('call', () => this.#afterConnection(connection, leaving)).catch((error: unknown) =>
      this.log.error({ err: error }, 'the end of a connection could not be handled'),
    );
  }

  /** Runs a task when the earlier ones of its lane have settled. */
  inLane<T>(lane: Lane, task: () => Promise<T>): Promise<T> {
    return this.#lanes.run(lane, task);
  }

  /**
   * Sits down for a connection: from now on what happens in the room is kept for it until the membership is released. Only
   * within the call lane. @throws CallError `invalid-state` while another room's seat is live.
   */
  async sit(seat: MediaPeer, displayName: string, connection: Connection): Promise<Sitting> {
    if (this.#seat && !isSameRoom(this.#seat.seat.room, seat.room)) {
      if (this.#seat.phase === 'live') throw new CallError('invalid-state', 'Leave the other room first');
      await this.leave();
    }
    const hadSeat = this.#seat !== undefined;
    this.#release();
    const member: HubMember = {
      peerId: seat.peerId,
      chat: this.#identity.grants.chat,
      send: (text, lane) => connection.send(text, lane),
      removed: () => this.#removed(seat, connection),
    };
    const membership = this.#context.hub.attach(seat.room, member);
    this.#seat = { phase: 'live', seat, displayName, connection, membership };
    const refused = () => {
      if (hadSeat) this.#startGrace(seat);
      else this.#standUp();
    };
    return { membership, refused };
  }

  /** Ends the seat for good, if there is one: a host hands over at once. Only within the call lane. */
  async leave(): Promise<void> {
    const seat = this.#seat?.seat;
    this.#standUp();
    if (seat) await this.#context.engine.leave(seat);
  }

  /** Ends the session's work on this process without touching the room: the process goes. */
  close(code: number, reason: string): void {
    this.#closed = true;
    for (const cancel of this.#waitingRooms.values()) cancel();
    this.#waitingRooms.clear();
    this.#standUp();
    this.#connection?.close(code, reason);
  }

  async #afterConnection(connection: Connection, leaving: boolean): Promise<void> {
    if (this.#closed) return;
    if (leaving && this.#connection === undefined) await this.#pageGone();
    else if (this.#seat?.phase === 'live' && this.#seat.connection === connection)
      await this.#keep(this.#seat);
    this.#idleCheck();
  }

  /** The seat ends, but whether the page is closed or reloaded is not known: a host of guests has the grace time to be back. */
  async #pageGone(): Promise<void> {
    const seat = this.#seat?.seat;
    this.#standUp();
    if (!seat || !(await this.#context.engine.leave(seat, true)) || this.#closed) return;
    const { clock, engine, graceMs } = this.#context;
    const key = roomKeyText(seat.room);
    const replace = () => {
      this.#waitingRooms.delete(key);
      engine.replaceAbsentHost(seat.room).catch((error: unknown) => {
        this.log.error({ err: error, roomId: seat.room.roomId }, 'a room has no host');
      });
      this.#idleCheck();
    };
    // One who was waited for before, came back and went again has the whole time.
    this.#waitingRooms.get(key)?.();
    this.#waitingRooms.set(key, clock.setTimeout(replace, graceMs));
  }

  async #keep({ seat }: LiveSeat): Promise<void> {
    this.#startGrace(seat);
    this.log.debug({ peerId: seat.peerId }, 'connection lost, the seat is kept');
    await this.#context.engine.setConnection(seat, 'reconnecting');
  }

  #startGrace(seat: MediaPeer): void {
    this.#release();
    const { clock, graceMs } = this.#context;
    const kept: SeatState = {
      phase: 'kept',
      seat,
      cancelGrace: clock.setTimeout(() => this.#graceOver(kept), graceMs),
    };
    this.#seat = kept;
  }

  #standUp(): void {
    this.#release();
    this.#seat = undefined;
  }

  /** The race: a `join` may be on its way in the lane; only the very seat whose time is over may go. */
  #graceOver(kept: SeatState): void {
    const expire = async () => {
      if (this.#closed || this.#seat !== kept) return;
      this.log.info({ peerId: kept.seat.peerId }, 'the grace time is over');
      await this.leave();
      this.#idleCheck();
    };
    void this.inLane('call', expire).catch((error: unknown) =>
      this.log.error({ err: error }, 'a seat could not be ended'),
    );
  }

  #removed(seat: MediaPeer, connection: Connection): void {
    if (this.#seat?.phase === 'live' && this.#seat.connection === connection) this.#standUp();
    connection.notify('removed', { roomId: seat.room.roomId });
    connection.close(closeCodes.kicked, 'removed by a host');
  }

  #release(): void {
    if (this.#seat?.phase === 'live') this.#seat.membership.end();
    else this.#seat?.cancelGrace();
  }

  #idleCheck(): void {
    if (!this.#connection && !this.#seat && this.#waitingRooms.size === 0) this.#context.onIdle(this);
  }
}

const isSameRoom = (a: RoomKey, b: RoomKey): boolean => roomKeyText(a) === roomKeyText(b);
