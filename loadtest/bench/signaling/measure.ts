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

/** What follows something is part of it: batches wait a second at most. */
const ECHO_MS = 1_500;

/** Lets something happen and waits for its echo; gives its outcome, and the CPU that all of it cost the server. */
async function withCpu<T>(
  { pid }: Subject,
  happen: () => Promise<T>,
): Promise<{ outcome: T; serverCpuSeconds: number }> {
  const before = await cpuSeconds([pid]);
  const outcome = await happen();
  await delay(ECHO_MS);
  return { outcome, serverCpuSeconds: (await cpuSeconds([pid])) - before };
}

/** What one member heard since it began to count. */
const heardBy = (member: Member | undefined): { messages: number; bytes: number } => ({
  messages: member?.messages ?? 0,
  bytes: member?.bytes ?? 0,
});

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
export async function measureStorm(subject: Subject, people: number, spanMs: number): Promise<Storm> {
  const roomId = `storm-${people}`;
  const joinsMs: number[] = [];
  const { outcome: members, serverCpuSeconds } = await withCpu(subject, () =>
    within(spanMs, people, async (index) => {
      const beganMs = performance.now();
      const member = await Member.join(subject.url, roomId, `Person ${index}`);
      joinsMs.push(performance.now() - beganMs);
      return member;
    }),
  );
  const lagsMs = members.flatMap((member) => member.lagsMs);
  const heard = heardBy(members[0]);
  await leaveAll(members);
  return { joined: members.length, lagsMs, joinsMs, serverCpuSeconds, ...heard };
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
  const { url, viewerToken, speakerToken } = subject;
  const join = async (name: string, token: Promise<string>) =>
    Member.join(url, 'audience', name, await token);
  const speakers = await within(200, SPEAKERS, (index) => join(`s${index}`, speakerToken(`s${index}`)));
  for (const speaker of speakers) speaker.reset();
  const { outcome, serverCpuSeconds } = await withCpu(subject, () =>
    Promise.all([
      within(spanMs, viewers, (index) => join(`v${index}`, viewerToken(`v${index}`))),
      within(spanMs, LATE_SPEAKERS, (index) => join(`late${index}`, speakerToken(`late${index}`))),
    ]),
  );
  const [audience, late] = outcome;
  const everybody = [...speakers, ...audience, ...late];
  const lagsMs = everybody.flatMap((member) => member.lagsMs);
  const heard = heardBy(speakers[0]);
  await leaveAll(everybody);
  return { viewers: audience.length, lagsMs, serverCpuSeconds, ...heard };
}
