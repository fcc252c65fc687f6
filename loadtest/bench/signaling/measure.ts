/**
 * Owns the three measurements of signaling at size: a storm of joins, what one join costs in rooms of several sizes, an audience.
 * Does not own the server nor what is printed (signaling.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds } from '../compare/cpuTime.ts';
import { Member } from './Member.ts';

/** A server to measure. */
export interface Subject {
  readonly url: string;
  readonly pid: number;
  /** For somebody who only watches. */
  readonly viewerToken: (identity: string) => Promise<string>;
  /** For somebody in the same rooms as viewers. */
  readonly speakerToken: (identity: string) => Promise<string>;
}

/** Calls `begin` at even distances; resolves with all that it gave. */
async function within<T>(spanMs: number, count: number, begin: (index: number) => Promise<T>): Promise<T[]> {
  const beganMs = performance.now();
  const begun: Promise<T>[] = [];
  for (let index = 0; index < count; index += 1) {
    await delay(Math.max(0, beganMs + (index * spanMs) / count - performance.now()));
    begun.push(begin(index));
  }
  return Promise.all(begun);
}

const leaveAll = (members: readonly Member[]): Promise<unknown> =>
  Promise.all(members.map((member) => member.leave()));

/** What a storm of joins did. */
export interface Storm {
  readonly joined: number;
  readonly lagsMs: readonly number[];
  readonly joinsMs: readonly number[];
  readonly serverCpuSeconds: number;
  /** Heard by the first member. */
  readonly messages: number;
  readonly bytes: number;
}

/** So many take a seat in one room, evenly over a time. */
export async function measureStorm({ url, pid }: Subject, people: number, spanMs: number): Promise<Storm> {
  const roomId = `storm-${people}`;
  const cpuBefore = await cpuSeconds([pid]);
  const joinsMs: number[] = [];
  const members = await within(spanMs, people, async (index) => {
    const beganMs = performance.now();
    const member = await Member.join(url, roomId, `Person ${index}`);
    joinsMs.push(performance.now() - beganMs);
    return member;
  });
  await delay(1_500);
  const lagsMs = members.flatMap((member) => member.lagsMs);
  const serverCpuSeconds = (await cpuSeconds([pid])) - cpuBefore;
  const [first] = members;
  const { messages = 0, bytes = 0 } = first ?? {};
  await leaveAll(members);
  return { joined: members.length, lagsMs, joinsMs, serverCpuSeconds, messages, bytes };
}

/** What one join costs in a room of a size. */
export interface JoinCost {
  readonly people: number;
  /** From the first byte of the connection to the answer to `join`. */
  readonly joinsMs: readonly number[];
  /** For a join and the leave that follows. */
  readonly serverCpuMs: number;
  readonly toJoinerBytes: number;
  /** To each of the others, for a join and the leave that follows. */
  readonly toOthersBytes: number;
}

const ROUNDS = 4;
const JOINS_PER_ROUND = 50;

/** Fills a room for each size, then joins and leaves them one after the other, in turns so that a slow moment hits all alike. */
export async function measureJoinCosts({ url, pid }: Subject, sizes: readonly number[]): Promise<JoinCost[]> {
  const rooms: Member[][] = [];
  for (const size of sizes) {
    const name = (index: number) => `Person ${index}`;
    rooms.push(await within(size * 8, size, (index) => Member.join(url, `of-${size}`, name(index))));
  }
  const costs = sizes.map((people) => ({
    people,
    joinsMs: [] as number[],
    serverCpuMs: 0,
    toJoinerBytes: 0,
    toOthersBytes: 0,
  }));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, cost] of costs.entries()) {
      await delay(1_500);
      for (const member of rooms[index] ?? []) member.reset();
      const cpuBefore = await cpuSeconds([pid]);
      for (let join = 0; join < JOINS_PER_ROUND; join += 1) {
        const beganMs = performance.now();
        const member = await Member.join(url, `of-${cost.people}`, `Joiner ${join}`);
        cost.joinsMs.push(performance.now() - beganMs);
        cost.toJoinerBytes = member.joinedBytes;
        await member.leave();
        // As people come: not faster than the room's fan-out is read here.
        await delay(20);
      }
      await delay(300);
      cost.serverCpuMs += ((await cpuSeconds([pid])) - cpuBefore) * 1_000;
      cost.toOthersBytes += rooms[index]?.[0]?.bytes ?? 0;
    }
  }
  await Promise.all(rooms.map(leaveAll));
  const joins = ROUNDS * JOINS_PER_ROUND;
  return costs.map((cost) => ({
    ...cost,
    serverCpuMs: cost.serverCpuMs / joins,
    toOthersBytes: cost.toOthersBytes / joins,
  }));
}

/** What an audience that comes in did to those who speak. */
export interface Audience {
  readonly viewers: number;
  /** Of the speakers who came in at the same time. */
  readonly lagsMs: readonly number[];
  readonly serverCpuSeconds: number;
  /** Heard by one speaker. */
  readonly messages: number;
  readonly bytes: number;
}

const SPEAKERS = 10;
const LATE_SPEAKERS = 20;

/** Viewers come in, evenly over a time, to a room of ten; meanwhile a few more speakers do. */
export async function measureAudience(subject: Subject, viewers: number, spanMs: number): Promise<Audience> {
  const { url, pid, viewerToken, speakerToken } = subject;
  const join = async (name: string, token: Promise<string>) =>
    Member.join(url, 'audience', name, await token);
  const speakers = await within(200, SPEAKERS, (index) => join(`s${index}`, speakerToken(`s${index}`)));
  for (const speaker of speakers) speaker.reset();
  const cpuBefore = await cpuSeconds([pid]);
  const [audience, late] = await Promise.all([
    within(spanMs, viewers, (index) => join(`v${index}`, viewerToken(`v${index}`))),
    within(spanMs, LATE_SPEAKERS, (index) => join(`late${index}`, speakerToken(`late${index}`))),
  ]);
  await delay(1_500);
  const serverCpuSeconds = (await cpuSeconds([pid])) - cpuBefore;
  const lagsMs = [...speakers, ...audience, ...late].flatMap((member) => member.lagsMs);
  const { messages = 0, bytes = 0 } = speakers[0] ?? {};
  await leaveAll([...speakers, ...audience, ...late]);
  return { viewers: audience.length, lagsMs, serverCpuSeconds, messages, bytes };
}
