/**
 * Owns one room as this node knows it: the folded state, where it stands in the log, and who hears what follows.
 * Does not own how news come (RedisRoomLog): whatever way they take, each event is folded and told once, in order.
 */
import { randomBytes } from 'node:crypto';
import { emptyRoom, type RoomEvent, type RoomState, reduce } from '@parley/protocol';
import { type RoomKey, roomKeyText } from '../../room/ports.ts';
import { type LoggedEvent, roomKeys } from './roomCodec.ts';

/** Who hears of a room. */
export interface RoomListener {
  readonly event: (event: RoomEvent, state: RoomState) => void;
  readonly reset: (state: RoomState) => void;
}

/** Never equal to an old one. */
export const newEpoch = (): string => randomBytes(12).toString('base64url');

/** A replica of one room. */
export class HeldRoom {
  readonly key: RoomKey;
  /** `tenant/roomId`. */
  readonly text: string;
  readonly keys: readonly string[];
  readonly listeners = new Set<RoomListener>();
  /** When it was last found equal to the log, by the monotonic clock. */
  verifiedAtMs = Number.NEGATIVE_INFINITY;
  usedAtMs = 0;
  /** When the node's entry in the room's directory was written. */
  leasedAtMs = Number.NEGATIVE_INFINITY;
  /** A turn of `sync` that has not begun yet: who asks meanwhile shares it. */
  nextSync: Promise<void> | undefined;
  #state: RoomState;
  #commitId = '';
  #loaded = false;
  /** Whether the log has the room; else the state is an empty one under an epoch that stands for nothing. */
  #present = false;
  readonly #onFault: (error: unknown) => void;

  /** @param onFault is told what a listener threw: it must not keep the others, or the log, from going on. */
  constructor(key: RoomKey, onFault: (error: unknown) => void) {
    this.key = key;
    this.text = roomKeyText(key);
    this.keys = roomKeys(key);
    this.#state = emptyRoom(key.roomId, newEpoch());
    this.#onFault = onFault;
  }

  get state(): RoomState {
    return this.#state;
  }

  /** Whether it was compared with the log at least once. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** Whether the log has the room. */
  get present(): boolean {
    return this.#present;
  }

  /** Whether members of this node are in it. */
  get isHeld(): boolean {
    return this.listeners.size > 0;
  }

  /** Epoch, version and commit id, as the log is asked with. */
  get position(): [epoch: string, version: number, commitId: string] {
    return this.#present ? [this.#state.epoch, this.#state.version, this.#commitId] : ['', 0, ''];
  }

  /** Folds what follows, and tells it. What is known already is passed over. Gives false where something is missing in between. */
  fold(epoch: string, events: readonly LoggedEvent[]): boolean {
    if (!this.#present) {
      if (events.length > 0 && events[0]?.event.version !== 1) return false;
      this.#state = emptyRoom(this.key.roomId, epoch);
      this.#commitId = '';
      this.#present = true;
    } else if (this.#state.epoch !== epoch) return false;
    for (const { event, commitId } of events) {
      if (event.version <= this.#state.version) continue;
      if (event.version !== this.#state.version + 1) return false;
      this.#state = reduce(this.#state, [event]);
      this.#commitId = commitId;
      const { state } = this;
      this.#tell((listener) => listener.event(event, state));
    }
    return true;
  }

  /** Takes the whole room as it is; who listens already cannot be told step by step what happened. */
  replace(state: RoomState, commitId: string): void {
    const { loaded } = this;
    this.#state = state;
    this.#commitId = commitId;
    this.#present = true;
    this.#loaded = true;
    if (loaded) this.#tell((listener) => listener.reset(state));
  }

  /** The log has no such room (any more), and that is as it should be: what comes next begins from nothing. */
  vanish(): void {
    this.#loaded = true;
    if (!this.#present) return;
    this.#state = emptyRoom(this.key.roomId, newEpoch());
    this.#commitId = '';
    this.#present = false;
  }

  /** What is known here is not to be gone on from: load it anew. Nobody is told a thing by that. */
  forget(): void {
    this.vanish();
    this.#loaded = false;
  }

  #tell(say: (listener: RoomListener) => void): void {
    for (const listener of [...this.listeners]) {
      try {
        say(listener);
      } catch (error) {
        this.#onFault(error);
      }
    }
  }
}
