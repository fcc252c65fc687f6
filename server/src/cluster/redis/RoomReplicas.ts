/**
 * Owns this node's replicas: which rooms it has, how they are brought up to the log, the comparison every 2 s, and the recovery after a loss.
 * Does not own commits (RedisRoomLog), the folding (HeldRoom), nor the atomic steps (lua/).
 *
 * News come by four ways, and all end in `HeldRoom.fold`: the answer to an own commit (with what was missed before it), a wake-up from the
 * committing node, the comparison, and a read. Wake-ups are a cache: with all of them lost the comparison brings every event within 3 s.
 * Within a room this node asks for one thing at a time (`inTurn`): answers of two epochs cannot overtake each other.
 */
import { randomBytes } from 'node:crypto';
import { entityVersion, listEntities, type Patch, type RoomState } from '@parley/protocol';
import type { ZodType } from 'zod';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { KeyedQueue } from '../../room/KeyedQueue.ts';
import { type RoomKey, roomKeyText } from '../../room/ports.ts';
import { HeldRoom, newEpoch } from './HeldRoom.ts';
import type { RedisClient } from './RedisClient.ts';
import { decodeEvent, decodeState, encodeState } from './roomCodec.ts';
import { OfferReply, type Script, SyncReply, scripts } from './scripts.ts';
import { WakeUps } from './WakeUps.ts';

/** Whatever is asked of the log is answered, or has failed, after this. */
const ANSWER_LIMIT_MS = 2_000;
const COMPARE_MS = 2_000;
/** How long a dead node stays among those that are woken, and how often a living one says that it lives. */
const LEASE_MS = 60_000;
const RENEW_MS = 20_000;
/** How long replicas are offered after a loss. */
const OFFERS_MS = 1_000;
/** A replica that nobody listens to is dropped when it was not asked for in this time. */
const LINGER_MS = 30_000;

/** What a log over Redis works with. */
export interface RedisRoomLogOptions {
  readonly client: RedisClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a room is kept after its last commit while no node holds members of it; not less than 10 minutes make sense. */
  readonly keepMs: number;
}

/** The rooms as this node knows them. */
export class RoomReplicas {
  /** Another one for each process: a restarted one has to say anew what it holds. */
  readonly nodeId = randomBytes(9).toString('base64url');
  readonly wakeUps: WakeUps;
  readonly keepMs: number;
  readonly #client: RedisClient;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #bar: (key: RoomKey, patches: readonly Patch[]) => Promise<unknown>;
  readonly #rooms = new Map<string, HeldRoom>();
  readonly #turns = new KeyedQueue();
  #cancelCompare: () => void = () => {};
  #comparing = false;
  #closed = false;

  /** @param bar commits bars that a recovery did not bring back. */
  constructor(
    { client, clock, log, keepMs }: RedisRoomLogOptions,
    bar: (key: RoomKey, patches: readonly Patch[]) => Promise<unknown>,
  ) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
    this.#bar = bar;
    this.keepMs = keepMs;
    this.wakeUps = new WakeUps(client, this.nodeId, {
      event: (key, epoch, event) => {
        const room = this.held(key);
        if (room && event.event.version > room.state.version && !room.fold(epoch, [event]))
          this.catchUp(room);
      },
      recovery: (key) => {
        const room = this.held(key);
        if (room) this.catchUp(room);
      },
    });
  }

  /** Begins to listen and to compare. @throws CallError `unavailable`. */
  async start(): Promise<void> {
    await this.wakeUps.listen();
    // What happened while it was gone is not waited for.
    this.#client.onReady(() => void this.#compareAll());
    await this.#compareAll();
  }

  close(): void {
    this.#closed = true;
    this.#cancelCompare();
    for (const room of this.#rooms.values()) room.listeners.clear();
    this.#rooms.clear();
  }

  /** Runs a task on a room when the earlier ones have settled. */
  inTurn<T>(room: HeldRoom, task: () => Promise<T>): Promise<T> {
    return this.#turns.run(room.text, task);
  }

  /** The first listener has come. Known as a holder before the room is read: what happens in between is told by a wake-up. */
  hold(room: HeldRoom): void {
    // What happened before somebody listened is not told.
    room.forget();
    this.#renew(room);
    this.catchUp(room);
  }

  /** The last listener has gone. */
  release(room: HeldRoom): void {
    room.leasedAtMs = Number.NEGATIVE_INFINITY;
    const [, , , , nodes = ''] = room.keys;
    this.#client.zrem(nodes, this.nodeId, this.deadline()).catch(() => undefined);
  }

  /** Brings the replica to the log as it is now, in the room's turn. */
  sync(room: HeldRoom, deadlineMs: number): Promise<void> {
    if (room.nextSync) return room.nextSync;
    let begun = false;
    const sync = this.#turns.run(room.text, () => {
      begun = true;
      room.nextSync = undefined;
      return this.bringUp(room, deadlineMs);
    });
    // One that has begun may have been answered before it was asked for.
    if (!begun) room.nextSync = sync;
    return sync;
  }

  /** As {@link RoomReplicas.sync} where nobody waits: what fails is made good by the next comparison. */
  catchUp(room: HeldRoom): void {
    this.sync(room, this.deadline()).catch(() => undefined);
  }

  /** Brings the replica to the log as it is now. Only in the room's turn. */
  async bringUp(room: HeldRoom, deadlineMs: number): Promise<void> {
    let offered = false;
    let whole = !room.loaded;
    for (;;) {
      const before = room.state;
      const args = [...this.position(room), whole ? 1 : 0];
      const reply = await this.ask(room, scripts.sync, args, SyncReply, deadlineMs);
      let waitMs = 0;
      switch (reply[0]) {
        case 'absent':
          room.vanish();
          return;
        case 'events':
          if (room.fold(reply[2], reply[5].map(decodeEvent))) return;
          whole = true;
          continue;
        case 'state': {
          const [, , epoch, version, commitId, hash, fate] = reply;
          room.replace(decodeState({ roomId: room.key.roomId, epoch, version }, hash), commitId);
          // What was lost may have been the directory too.
          if (room.isHeld && room.state.epoch !== before.epoch) this.#renew(room);
          if (fate === 'r') this.#barAgain(room, before);
          return;
        }
        case 'recovering':
          waitMs = reply[2];
          break;
        case 'lost':
          break;
      }
      if (!room.isHeld || !room.present) room.forget();
      else if (!offered) {
        offered = true;
        waitMs = await this.#offer(room, deadlineMs);
      }
      whole ||= !room.loaded;
      await this.#delay(Math.min(waitMs, deadlineMs - this.#clock.monotonicMs()));
    }
  }

  /**
   * Redis lost what it had acknowledged: this node brings its replica, and calls the others. Gives how long to wait for theirs.
   * NOTE: what the winner has is taken over as it is, seats and publications of dead nodes included. Whoever makes nodes assert what lives does
   * it from `onReset` of `RoomLog.subscribe`, which comes once to every listener when the new epoch stands.
   */
  async #offer(room: HeldRoom, deadlineMs: number): Promise<number> {
    const { roomId, tenant } = room.key;
    const args = [...this.position(room), OFFERS_MS, ...encodeState(room.state)];
    const reply = await this.ask(room, scripts.offer, args, OfferReply, deadlineMs);
    if (reply[0] === 'settled') return 0;
    this.#log.warn(
      { tenant, roomId, version: room.state.version },
      'Redis lost this room; the nodes restore it',
    );
    this.wakeUps.callForOffers(room.key);
    return reply[2];
  }

  /** This node came too late with its offer: the bars that only it knew are set again. Setting one twice harms nobody. */
  #barAgain(room: HeldRoom, before: RoomState): void {
    const patches = listEntities(before, 'ban')
      .filter(([id, { untilMs }]) => {
        const holds = untilMs === undefined || untilMs > this.#clock.now();
        return holds && entityVersion(room.state, 'ban', id) === 0;
      })
      .map(([id, set]) => ({ entity: 'ban', id, set }));
    if (patches.length === 0) return;
    this.#bar(room.key, patches).catch((error: unknown) => {
      this.#log.error({ err: error, roomId: room.key.roomId }, 'bars were lost with Redis');
    });
  }

  /** Whether the replica is what Redis has at this moment. */
  async isCurrent(room: HeldRoom, deadlineMs: number): Promise<boolean> {
    // Of a room that is not there bars may have outlived, and one that goes was never worth keeping: look closely.
    if (!room.loaded || !room.present) return false;
    const [headKey = ''] = room.keys;
    const found = await this.#client.hmget(headKey, ['epoch', 'version', 'commitId'], deadlineMs);
    const [epoch, version, commitId] = room.position;
    const isCurrent = found[0] === epoch && found[1] === String(version) && (found[2] ?? '') === commitId;
    if (isCurrent) room.verifiedAtMs = this.#clock.monotonicMs();
    return isCurrent;
  }

  /** Every 2 s: one small read per room, all in one pipeline for each server, and a turn of its own for each room that differs. */
  async #compareAll(): Promise<void> {
    if (this.#comparing || this.#closed) return;
    this.#comparing = true;
    this.#cancelCompare();
    const nowMs = this.#clock.monotonicMs();
    await Promise.all(
      [...this.#rooms.values()].map(async (room) => {
        if (!room.isHeld) {
          // Asking about rooms that are not there must not fill the memory.
          if (!room.present || nowMs - room.usedAtMs > LINGER_MS) this.#rooms.delete(room.text);
          return;
        }
        try {
          if (nowMs - room.leasedAtMs > RENEW_MS) this.#renew(room);
          const deadlineMs = this.deadline();
          if (!(await this.isCurrent(room, deadlineMs))) await this.sync(room, deadlineMs);
        } catch {
          // Redis is gone: the client says so once, and the next comparison makes it good.
        }
      }),
    );
    this.#comparing = false;
    if (this.#closed) return;
    const waitMs = Math.max(0, COMPARE_MS - (this.#clock.monotonicMs() - nowMs));
    this.#cancelCompare = this.#clock.setTimeout(() => void this.#compareAll(), waitMs);
  }

  /** Says that this node holds members of the room. */
  #renew(room: HeldRoom): void {
    room.leasedAtMs = this.#clock.monotonicMs();
    this.#client
      .run(scripts.hold, room.keys, [this.nodeId, LEASE_MS, this.keepMs], this.deadline())
      .catch(() => {
        room.leasedAtMs = Number.NEGATIVE_INFINITY;
      });
  }

  /** The replica's position as scripts take it, an epoch to begin with, and how long keys live. */
  position(room: HeldRoom): (string | number)[] {
    const claims = room.isHeld && this.#clock.monotonicMs() - room.verifiedAtMs < this.keepMs;
    return [...room.position, claims ? 1 : 0, newEpoch(), this.keepMs];
  }

  /** Runs a script on a room. @throws CallError `unavailable`. */
  async ask<T extends readonly [string, number, ...unknown[]]>(
    room: HeldRoom,
    script: Script,
    args: readonly (string | number)[],
    replyShape: ZodType<T>,
    deadlineMs: number,
    keys = room.keys,
  ): Promise<T> {
    const reply = replyShape.parse(await this.#client.run(script, keys, args, deadlineMs));
    this.#client.learnTime(reply[1]);
    if (['events', 'state', 'committed', 'conflict'].includes(reply[0]))
      room.verifiedAtMs = this.#clock.monotonicMs();
    return reply;
  }

  /** The replica of a room, maybe one that has to be loaded. */
  room(key: RoomKey): HeldRoom {
    const text = roomKeyText(key);
    let room = this.#rooms.get(text);
    if (!room) {
      room = new HeldRoom(key, (error) => this.#log.error({ err: error }, 'a listener of a room failed'));
      this.#rooms.set(text, room);
    }
    room.usedAtMs = this.#clock.monotonicMs();
    return room;
  }

  /** The replica of a room that has listeners, once it is loaded. */
  held(key: RoomKey): HeldRoom | undefined {
    const room = this.#rooms.get(roomKeyText(key));
    return room?.isHeld && room.loaded ? room : undefined;
  }

  /** For what is asked now. */
  deadline(): number {
    return this.#clock.monotonicMs() + ANSWER_LIMIT_MS;
  }

  async #delay(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, ms));
  }
}
