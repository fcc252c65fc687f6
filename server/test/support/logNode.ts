/**
 * Owns one node of a cluster of room logs as a test sees it: what its listener of a room heard, checked as it comes.
 * Does not own the log under it.
 */
import { type Decision, type RoomEvent, type RoomState, reduce } from '@parley/protocol';
import { onTestFinished } from 'vitest';
import type { RedisRoomLog } from '../../src/cluster/redis/RedisRoomLog.ts';
import type { CommitResult, RoomKey } from '../../src/room/ports.ts';
import { type LogNodeOptions, redisLog } from './redisLogs.ts';

/** A patch that sets fields of a peer. */
export const peer = (id: string, value: Record<string, unknown> = {}) => ({ entity: 'peer', id, set: value });

/** A node that listens to one room. */
export interface LogNode {
  readonly log: RedisRoomLog;
  /** Versions of the events in the order in which they were told; `reset` where the room was replaced. */
  readonly heard: (number | 'reset')[];
  /** The state by folding what was told; it is checked against the state that was told with it. */
  state(): RoomState | undefined;
  commit(...patches: Decision['patches']): Promise<CommitResult>;
  stop(): void;
}

/** Opens a log on a Redis, listens to a room and waits until it holds it. Closed when the test has finished. */
export async function logNode(url: string, room: RoomKey, options: LogNodeOptions = {}): Promise<LogNode> {
  const log = await redisLog(url, options);
  onTestFinished(() => log.close());
  const heard: (number | 'reset')[] = [];
  let state: RoomState | undefined;
  const onEvent = (event: RoomEvent, after: RoomState) => {
    heard.push(event.version);
    const before = state?.epoch === after.epoch ? state : undefined;
    if (before && before.version + 1 !== event.version)
      throw new Error(`${before.version} and then ${event.version}`);
    if (before && JSON.stringify(contentOf(reduce(before, [event]))) !== JSON.stringify(contentOf(after))) {
      throw new Error(`the state after ${event.version} is not what its events make`);
    }
    state = after;
  };
  const stop = log.subscribe(room, onEvent, (after) => {
    heard.push('reset');
    state = after;
  });
  await log.read(room);
  const commit = (...patches: Decision['patches']) => log.commit(room, { patches, reads: [], limits: [] });
  return { log, heard, state: () => state, commit, stop };
}

/** What a state holds, in an order of its own. */
export const contentOf = (state: RoomState) =>
  [...state.tables]
    .flatMap(([kind, table]) =>
      [...table].map(([id, { value }]) => [`${kind} ${id}`, sorted(value)] as const),
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));

const sorted = (value: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
