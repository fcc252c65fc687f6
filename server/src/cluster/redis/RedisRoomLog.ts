/**
 * Owns the room log over Redis: what reads, commits and the end of a call ask of Redis, and what they make of the answers. Its twin is MemoryRoomLog.
 * Does not own the atomic steps (lua/), nor how replicas stay up to the log (RoomReplicas).
 *
 * When may a replica answer?
 * - `read` never answers from it alone: it compares epoch, version and commit id in Redis first (one small command, pipelined with those
 *   of the same moment). So it has every commit that was acknowledged anywhere before it was called: somebody who resumes on
 *   another node is not told less than they know already.
 * - `held` does: it is for questions about what a seat of this node has itself done or been told (is it still seated, which publications
 *   does it see). The seat came in by a commit on this node, so everything before that is in the replica, and what others did since is late by
 *   a wake-up, as it is for the seat's own client. It works while Redis is gone.
 * - a commit is conditional on the versions that were read, so a decision on an old replica costs another try, never a wrong result.
 *   An entity whose version has moved here has moved in Redis too: such a commit is not even sent.
 */
import { randomBytes } from 'node:crypto';
import { entityVersion, type RoomEvent, type RoomState } from '@parley/protocol';
import type { Commit, CommitResult, EventsSince, RoomKey, RoomLog } from '../../room/ports.ts';
import type { HeldRoom } from './HeldRoom.ts';
import type { RedisClient } from './RedisClient.ts';
import { type RedisRoomLogOptions, RoomReplicas } from './RoomReplicas.ts';
import { decodeEvent, patchArgs, replyKey } from './roomCodec.ts';
import { CommitReply, EndReply, EventsReply, scripts } from './scripts.ts';

const MAX_EVENTS = 1_000;
const EVENT_LIFETIME_MS = 10 * 60_000;
const REPLY_LIFETIME_MS = 2 * 60_000;

/** RoomLog in Redis. */
export class RedisRoomLog implements RoomLog {
  readonly #client: RedisClient;
  readonly #replicas: RoomReplicas;

  private constructor(options: RedisRoomLogOptions) {
    this.#client = options.client;
    this.#replicas = new RoomReplicas(options, (key, patches) =>
      this.commit(key, { patches, reads: [], limits: [] }),
    );
  }

  /** A log that is ready. @throws CallError `unavailable`. */
  static async open(options: RedisRoomLogOptions): Promise<RedisRoomLog> {
    const log = new RedisRoomLog(options);
    await log.#replicas.start();
    return log;
  }

  async read(key: RoomKey): Promise<RoomState> {
    const room = this.#replicas.room(key);
    const deadlineMs = this.#replicas.deadline();
    if (!(await this.#replicas.isCurrent(room, deadlineMs))) await this.#replicas.sync(room, deadlineMs);
    return room.state;
  }

  held(key: RoomKey): RoomState | undefined {
    const room = this.#replicas.held(key);
    return room?.present ? room.state : undefined;
  }

  commit(key: RoomKey, commit: Commit): Promise<CommitResult> {
    const room = this.#replicas.room(key);
    const deadlineMs = this.#replicas.deadline();
    return this.#replicas.inTurn(room, () => this.#commit(room, commit, deadlineMs));
  }

  async eventsSince(key: RoomKey, cursor: { epoch: string; version: number }): Promise<EventsSince> {
    const room = this.#replicas.room(key);
    const deadlineMs = this.#replicas.deadline();
    const args = [cursor.epoch, cursor.version, EVENT_LIFETIME_MS, this.#replicas.keepMs];
    for (;;) {
      const reply = await this.#replicas.ask(room, scripts.eventsSince, args, EventsReply, deadlineMs);
      if (reply[0] === 'events') return { events: reply[2].map((text) => decodeEvent(text).event) };
      if (reply[0] === 'trimmed') return { trimmed: true };
      await this.#replicas.sync(room, deadlineMs);
    }
  }

  subscribe(
    key: RoomKey,
    listener: (event: RoomEvent, state: RoomState) => void,
    onReset: (state: RoomState) => void = () => {},
  ): () => void {
    const room = this.#replicas.room(key);
    const entry = { event: listener, reset: onReset };
    room.listeners.add(entry);
    if (room.listeners.size === 1) this.#replicas.hold(room);
    return () => {
      if (room.listeners.delete(entry) && !room.isHeld) this.#replicas.release(room);
    };
  }

  async endCall(key: RoomKey, seen?: RoomState): Promise<void> {
    const room = this.#replicas.room(key);
    const deadlineMs = this.#replicas.deadline();
    await this.#replicas.inTurn(room, async () => {
      const args = [seen?.epoch ?? '', seen?.version ?? 0, this.#replicas.keepMs];
      for (;;) {
        const reply = await this.#replicas.ask(room, scripts.endCall, args, EndReply, deadlineMs);
        if (reply[0] === 'ended') room.vanish();
        if (reply[0] !== 'recovering') return;
        await this.#replicas.bringUp(room, deadlineMs);
      }
    });
  }

  /**
   * A commit is acknowledged when Redis has it in memory; Redis brings it to its disk within a second (`appendfsync everysec`) and to its replicas
   * soon. What a crash takes in that second the nodes bring back (recovery): bars are lost only with Redis and every node
   * that holds the room in the same second. Redis 7.0 cannot be asked for more, so this makes sure only that it is still there.
   */
  async flush(key: RoomKey): Promise<void> {
    await this.read(key);
  }

  async close(): Promise<void> {
    this.#replicas.close();
    await this.#client.close();
  }

  async #commit(room: HeldRoom, commit: Commit, deadlineMs: number): Promise<CommitResult> {
    if (!room.loaded) await this.#replicas.bringUp(room, deadlineMs);
    const commitId = randomBytes(9).toString('base64url');
    const { requestKey, reads, limits, patches } = commit;
    const keys = requestKey === undefined ? room.keys : [...room.keys, replyKey(room.key, requestKey)];
    const tail = [
      commitId,
      this.#replicas.nodeId,
      JSON.stringify(patches),
      requestKey === undefined ? '' : JSON.stringify(commit.reply ?? null),
      MAX_EVENTS,
      EVENT_LIFETIME_MS,
      REPLY_LIFETIME_MS,
      reads.length,
      ...reads.flatMap(({ entity, id, version }) => [`${entity} ${id}`, version]),
      limits.length,
      ...limits.flatMap(({ entity, max }) => [entity, max]),
      ...patchArgs(patches),
    ];
    const moved = () =>
      reads.some(({ entity, id, version }) => entityVersion(room.state, entity, id) !== version);
    // A request may have been committed before, and its retry must hear of that first.
    if (requestKey === undefined && moved()) return { status: 'conflict', state: room.state };
    for (;;) {
      const args = [...this.#replicas.position(room), this.#client.notAfter(deadlineMs), ...tail];
      const reply = await this.#replicas.ask(room, scripts.commit, args, CommitReply, deadlineMs, keys);
      const [status] = reply;
      if (status === 'late') continue;
      if (status === 'full') return { status, entity: reply[2] };
      if (status === 'recovering' || status === 'lost') {
        await this.#replicas.bringUp(room, deadlineMs);
        continue;
      }
      if (reply.length === 3) {
        // A new beginning: what was decided is about a room that is gone.
        await this.#replicas.bringUp(room, deadlineMs);
        return { status: 'conflict', state: room.state };
      }
      const [, , epoch, , , texts, more] = reply;
      const events = texts.map(decodeEvent);
      if (!room.fold(epoch, events)) await this.#replicas.bringUp(room, deadlineMs);
      if (status === 'conflict') return { status, state: room.state };
      if (typeof more === 'string') return { status: 'repeated', reply: JSON.parse(more) };
      const own = events.find((event) => event.commitId === commitId);
      if (own) {
        const text = texts[events.indexOf(own)] ?? '';
        for (const node of more) this.#replicas.wakeUps.wake(node, room.key, epoch, text);
      }
      return { status: 'committed', state: room.state, event: own?.event };
    }
  }
}
