/**
 * Owns the room log of a single process: every room's state, its recent events and the answers to recent requests.
 * Does not own rules (decide) nor who is told (RoomHub). Each commit runs to its end in one turn of the event loop, which is
 * what makes it atomic.
 */
import { randomBytes } from 'node:crypto';
import {
  countEntities,
  emptyRoom,
  entityVersion,
  listEntities,
  type Patch,
  type RoomEvent,
  type RoomState,
  reduce,
} from '@parley/protocol';
import type { Clock } from '../clock.ts';
import {
  type Commit,
  type CommitResult,
  type EventsSince,
  type RoomKey,
  type RoomLog,
  roomKeyText,
} from '../room/ports.ts';

const MAX_EVENTS = 1_000;
const EVENT_LIFETIME_MS = 10 * 60_000;
const REPLY_LIFETIME_MS = 2 * 60_000;
const MAX_WAIT_MS = 86_400_000;

type Listener = (epoch: string, event: RoomEvent) => void;

interface Room {
  state: RoomState;
  /** Oldest first, gapless, the last one being the state's version. */
  events: { readonly event: RoomEvent; readonly atMs: number }[];
  /** Oldest first. */
  readonly replies: Map<string, { readonly reply: unknown; readonly atMs: number }>;
  /** Set while only bans are left: forgets them when the last one is over. */
  cancelForget: (() => void) | undefined;
}

/** RoomLog in the memory of this process. */
export class MemoryRoomLog implements RoomLog {
  readonly #clock: Clock;
  readonly #rooms = new Map<string, Room>();
  readonly #listeners = new Map<string, Set<Listener>>();
  /** Events not yet handed to listeners: a listener may commit, and order must hold for the others. */
  readonly #undelivered: { key: string; epoch: string; event: RoomEvent }[] = [];
  #delivering = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async read(key: RoomKey): Promise<RoomState> {
    // An untouched room is not remembered: asking about rooms must not fill the memory.
    return this.#rooms.get(roomKeyText(key))?.state ?? emptyRoom(key.roomId, newEpoch());
  }

  async commit(key: RoomKey, commit: Commit): Promise<CommitResult> {
    const text = roomKeyText(key);
    const nowMs = this.#clock.now();
    const room = this.#rooms.get(text) ?? newRoom(emptyRoom(key.roomId, newEpoch()));
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
    if (event) this.#deliver(text, room.state.epoch, event);
    return { status: 'committed', state: room.state, event };
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

  subscribe(key: RoomKey, listener: Listener): () => void {
    const text = roomKeyText(key);
    const listeners = this.#listeners.get(text) ?? new Set();
    this.#listeners.set(text, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(text) === listeners) this.#listeners.delete(text);
    };
  }

  async endCall(key: RoomKey): Promise<void> {
    const text = roomKeyText(key);
    const room = this.#rooms.get(text);
    if (!room) return;
    room.cancelForget?.();
    this.#rooms.delete(text);
    const nowMs = this.#clock.now();
    const patches: Patch[] = [];
    for (const [id, { untilMs }] of listEntities(room.state, 'ban')) {
      if (untilMs === undefined || untilMs <= nowMs) continue;
      patches.push({ entity: 'ban', id, set: { untilMs } });
    }
    if (patches.length === 0) return;
    const carried = newRoom(emptyRoom(key.roomId, newEpoch()));
    const event = { version: 1, patches };
    carried.state = reduce(carried.state, [event]);
    carried.events.push({ event, atMs: nowMs });
    this.#rooms.set(text, carried);
    this.#forgetLater(text, carried);
  }

  async close(): Promise<void> {
    for (const room of this.#rooms.values()) room.cancelForget?.();
    this.#rooms.clear();
    this.#listeners.clear();
  }

  /** Bans alone are kept until the last one is over; a room that somebody came back to is the business of its call's end. */
  #forgetLater(text: string, room: Room): void {
    const ends = listEntities(room.state, 'ban').map(([, { untilMs }]) => untilMs ?? 0);
    const waitMs = Math.max(...ends) - this.#clock.now();
    if (waitMs > 0) {
      // In steps: timers hold 24 days at most, and tokens may live longer.
      const step = () => this.#forgetLater(text, room);
      room.cancelForget = this.#clock.setTimeout(step, Math.min(waitMs, MAX_WAIT_MS));
      return;
    }
    const used = countEntities(room.state, 'room') + countEntities(room.state, 'peer') > 0;
    if (!used && this.#rooms.get(text) === room) this.#rooms.delete(text);
  }

  #deliver(key: string, epoch: string, event: RoomEvent): void {
    this.#undelivered.push({ key, epoch, event });
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let next = this.#undelivered.shift(); next; next = this.#undelivered.shift()) {
        for (const listener of [...(this.#listeners.get(next.key) ?? [])]) listener(next.epoch, next.event);
      }
    } finally {
      this.#delivering = false;
    }
  }
}

/** Never equal to an old one, also not after a restart. */
const newEpoch = (): string => randomBytes(12).toString('base64url');

const newRoom = (state: RoomState): Room => ({
  state,
  events: [],
  replies: new Map(),
  cancelForget: undefined,
});

function trim(room: Room, nowMs: number): void {
  let drop = Math.max(0, room.events.length - MAX_EVENTS);
  while (drop < room.events.length && (room.events[drop]?.atMs ?? 0) + EVENT_LIFETIME_MS <= nowMs) drop += 1;
  if (drop > 0) room.events.splice(0, drop);
  for (const [key, { atMs }] of room.replies) {
    if (atMs + REPLY_LIFETIME_MS > nowMs) break;
    room.replies.delete(key);
  }
}
