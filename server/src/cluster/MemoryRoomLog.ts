/**
 * Owns the room log of a single process: every room's state, its recent events and the answers to recent requests. Who is barred and
 * who hosts goes to a RoomKeeper: a restart must not undo a removal. Does not own rules (decide) nor who is told (RoomHub).
 * Each commit runs to its end in one turn of the event loop, which is what makes it atomic.
 */
import { randomBytes } from 'node:crypto';
import {
  countEntities,
  countSeated,
  emptyRoom,
  entityVersion,
  getEntity,
  listEntities,
  type Patch,
  ROOM_ENTITY_ID,
  type RoomEvent,
  type RoomState,
  reduce,
} from '@parley/protocol';
import type { Clock } from '../clock.ts';
import {
  type Commit,
  type CommitResult,
  type EventsSince,
  type RoomKeeper,
  type RoomKey,
  type RoomLog,
  roomKeyText,
} from '../room/ports.ts';

const MAX_EVENTS = 1_000;
const EVENT_LIFETIME_MS = 10 * 60_000;
const REPLY_LIFETIME_MS = 2 * 60_000;
const MAX_WAIT_MS = 86_400_000;

type Listener = (event: RoomEvent, state: RoomState) => void;

interface Room {
  readonly key: RoomKey;
  state: RoomState;
  /** Oldest first, gapless, the last one being the state's version. */
  events: { readonly event: RoomEvent; readonly atMs: number }[];
  /** Oldest first. */
  readonly replies: Map<string, { readonly reply: unknown; readonly atMs: number }>;
  /** Set while only bans are left: forgets them when the last one is over. */
  cancelForget: (() => void) | undefined;
  /** The last version that changed what is to be kept, and the version that is kept. */
  toKeepVersion: number;
  keptVersion: number;
  /** Whether the keeper may have something of it. */
  everKept: boolean;
  /** The last attempt. */
  keeping: Promise<void>;
}

/** A change of these may change what is kept. */
const keptEntities: ReadonlySet<string> = new Set(['ban', 'room']);

/** RoomLog in the memory of this process. */
export class MemoryRoomLog implements RoomLog {
  readonly #clock: Clock;
  readonly #keeper: RoomKeeper;
  readonly #rooms = new Map<string, Room>();
  readonly #listeners = new Map<string, Set<Listener>>();
  /** Events not yet handed to listeners: a listener may commit, and order must hold for the others. */
  readonly #undelivered: { key: string; event: RoomEvent; state: RoomState }[] = [];
  #delivering = false;

  /** An empty log. */
  constructor(clock: Clock, keeper: RoomKeeper) {
    this.#clock = clock;
    this.#keeper = keeper;
  }

  /** A log that goes on with what the last process kept. Fails as the keeper fails. */
  static async open(clock: Clock, keeper: RoomKeeper): Promise<MemoryRoomLog> {
    const log = new MemoryRoomLog(clock, keeper);
    for (const { key, patches } of await keeper.keptRooms()) {
      log.#begin(key, patches);
      if (!log.#rooms.has(roomKeyText(key))) await keeper.keepRoom({ key, patches: [] });
    }
    return log;
  }

  /** The rooms that are remembered at the moment. */
  rooms(): RoomKey[] {
    return [...this.#rooms.values()].map(({ key }) => key);
  }

  async read(key: RoomKey): Promise<RoomState> {
    // An untouched room is not remembered: asking about rooms must not fill the memory.
    return this.#rooms.get(roomKeyText(key))?.state ?? emptyRoom(key.roomId, newEpoch());
  }

  held(key: RoomKey): RoomState | undefined {
    const text = roomKeyText(key);
    return this.#listeners.has(text) ? this.#rooms.get(text)?.state : undefined;
  }

  async commit(key: RoomKey, commit: Commit): Promise<CommitResult> {
    const text = roomKeyText(key);
    const nowMs = this.#clock.now();
    const room = this.#rooms.get(text) ?? newRoom(key);
    const { requestKey } = commit;
    const known = requestKey === undefined ? undefined : room.replies.get(requestKey);
    if (known && known.atMs + REPLY_LIFETIME_MS > nowMs) return { status: 'repeated', reply: known.reply };
    for (const { entity, id, version } of commit.reads) {
      if (entityVersion(room.state, entity, id) !== version) return { status: 'conflict', state: room.state };
    }
    let event: RoomEvent | undefined;
    if (commit.patches.length > 0) {
      event = { version: room.state.version + 1, patches: [...commit.patches] };
      const next = reduce(room.state, [event]);
      for (const { entity, max } of commit.limits) {
        if ((next.tables.get(entity)?.size ?? 0) > max) return { status: 'full', entity };
      }
      room.state = next;
      room.events.push({ event, atMs: nowMs });
    }
    trim(room, nowMs);
    if (requestKey !== undefined) room.replies.set(requestKey, { reply: commit.reply, atMs: nowMs });
    if (event || requestKey !== undefined) this.#rooms.set(text, room);
    const { state } = room;
    if (event?.patches.some(({ entity }) => keptEntities.has(entity))) {
      room.toKeepVersion = event.version;
      this.#keep(room);
    }
    if (event) this.#deliver(text, event, state);
    return { status: 'committed', state, event };
  }

  async eventsSince(key: RoomKey, cursor: { epoch: string; version: number }): Promise<EventsSince> {
    const room = this.#rooms.get(roomKeyText(key));
    if (!room || room.state.epoch !== cursor.epoch || cursor.version > room.state.version)
      return { trimmed: true };
    trim(room, this.#clock.now());
    const missing = room.state.version - cursor.version;
    if (missing > room.events.length) return { trimmed: true };
    return { events: room.events.slice(room.events.length - missing).map(({ event }) => event) };
  }

  /** Nothing is ever lost or missed here, so there is no reset. */
  subscribe(key: RoomKey, listener: Listener): () => void {
    const text = roomKeyText(key);
    const listeners = this.#listeners.get(text) ?? new Set();
    this.#listeners.set(text, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(text) === listeners) this.#listeners.delete(text);
    };
  }

  async endCall(key: RoomKey, seen?: RoomState): Promise<void> {
    const text = roomKeyText(key);
    const room = this.#rooms.get(text);
    if (!room || (seen && seen !== room.state)) return;
    const timed = bansOf(room.state).filter(({ set }) => set.untilMs !== undefined);
    this.#forget(room);
    this.#begin(key, timed);
  }

  async flush(key: RoomKey): Promise<void> {
    const room = this.#rooms.get(roomKeyText(key));
    await room?.keeping.catch(() => undefined);
    if (room && room.keptVersion < room.toKeepVersion) await this.#keep(room);
  }

  async close(): Promise<void> {
    for (const room of this.#rooms.values()) room.cancelForget?.();
    this.#rooms.clear();
    this.#listeners.clear();
  }

  /** Begins an epoch with what was carried over, if any of it still holds. */
  #begin(key: RoomKey, carried: readonly Patch[]): void {
    const nowMs = this.#clock.now();
    const patches = carried.filter((patch) => !isOver(patch, nowMs));
    if (patches.length === 0) return;
    const room = newRoom(key);
    const event = { version: 1, patches };
    room.state = reduce(room.state, [event]);
    room.events.push({ event, atMs: nowMs });
    room.toKeepVersion = 1;
    this.#rooms.set(roomKeyText(key), room);
    this.#keep(room);
    if (!isUsed(room.state)) this.#forgetLater(room);
  }

  /** Bans alone are remembered until the last one is over; a room that somebody came back to is the business of its call's end. */
  #forgetLater(room: Room): void {
    const ends = listEntities(room.state, 'ban').map(([, { untilMs }]) => untilMs ?? 0);
    const waitMs = Math.max(...ends) - this.#clock.now();
    if (waitMs > 0) {
      // In steps: timers hold 24 days at most, and tokens may live longer.
      const step = () => this.#forgetLater(room);
      room.cancelForget = this.#clock.setTimeout(step, Math.min(waitMs, MAX_WAIT_MS));
    } else if (!isUsed(room.state) && this.#rooms.get(roomKeyText(room.key)) === room) {
      this.#forget(room);
    }
  }

  #forget(room: Room): void {
    room.cancelForget?.();
    this.#rooms.delete(roomKeyText(room.key));
    room.state = emptyRoom(room.key.roomId, newEpoch());
    this.#keep(room);
  }

  /** The promise is for `flush`; the storage tells its faults itself, and what could not be kept is kept with the next change. */
  #keep(room: Room): Promise<void> {
    const version = room.toKeepVersion;
    const patches = toKeep(room.state);
    const written = () => {
      room.keptVersion = Math.max(room.keptVersion, version);
    };
    if (patches.length === 0 && !room.everKept) {
      written();
      return room.keeping;
    }
    room.everKept = true;
    const keeping = this.#keeper.keepRoom({ key: room.key, patches }).then(written);
    keeping.catch(() => undefined);
    room.keeping = keeping;
    return keeping;
  }

  #deliver(key: string, event: RoomEvent, state: RoomState): void {
    this.#undelivered.push({ key, event, state });
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let next = this.#undelivered.shift(); next; next = this.#undelivered.shift()) {
        for (const listener of [...(this.#listeners.get(next.key) ?? [])]) listener(next.event, next.state);
      }
    } finally {
      this.#delivering = false;
    }
  }
}

/** Never equal to an old one, also not after a restart. */
const newEpoch = (): string => randomBytes(12).toString('base64url');

const newRoom = (key: RoomKey): Room => ({
  key,
  state: emptyRoom(key.roomId, newEpoch()),
  events: [],
  replies: new Map(),
  cancelForget: undefined,
  toKeepVersion: 0,
  keptVersion: 0,
  everKept: false,
  keeping: Promise.resolve(),
});

const isUsed = (state: RoomState): boolean => countEntities(state, 'room') + countSeated(state) > 0;

const bansOf = (state: RoomState) =>
  listEntities(state, 'ban').map(([id, set]) => ({ entity: 'ban', id, set }) as const);

const isOver = (patch: Patch, nowMs: number): boolean =>
  patch.entity === 'ban' && 'set' in patch && Number(patch.set.untilMs ?? Infinity) <= nowMs;

/** Bars, and the call with its host; nothing of a room in which nobody can be barred or host. */
function toKeep(state: RoomState): Patch[] {
  const bans = bansOf(state);
  const room = getEntity(state, 'room', ROOM_ENTITY_ID);
  if (!room || (bans.length === 0 && room.hostPeerId === undefined)) return bans;
  return [{ entity: 'room', id: ROOM_ENTITY_ID, set: { ...room } }, ...bans];
}

function trim(room: Room, nowMs: number): void {
  let drop = Math.max(0, room.events.length - MAX_EVENTS);
  while (drop < room.events.length && (room.events[drop]?.atMs ?? 0) + EVENT_LIFETIME_MS <= nowMs) drop += 1;
  if (drop > 0) room.events.splice(0, drop);
  for (const [key, { atMs }] of room.replies) {
    if (atMs + REPLY_LIFETIME_MS > nowMs) break;
    room.replies.delete(key);
  }
}
