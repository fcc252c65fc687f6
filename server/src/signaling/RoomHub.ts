/**
 * Owns who on this node hears what of a room: one subscription to the log per room, each text made once and sent to all.
 * Does not own sockets (a member is a function that sends), what happens in rooms, nor how long events wait (EventBatches).
 */
import {
  type Cursor,
  countEntities,
  getEntity,
  type NotificationData,
  type NotificationName,
  type RoomEvent,
  type RoomState,
  toClientEvents,
} from '@parley/protocol';
import type { Clock } from '../clock.ts';
import { type RoomKey, type RoomLog, roomKeyText } from '../room/ports.ts';
import { notificationText } from './Connection.ts';
import { type EventBatch, EventBatches } from './EventBatches.ts';
import type { OutboundLane } from './OutboundLanes.ts';

/** A seat's end of the line. */
export interface HubMember {
  readonly peerId: string;
  readonly chat: boolean;
  send(text: string, lane?: OutboundLane): void;
  /** A host removed the seat from the room; the membership has ended. */
  removed(): void;
}

/** What a member holds. */
export interface Membership {
  /** The member has been brought up to this version of this epoch: everything after it follows, in order, each once. */
  release(epoch: string, version: number): void;
  /** Tells the member what still waits for others: a change of its own belongs before the reply to it. */
  hurry(): void;
  /** Idempotent. */
  end(): void;
}

interface Line {
  readonly member: HubMember;
  /** What came while the member was being caught up: batches, and texts of the chat. Undefined once it is live. */
  held: (EventBatch | string)[] | undefined;
  /** Up to where it knows the log. */
  reached: Cursor | undefined;
}

interface RoomLines {
  /** By peer: a session has one seat. */
  readonly lines: Map<string, Line>;
  readonly batches: EventBatches;
  readonly unsubscribe: () => void;
}

/** More than this while one member catches up: it will see a hole and ask again. */
const MAX_HELD = 2_000;

/** Fans out what happens in the rooms of this node. */
export class RoomHub {
  readonly #log: Pick<RoomLog, 'subscribe'>;
  readonly #clock: Clock;
  readonly #rooms = new Map<string, RoomLines>();

  constructor(log: Pick<RoomLog, 'subscribe'>, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /**
   * Adds a member, held: durable notifications are kept for it until {@link Membership.release}. Attach before reading the
   * room, or what happens between the reading and the reply would be lost.
   */
  attach(room: RoomKey, member: HubMember): Membership {
    const key = roomKeyText(room);
    const lines = this.#rooms.get(key) ?? this.#open(room);
    const line: Line = { member, held: [], reached: undefined };
    lines.lines.set(member.peerId, line);
    return {
      release: (epoch, version) => {
        const held = line.held ?? [];
        line.held = undefined;
        line.reached = { epoch, version };
        for (const item of held) {
          if (typeof item === 'string') member.send(item, 'chat');
          else tell(line, item, (after) => eventsText(room, item, after));
        }
      },
      hurry: () => {
        const waiting = this.#rooms.get(key)?.batches.waiting;
        if (waiting && !line.held) tell(line, waiting, (after) => eventsText(room, waiting, after));
      },
      end: () => this.#drop(key, line),
    };
  }

  /** A stored message, to everybody in the room who may read chat. */
  chatMessage(room: RoomKey, data: NotificationData<'chatMessage'>): void {
    const text = notificationText('chatMessage', data);
    for (const line of this.#lines(room)) {
      if (!line.member.chat) continue;
      if (!line.held) line.member.send(text, 'chat');
      else if (line.held.length < MAX_HELD) line.held.push(text);
    }
  }

  /** A moment, to everybody in the room who is live: who is not has no use for it. */
  moment<N extends NotificationName>(room: RoomKey, name: N, data: NotificationData<N>): void {
    const text = notificationText(name, data);
    for (const line of this.#lines(room)) if (!line.held) line.member.send(text);
  }

  /** To one seat, where it is live. */
  toPeer<N extends NotificationName>(
    room: RoomKey,
    peerId: string,
    name: N,
    data: NotificationData<N>,
  ): void {
    const line = this.#rooms.get(roomKeyText(room))?.lines.get(peerId);
    if (line && !line.held) line.member.send(notificationText(name, data));
  }

  /** How far the members have been told, where the log is at `tail`: what waits in a batch is on its way, not lost. */
  told(room: RoomKey, { epoch, version }: Cursor): Cursor {
    const waiting = this.#rooms.get(roomKeyText(room))?.batches.waiting;
    const [first] = waiting?.epoch === epoch ? waiting.events : [];
    return { epoch, version: first ? Math.min(version, first.version - 1) : version };
  }

  #open(room: RoomKey): RoomLines {
    const unsubscribe = this.#log.subscribe(
      room,
      (event, state) => this.#onEvent(room, event, state),
      (state) => this.#onReset(room, state),
    );
    const batches = new EventBatches(this.#clock, (batch) => this.#onBatch(room, batch));
    const lines: RoomLines = { lines: new Map(), batches, unsubscribe };
    this.#rooms.set(roomKeyText(room), lines);
    return lines;
  }

  /** Of the moment: sending may end members. */
  #lines(room: RoomKey): readonly Line[] {
    return [...(this.#rooms.get(roomKeyText(room))?.lines.values() ?? [])];
  }

  /** Who is removed is told at once; the others by the batch. */
  #onEvent(room: RoomKey, event: RoomEvent, state: RoomState): void {
    const key = roomKeyText(room);
    const lines = this.#rooms.get(key);
    if (!lines) return;
    for (const peerId of removedPeers(event)) {
      const line = lines.lines.get(peerId);
      if (!line) continue;
      this.#drop(key, line);
      line.member.removed();
    }
    if (lines.lines.size > 0) lines.batches.add(event, state, lines.lines.size);
  }

  /**
   * What happened up to this state cannot be told step by step. Everybody is shown a hole, which makes clients ask for what they miss: a new epoch
   * or a far later version, with nothing in it. By itself, because only in front of a message is a hole seen.
   */
  #onReset(room: RoomKey, state: RoomState): void {
    const key = roomKeyText(room);
    const lines = this.#rooms.get(key);
    if (!lines) return;
    lines.batches.flush();
    for (const line of this.#lines(room)) {
      if (!getEntity(state, 'ban', line.member.peerId)) continue;
      this.#drop(key, line);
      line.member.removed();
    }
    const { epoch, version } = state;
    const viewers = countEntities(state, 'viewer');
    this.#onBatch(room, { epoch, events: [{ version, patches: [] }], viewers });
  }

  #onBatch(room: RoomKey, batch: EventBatch): void {
    const texts = new Map<number, string>();
    const textAfter = (after: number): string => {
      const text = texts.get(after) ?? eventsText(room, batch, after);
      texts.set(after, text);
      return text;
    };
    for (const line of this.#lines(room)) {
      if (!line.held) tell(line, batch, textAfter);
      else if (line.held.length < MAX_HELD) line.held.push(batch);
    }
  }

  #drop(key: string, line: Line): void {
    const room = this.#rooms.get(key);
    const { peerId } = line.member;
    if (room?.lines.get(peerId) !== line) return;
    room.lines.delete(peerId);
    if (room.lines.size > 0) return;
    this.#rooms.delete(key);
    room.batches.stop();
    room.unsubscribe();
  }
}

/** Tells a live member those events of a batch that it does not know; `textAfter` makes their text. */
function tell(line: Line, { epoch, events }: EventBatch, textAfter: (version: number) => string): void {
  const [first, last] = [events[0]?.version ?? 0, events.at(-1)?.version ?? 0];
  const known = line.reached?.epoch === epoch ? line.reached.version : 0;
  if (known >= last) return;
  line.reached = { epoch, version: last };
  line.member.send(textAfter(Math.max(known, first - 1)));
}

function eventsText({ roomId }: RoomKey, { epoch, events, viewers }: EventBatch, after: number): string {
  const news = events.filter(({ version }) => version > after);
  const changesViewers = news.some(({ patches }) => patches.some(({ entity }) => entity === 'viewer'));
  return notificationText('roomEvents', {
    roomId,
    epoch,
    events: toClientEvents(news),
    ...(changesViewers && { viewers }),
  });
}

/** A removal bars the seat and deletes it in the same event; a leave only deletes it. */
function removedPeers(event: RoomEvent): string[] {
  const barred = new Set(
    event.patches.filter((patch) => patch.entity === 'ban' && 'set' in patch).map(({ id }) => id),
  );
  return event.patches
    .filter((patch) => patch.entity === 'seat' && 'delete' in patch && barred.has(patch.id))
    .map(({ id }) => id);
}
