/**
 * Owns how a command becomes a committed change of a room: read, decide, commit, again on conflict; and what the media plane and
 * the call's identity have to do with it. Does not own rules (decide), storage (RoomLog) or who may ask (signaling).
 */
import {
  CallError,
  type CatchUp,
  type Cursor,
  countEntities,
  countSeated,
  type Decision,
  decide,
  getEntity,
  listEntities,
  publicationIdOf,
  ROOM_ENTITY_ID,
  type RoomCommand,
  type RoomEvent,
  type RoomState,
  type Source,
  sources,
  toClientEvents,
  toSnapshot,
  type VideoCodec,
} from '@parley/protocol';
import type { Clock } from '../clock.ts';
import { KeyedQueue } from './KeyedQueue.ts';
import { type MediaPeer, type MediaPort, type RoomKey, type RoomLog, roomKeyText } from './ports.ts';

/** Identity of a call. */
export interface CallIdentity {
  readonly callId: string;
  readonly startedAtMs: number;
}

/** Where the identity of calls comes from: it outlives this process. */
export interface CallBook {
  /** Somebody is in. Idempotent. */
  roomOccupied(room: RoomKey): void;
  /** The running call of an occupied room. Fails as its storage fails. */
  runningCall(room: RoomKey): Promise<CallIdentity>;
  /** The last one left: the call ends after the timeout, and then {@link RoomEngine.callEnded} is due. Idempotent. */
  roomEmpty(room: RoomKey): void;
}

/** Everything that a join says about who takes the seat. */
export type Joining = Pick<
  Extract<RoomCommand, { type: 'join' }>,
  'userId' | 'displayName' | 'role' | 'publish' | 'guest' | 'tokenExpiresAtMs' | 'sessionEndsAtMs'
> & {
  /** Of the token; it wins over the deployment's when the call begins with this join. */
  readonly videoCodecs?: readonly VideoCodec[];
};

/** The parts that an engine works with. */
export interface RoomEngineOptions {
  readonly log: RoomLog;
  readonly media: MediaPort;
  readonly calls: CallBook;
  readonly clock: Clock;
  /** In which order of preference calls begin. Default: VP8 alone. */
  readonly videoCodecs?: readonly VideoCodec[];
  readonly limits: RoomLimits;
}

/** How many may sit in one room. */
export interface RoomLimits {
  /** Those who are listed. */
  readonly seats: number;
  /** Those who only watch: counted apart, because they cost the others next to nothing. */
  readonly viewers: number;
}

/** Each conflict means that somebody else got through, so this many in a row mean a room that changes too fast. */
const MAX_ATTEMPTS = 32;

/** Runs the commands of all rooms that this process has to do with. */
export class RoomEngine {
  readonly #log: RoomLog;
  readonly #media: MediaPort;
  readonly #calls: CallBook;
  readonly #clock: Clock;
  readonly #videoCodecs: readonly VideoCodec[];
  readonly #limits: RoomLimits;
  /**
   * One command of a seat at a time. The race: a host removes somebody while their `publish` has produced but not yet committed;
   * side by side the producer would outlive the seat.
   */
  readonly #seats = new KeyedQueue();
  /** Joins and the end of the call, one at a time per room. The race: a join under a call that is being ended. */
  readonly #rooms = new KeyedQueue();

  constructor(options: RoomEngineOptions) {
    this.#log = options.log;
    this.#media = options.media;
    this.#calls = options.calls;
    this.#clock = options.clock;
    this.#videoCodecs = options.videoCodecs ?? ['vp8'];
    this.#limits = options.limits;
  }

  /** The state of a room as it is now. */
  read(room: RoomKey): Promise<RoomState> {
    return this.#log.read(room);
  }

  /** The state as this node has heard it: enough for what one of its seats has itself done or been told, and there without the log's storage. */
  async readHeld(room: RoomKey): Promise<RoomState> {
    return this.#log.held(room) ?? (await this.#log.read(room));
  }

  /**
   * Takes a seat, or takes it back.
   * @throws CallError `forbidden` (removed by a host) or `capacity`.
   */
  join(seat: MediaPeer, joining: Joining): Promise<void> {
    return this.inTurn(seat, () =>
      this.#rooms.run(roomKeyText(seat.room), async () => {
        const joinUnder = ({ callId, startedAtMs }: CallIdentity): RoomCommand => ({
          type: 'join',
          peerId: seat.peerId,
          videoCodecs: this.#videoCodecs,
          ...joining,
          nowMs: this.#clock.now(),
          callId,
          callStartedAtMs: startedAtMs,
          maxPeers: this.#limits.seats,
          maxViewers: this.#limits.viewers,
        });
        // Refused before anybody counts as present: who is barred must not keep a call alive by trying.
        decide(await this.#log.read(seat.room), joinUnder({ callId: '', startedAtMs: 0 }));
        this.#calls.roomOccupied(seat.room);
        try {
          const { event } = await this.#commit(seat.room, joinUnder(await this.#callOf(seat.room)));
          await this.#closeUnpublished(seat, event);
        } catch (error) {
          await this.#tellIfEmpty(seat.room);
          throw error;
        }
      }),
    );
  }

  /** The missed events after a cursor, or everything where they are no longer known. Seen by clients. */
  async catchUp(room: RoomKey, since: Cursor | undefined): Promise<CatchUp> {
    if (since) {
      const missed = await this.#log.eventsSince(room, since);
      if ('events' in missed) {
        // Read behind the events: a newer count is made right by what follows, an older one would stay.
        const viewers = countEntities(await this.#log.read(room), 'viewer');
        return { epoch: since.epoch, events: toClientEvents(missed.events), viewers };
      }
    }
    const state = await this.#log.read(room);
    return { snapshot: toSnapshot(state), viewers: countEntities(state, 'viewer') };
  }

  /**
   * Ends a seat and all its media. Idempotent.
   * @param mayReturn whether the page may come back in a moment: a host of guests keeps the hat until {@link replaceAbsentHost}.
   * @returns whether the room waits for this seat as its host.
   */
  leave(seat: MediaPeer, mayReturn = false): Promise<boolean> {
    return this.inTurn(seat, async () => {
      const { room, peerId } = seat;
      let hosts: boolean;
      try {
        const { state } = await this.#commit(room, { type: 'leave', peerId, mayReturn });
        hosts = getEntity(state, 'room', ROOM_ENTITY_ID)?.hostPeerId === peerId;
      } finally {
        await this.#media.closePeer(seat);
      }
      // In the room's turn. The race: somebody who comes in has been counted as present but is not committed yet.
      await this.#rooms.run(roomKeyText(room), () => this.#tellIfEmpty(room));
      return hosts;
    });
  }

  /** Shows the others whether the seat's socket is there. No effect on a seat that has ended. */
  setConnection(seat: MediaPeer, connection: 'online' | 'reconnecting'): Promise<void> {
    return this.inTurn(seat, async () => {
      await this.#commit(seat.room, { type: 'setConnection', peerId: seat.peerId, connection });
    });
  }

  /** Commits a change of the acting seat. For use inside {@link inTurn}. */
  async change(room: RoomKey, command: RoomCommand): Promise<void> {
    await this.#commit(room, command);
  }

  /** A host mutes somebody's publication; RTP stops. @throws CallError `forbidden`, `not-found`. */
  moderatorMute(seat: MediaPeer, targetPeerId: string, source: Source, requestKey: string): Promise<void> {
    const target = { room: seat.room, peerId: targetPeerId };
    return this.inTurn(target, async () => {
      const { peerId } = seat;
      await this.#commit(seat.room, { type: 'moderatorMute', peerId, targetPeerId, source }, requestKey);
      await this.#media.setProducerPaused(target, source, true).catch(ignoreGone);
    });
  }

  /** A host ends somebody's publication. @throws CallError `forbidden`, `not-found`. */
  moderatorStop(seat: MediaPeer, targetPeerId: string, source: Source, requestKey: string): Promise<void> {
    const target = { room: seat.room, peerId: targetPeerId };
    return this.inTurn(target, async () => {
      const { peerId } = seat;
      await this.#commit(seat.room, { type: 'moderatorStop', peerId, targetPeerId, source }, requestKey);
      await this.#media.closeProducer(target, source).catch(ignoreGone);
    });
  }

  /**
   * A host removes somebody, with every seat of the same identity.
   * @throws CallError `forbidden`, `not-found`, `invalid-request` (oneself); as the log's storage fails: they are out then, but a
   * restart might let them in, until a retry succeeds.
   */
  async remove(seat: MediaPeer, targetPeerId: string, requestKey: string): Promise<void> {
    const { room, peerId } = seat;
    const target = { room, peerId: targetPeerId };
    const removed = await this.inTurn(target, async () => {
      const all = await this.#removeAll(room, { type: 'remove', peerId, targetPeerId }, requestKey);
      await this.#media.closePeer(target);
      return all;
    });
    // Each in its own turn, with no other one held: two hosts who remove two such seats would wait for each other.
    const others = removed.filter((id) => id !== targetPeerId).map((id) => ({ room, peerId: id }));
    await Promise.all(others.map((other) => this.inTurn(other, () => this.#media.closePeer(other))));
    // A restart must not let them back in: acknowledged only when that is sure.
    await this.#log.flush(room);
  }

  /** After a restart, and while a page reloads, a room goes on under its host; one who has not come back by now is replaced. */
  async replaceAbsentHost(room: RoomKey): Promise<void> {
    await this.#commit(room, { type: 'replaceAbsentHost' });
  }

  /** Forgets a room whose call has ended, unless somebody has come back. */
  callEnded(room: RoomKey): Promise<void> {
    return this.#rooms.run(roomKeyText(room), async () => {
      const state = await this.#log.read(room);
      if (countSeated(state) === 0) await this.#log.endCall(room, state);
    });
  }

  /** Runs a task when all earlier commands of the seat have settled. */
  inTurn<T>(seat: MediaPeer, task: () => Promise<T>): Promise<T> {
    return this.#seats.run(`${roomKeyText(seat.room)}/${seat.peerId}`, task);
  }

  /** Gives the peers that went. */
  async #removeAll(
    room: RoomKey,
    command: Extract<RoomCommand, { type: 'remove' }>,
    requestKey?: string,
  ): Promise<string[]> {
    const { state, event } = await this.#commit(room, command, requestKey);
    const patches = event?.patches ?? [];
    const barred = new Set(patches.filter(({ entity }) => entity === 'ban').map(({ id }) => id));
    const gone = patches.filter((patch) => patch.entity === 'seat' && 'delete' in patch).map(({ id }) => id);
    // The race: somebody of the same identity came in between the decision and the commit. From now on the bar keeps them out.
    const seated = [...listEntities(state, 'peer'), ...listEntities(state, 'viewer')];
    const late = seated.find(([, { userId }]) => barred.has(userId));
    if (!late) return gone;
    const more = this.#removeAll(room, { ...command, targetPeerId: late[0] });
    const lateOnes = await more.catch((error: unknown) => {
      ignoreGone(error);
      return [];
    });
    return [...gone, ...lateOnes];
  }

  async #commit(
    room: RoomKey,
    command: RoomCommand,
    requestKey?: string,
  ): Promise<{ state: RoomState; event?: RoomEvent | undefined }> {
    // The commit makes sure that what was decided still holds. What was refused is not committed, so that is looked at again.
    const held = this.#log.held(room);
    let isCurrent = held === undefined;
    let state = held ?? (await this.#log.read(room));
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      let decision: Decision;
      try {
        decision = decide(state, command);
      } catch (error) {
        if (!isCurrent) {
          state = await this.#log.read(room);
          isCurrent = true;
          continue;
        }
        // What a retry asks for may be done already, and then no longer be possible.
        if (requestKey !== undefined && (await this.#wasCommitted(room, requestKey))) return { state };
        throw error;
      }
      const commit = { ...decision, ...(requestKey !== undefined && { requestKey, reply: {} }) };
      const result = await this.#log.commit(room, commit);
      switch (result.status) {
        case 'committed':
          return result;
        case 'repeated':
          return { state };
        case 'conflict':
          state = result.state;
          break;
        case 'full':
          throw new CallError('capacity', 'The room is full', { details: { what: result.entity } });
      }
    }
    throw new CallError('unavailable', 'The room changes too fast at the moment');
  }

  /** Asks by a commit that can never succeed: no entity has this version. */
  async #wasCommitted(room: RoomKey, requestKey: string): Promise<boolean> {
    const reads = [{ entity: 'room', id: ROOM_ENTITY_ID, version: -1 }];
    const result = await this.#log.commit(room, { patches: [], reads, limits: [], requestKey });
    return result.status === 'repeated';
  }

  /** The call that a join belongs to; only in the room's turn. */
  async #callOf(room: RoomKey): Promise<CallIdentity> {
    const state = await this.#log.read(room);
    const shown = getEntity(state, 'room', ROOM_ENTITY_ID);
    if (shown && countSeated(state) > 0) return shown;
    try {
      const call = await this.#calls.runningCall(room);
      // The race: the call ended, and somebody came back before the room was forgotten.
      if (shown && shown.callId !== call.callId) await this.#log.endCall(room, state);
      return call;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      // While its storage is down a call goes on under what is known, or begins without a record.
      return shown ?? { callId: `c_${crypto.randomUUID()}`, startedAtMs: this.#clock.now() };
    }
  }

  /** Media of publications that a seat lost because it was taken back with fewer rights. */
  async #closeUnpublished(seat: MediaPeer, event: RoomEvent | undefined): Promise<void> {
    for (const patch of event?.patches ?? []) {
      const source = sources.find((name) => publicationIdOf(seat.peerId, name) === patch.id);
      if (patch.entity !== 'publication' || !('delete' in patch) || !source) continue;
      await this.#media.closeProducer(seat, source).catch(ignoreGone);
    }
  }

  /** Only in the room's turn. */
  async #tellIfEmpty(room: RoomKey): Promise<void> {
    if (countSeated(await this.#log.read(room)) === 0) this.#calls.roomEmpty(room);
  }
}

/** The media of a seat may be gone already (a worker died): then there is nothing left to stop. */
export function ignoreGone(error: unknown): void {
  const gone = error instanceof CallError && (error.code === 'not-found' || error.code === 'unavailable');
  if (!gone) throw error;
}
