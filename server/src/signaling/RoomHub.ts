/**
 * Owns who on this node hears what of a room: one subscription to the log per room, each text made once and sent to all.
 * Does not own sockets (a member is a function that sends) nor what happens in rooms.
 */
import {
  type NotificationData,
  type NotificationName,
  type RoomEvent,
  toClientEvent,
} from '@parley/protocol';
import { type RoomKey, type RoomLog, roomKeyText } from '../room/ports.ts';
import { notificationText } from './Connection.ts';
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
  /** Idempotent. */
  end(): void;
}

interface HeldText {
  readonly text: string;
  readonly lane: OutboundLane;
  /** Of a room event; undefined for a chat message. */
  readonly at?: { readonly epoch: string; readonly version: number };
}

interface Line {
  readonly member: HubMember;
  /** What came while the member was being caught up; undefined once it is live. */
  held: HeldText[] | undefined;
}

interface RoomLines {
  readonly lines: Set<Line>;
  readonly unsubscribe: () => void;
}

/** More than this while one member catches up: it will see a hole and ask again. */
const MAX_HELD = 2_000;

/** Fans out what happens in the rooms of this node. */
export class RoomHub {
  readonly #log: Pick<RoomLog, 'subscribe'>;
  readonly #rooms = new Map<string, RoomLines>();

  constructor(log: Pick<RoomLog, 'subscribe'>) {
    this.#log = log;
  }

  /**
   * Adds a member, held: durable notifications are kept for it until {@link Membership.release}. Attach before reading the
   * room, or what happens between the reading and the reply would be lost.
   */
  attach(room: RoomKey, member: HubMember): Membership {
    const key = roomKeyText(room);
    let lines = this.#rooms.get(key);
    if (!lines) {
      const unsubscribe = this.#log.subscribe(room, (epoch, event) => this.#onEvent(room, epoch, event));
      lines = { lines: new Set(), unsubscribe };
      this.#rooms.set(key, lines);
    }
    const line: Line = { member, held: [] };
    lines.lines.add(line);
    return {
      release: (epoch, version) => {
        const held = line.held ?? [];
        line.held = undefined;
        for (const { text, lane, at } of held) {
          if (at === undefined || at.epoch !== epoch || at.version > version) member.send(text, lane);
        }
      },
      end: () => this.#drop(key, line),
    };
  }

  /** A stored message, to everybody in the room who may read chat. */
  chatMessage(room: RoomKey, data: NotificationData<'chatMessage'>): void {
    const text = notificationText('chatMessage', data);
    for (const line of this.#lines(room)) if (line.member.chat) sendOrHold(line, { text, lane: 'chat' });
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
    for (const line of this.#lines(room)) {
      if (line.member.peerId === peerId && !line.held) line.member.send(notificationText(name, data));
    }
  }

  #lines(room: RoomKey): Iterable<Line> {
    return this.#rooms.get(roomKeyText(room))?.lines ?? [];
  }

  #onEvent(room: RoomKey, epoch: string, event: RoomEvent): void {
    const removed = removedPeers(event);
    const { roomId } = room;
    const text = notificationText('roomEvents', { roomId, epoch, events: [toClientEvent(event)] });
    for (const line of [...this.#lines(room)]) {
      if (removed.has(line.member.peerId)) {
        this.#drop(roomKeyText(room), line);
        line.member.removed();
      } else {
        sendOrHold(line, { text, lane: 'call', at: { epoch, version: event.version } });
      }
    }
  }

  #drop(key: string, line: Line): void {
    const room = this.#rooms.get(key);
    if (!room?.lines.delete(line) || room.lines.size > 0) return;
    this.#rooms.delete(key);
    room.unsubscribe();
  }
}

function sendOrHold(line: Line, held: HeldText): void {
  if (!line.held) line.member.send(held.text, held.lane);
  else if (line.held.length < MAX_HELD) line.held.push(held);
}

/** A removal bars the seat and deletes it in the same event; a leave only deletes it. */
function removedPeers(event: RoomEvent): ReadonlySet<string> {
  const barred = new Set<string>();
  const removed = new Set<string>();
  for (const patch of event.patches) {
    if (patch.entity === 'ban' && 'set' in patch) barred.add(patch.id);
    if (patch.entity === 'peer' && 'delete' in patch && barred.has(patch.id)) removed.add(patch.id);
  }
  return removed;
}
