/**
 * Owns the figures of the room log over Redis: how long a commit takes and how many one node does in a second, by the size of the room.
 * Does not own the log, nor sockets: nobody listens but the node itself.
 */
import { entityVersion, type RoomState } from '@parley/protocol';
import { RedisServer } from '../../server/test/support/redis.ts';
import { redisLog } from '../../server/test/support/redisLogs.ts';
import { percentile } from './statistics.ts';

const SIZES = [2, 100, 500];
/** At once, one commit in flight in each: what one node does when many rooms are busy. */
const ROOMS = 32;
const ONE_BY_ONE = 2_000;
const THROUGHPUT_MS = 3_000;

type Log = Awaited<ReturnType<typeof redisLog>>;
type Room = Parameters<Log['read']>[0];

/** Prints one line per size of room. */
export async function printRoomLog(): Promise<void> {
  const server = await RedisServer.start({ settings: ['--appendonly', 'yes'] });
  const log = await redisLog(server.url);
  try {
    for (const size of SIZES) console.log(await measure(log, server, size));
  } finally {
    await log.close();
    await server.stop();
  }
}

async function measure(log: Log, server: RedisServer, size: number): Promise<string> {
  const rooms = Array.from({ length: ROOMS }, (_, index) => ({
    tenant: 'bench',
    roomId: `size${size}-${index}`,
  }));
  const stops = rooms.map((room) => log.subscribe(room, () => {}));
  await Promise.all(rooms.map((room) => fill(log, room, size)));
  const [first = { tenant: '', roomId: '' }] = rooms;
  const times: number[] = []; // µs
  for (let turn = 0; turn < ONE_BY_ONE; turn += 1) {
    const beganMs = performance.now();
    await mute(log, first, turn, size);
    times.push(1_000 * (performance.now() - beganMs));
  }
  server.cli('CONFIG', 'RESETSTAT');
  const endMs = performance.now() + THROUGHPUT_MS;
  let commits = 0;
  await Promise.all(
    rooms.map(async (room) => {
      for (let turn = 0; performance.now() < endMs; turn += 1) {
        await mute(log, room, turn, size);
        commits += 1;
      }
    }),
  );
  const script = /cmdstat_evalsha:.*usec_per_call=([\d.]+)/.exec(server.cli('INFO', 'commandstats'))?.[1];
  for (const stop of stops) stop();
  const us = (percent: number) => `${percentile(times, percent)} µs`;
  const perSecond = Math.round(commits / (THROUGHPUT_MS / 1_000));
  return `Room log over Redis, rooms of ${size}: a commit takes p50 ${us(50)}, p99 ${us(99)}; one node does ${perSecond}/s in ${ROOMS} rooms; Redis works ${script} µs on each`;
}

/** So many people with a microphone each. */
async function fill(log: Log, room: Room, size: number): Promise<void> {
  for (let index = 0; index < size; index += 1) {
    const id = `p_${index}_abcdefghijklmnop`;
    const peer = {
      userId: `u_${id}`,
      displayName: `Person ${index}`,
      role: 'speaker',
      connection: 'online',
      joinedAtMs: Date.now(),
    };
    const publication = { peerId: id, source: 'mic', generation: 1, muted: false };
    const patches = [
      { entity: 'peer', id, set: peer },
      { entity: 'seat', id, set: { sessionEndsAtMs: Date.now() } },
      { entity: 'publication', id: `${id}.mic`, set: publication },
    ];
    await log.commit(room, { patches, reads: [], limits: [{ entity: 'peer', max: size }] });
  }
}

/** As a request does it: on what the node holds, conditional on what it read. */
async function mute(log: Log, room: Room, turn: number, size: number): Promise<void> {
  const id = `p_${turn % size}_abcdefghijklmnop.mic`;
  const state: RoomState = log.held(room) ?? (await log.read(room));
  const reads = [{ entity: 'publication', id, version: entityVersion(state, 'publication', id) }];
  const patches = [{ entity: 'publication', id, set: { muted: turn % 2 === 0 } }];
  const { status } = await log.commit(room, { patches, reads, limits: [] });
  if (status !== 'committed') throw new Error(status);
}
