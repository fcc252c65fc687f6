/**
 * Owns the room of a server in memory: it really decides and folds, and keeps its events. Does not own who hears of them (FakeServer).
 */
import {
  decide,
  emptyRoom,
  type RequestData,
  type RequestReply,
  type RoomCommand,
  type RoomEvent,
  type RoomState,
  reduce,
  sources,
  toSnapshot,
} from '@parley/protocol';

type Join = Extract<RoomCommand, { type: 'join' }>;

/** See the head of the file. */
export class FakeRoom {
  #state = emptyRoom('room', 'epoch1');
  #events: RoomEvent[] = [];

  get state(): RoomState {
    return this.#state;
  }

  /** Nothing of it is left, and its versions begin again. */
  restart(epoch: string): void {
    this.#state = emptyRoom('room', epoch);
    this.#events = [];
  }

  /** Gives the event that came of a command; undefined when it changed nothing. */
  command(command: RoomCommand): RoomEvent | undefined {
    const { patches } = decide(this.#state, command);
    if (patches.length === 0) return undefined;
    const event = { version: this.#state.version + 1, patches: [...patches] };
    this.#events.push(event);
    this.#state = reduce(this.#state, [event]);
    return event;
  }

  /** What somebody who joins has not seen yet. */
  catchUp(since: RequestData<'join'>['since']): RequestReply<'join'>['room'] {
    const { epoch } = this.#state;
    if (since?.epoch !== epoch) return { snapshot: toSnapshot(this.#state), viewers: 0 };
    return { epoch, events: this.#events.filter(({ version }) => version > since.version), viewers: 0 };
  }
}

/** Somebody takes a seat; `more` wins. */
export const joinCommand = (peerId: string, displayName: string, more: Partial<Join> = {}): Join => ({
  type: 'join',
  peerId,
  userId: `user-${peerId}`,
  displayName,
  role: 'speaker',
  publish: sources,
  guest: true,
  sessionEndsAtMs: 1e9,
  nowMs: 1000,
  callId: 'call1',
  callStartedAtMs: 1000,
  videoCodecs: ['vp8'],
  maxPeers: 100,
  maxViewers: 100,
  ...more,
});
