/**
 * Owns what a scenario can do: bring bots in, let the load stand, let them write, drop them, see them off. Everything that is seen
 * on the way is recorded. Does not own the order of it all: that is the scenario.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { BotPlan, CommandData } from '../process/messages.ts';
import { compareChatLogs, sumVerdicts } from '../report/compareChatLogs.ts';
import type { Observations } from '../report/Observations.ts';
import { expectedTracks } from './expectedTracks.ts';
import type { Fleet } from './Fleet.ts';
import type { Recorder } from './Recorder.ts';
import type { Random } from './random.ts';
import type { ServerWatch } from './ServerWatch.ts';
import type { Target } from './targets.ts';

/** Ctrl-C, or the loss of a bot process: the scenario ends here, the report does not. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** What a stage is made of. */
export interface StageOptions {
  readonly fleet: Fleet;
  readonly recorder: Recorder;
  readonly observations: Observations;
  readonly targets: readonly Target[];
  readonly servers: ServerWatch;
  readonly random: Random;
  readonly seed: number;
  readonly mint: (identity: string) => Promise<string | undefined>;
  /** Tells this run's rooms and bots from those of other runs. */
  readonly runId: string;
  /** Aborted: every wait ends with {@link Interrupted}. */
  readonly interrupt: AbortSignal;
}

const SETTLE_LIMIT_S = 20;
const AFTERMATH_S = 1;
/** Sockets of one source address: an address has some 28,000 ports, and servers limit how fast one connects. */
const BOTS_PER_ADDRESS = 1000;

/** Where a bot goes and comes from. */
type Place = Pick<BotPlan, 'id' | 'url' | 'localAddress'> & { readonly startAfterMs: 0 };

/** Where a scenario plays. */
export class Stage {
  readonly targets: readonly Target[];
  readonly observations: Observations;
  readonly random: Random;
  readonly #options: StageOptions;
  #memoryBefore: number | undefined;

  constructor(options: StageOptions) {
    this.#options = options;
    this.targets = options.targets;
    this.observations = options.observations;
    this.random = options.random;
  }

  /** A place in a room. All of a room go to one server, so that servers need not know each other. */
  seat(id: string, room: number, index: number, bots: number): Place & { readonly roomId: string } {
    const roomId = `load-${this.#options.runId}-${room + 1}`;
    return { ...this.#place(id, room, index, Math.ceil(bots / BOTS_PER_ADDRESS)), roomId };
  }

  /** A place in no room, coming from one of so many source addresses. */
  idler(id: string, index: number, addresses: number): Place {
    return this.#place(id, index, index, addresses);
  }

  /** Whether bots can have source addresses of their own. */
  get fromLoopback(): boolean {
    return this.targets.every(({ loopback }) => loopback);
  }

  /** Where a person would go, with a token of their own when there is a key. */
  async pageUrl(roomId: string, identity: string): Promise<string> {
    const token = await this.#options.mint(`${this.#options.runId}-${identity}`);
    const fragment = token === undefined ? '' : `#token=${token}`;
    return `${this.targets[0]?.url}/r/${roomId}${fragment}`;
  }

  #place(id: string, server: number, index: number, addresses: number): Place {
    const target = this.targets[server % this.targets.length];
    if (!target) throw new Error('There is at least one target');
    const place = { id: `${this.#options.runId}-${id}`, url: target.socketUrl, startAfterMs: 0 } as const;
    if (!target.loopback || addresses === 1) return place;
    // Addresses turn slower than servers do, so that every server sees all of them.
    const turn = Math.floor(index / this.targets.length) % addresses;
    return { ...place, localAddress: loopbackAddress(turn) };
  }

  /** Brings bots in, evenly over a time; failures are recorded, not thrown. */
  async join(plans: readonly BotPlan[], { overS = 0, phase = 'join' } = {}): Promise<void> {
    this.#phase(phase);
    const apartMs = plans.length > 0 ? (overS * 1000) / plans.length : 0;
    const due = plans.map((plan, index) => ({ ...plan, startAfterMs: index * apartMs }));
    const counts = plans.some(({ isScenery }) => !isScenery);
    if (counts) this.observations.joinsAsked += plans.length;
    const failures = await this.#wait(this.#options.fleet.start(due));
    this.observations.failures.add(failures);
    if (counts) this.observations.joinsFailed += failures.length;
  }

  /** Waits until everybody has every track, or a time is over. */
  async settle(limitS = SETTLE_LIMIT_S): Promise<void> {
    if (expectedTracks(this.#options.fleet.plans) === 0) return;
    this.#phase('settle');
    const deadlineMs = performance.now() + limitS * 1000;
    const isSettled = () => {
      const { tracksReceived = 0, tracksExpected = 1 } = this.#options.recorder.latest ?? {};
      return tracksReceived >= tracksExpected;
    };
    do await this.#pause(1);
    while (!isSettled() && performance.now() < deadlineMs);
    // What was lost while everybody came is given up only now.
    await this.#pause(AFTERMATH_S);
  }

  /** Lets the load stand. */
  async hold(seconds: number, phase = 'hold'): Promise<void> {
    this.#phase(phase);
    await this.#pause(seconds);
  }

  /** Some leave, others take their places. */
  async replace(leaving: readonly BotPlan[], coming: readonly BotPlan[]): Promise<void> {
    const { fleet } = this.#options;
    await this.#wait(fleet.leave(leaving.map(({ id }) => id)));
    this.observations.leaves += leaving.length;
    this.observations.joinsAsked += coming.length;
    const failures = await this.#wait(fleet.start(coming));
    this.observations.joinsFailed += failures.length;
    this.observations.failures.add(failures);
  }

  /** Drops every socket at once and waits until they are back. */
  async dropAll(limitS: number): Promise<void> {
    this.#phase('drop');
    const { backMs, resumed, missing } = await this.#wait(this.#options.fleet.cut(limitS * 1000));
    const before = this.observations.reconnects ?? { asked: 0, resumed: 0, backMs: [] };
    this.observations.reconnects = {
      asked: before.asked + backMs.length + missing,
      resumed: before.resumed + resumed,
      backMs: [...before.backMs, ...backMs],
    };
  }

  /** Lets bots write to their rooms at a steady rate. */
  async write(ids: readonly string[], how: Omit<CommandData<'write'>, 'ids' | 'seed'>): Promise<void> {
    this.#phase('write');
    await this.#wait(this.#options.fleet.write(ids, { ...how, seed: this.#options.seed }));
  }

  /** Compares what everybody wrote and read, room by room. */
  async compareChats(): Promise<void> {
    this.#phase('compare');
    const { fleet } = this.#options;
    await fleet.catchUp();
    const rooms = new Set(fleet.plans.flatMap(({ roomId }) => roomId ?? []));
    const verdicts = [];
    for (const roomId of rooms) verdicts.push(compareChatLogs(await fleet.chatLogs(roomId)));
    this.observations.chat = sumVerdicts(verdicts);
  }

  /** The last look at who has what, while the load still stands. */
  async lookAtTracks(): Promise<void> {
    const { fleet } = this.#options;
    const expected = expectedTracks(fleet.plans);
    if (expected === 0) return;
    const { tracksReceived: received } = await fleet.standing();
    this.observations.tracksPlanned = { received, expected };
    this.observations.tracks = await fleet.tracks();
  }

  /** What the servers hold before the load comes. */
  async weighServers(): Promise<void> {
    this.#memoryBefore = await this.#options.servers.weigh();
  }

  /** Which sockets stood to the end, and what each costs the servers. */
  async countSockets(): Promise<void> {
    const { bots: open, socketDrops: dropped } = await this.#options.fleet.standing();
    const asked = this.#options.fleet.plans.length;
    const memory = await this.#options.servers.weigh();
    const gained = memory !== undefined && this.#memoryBefore !== undefined && memory - this.#memoryBefore;
    const bytesEach = gained !== false && open > 0 ? Math.round(gained / open) : undefined;
    if (bytesEach === undefined) {
      this.observations.notes.push('Memory per socket is unknown: the servers do not run on this machine.');
    }
    this.observations.sockets = { asked, held: Math.max(0, open - dropped), bytesEach };
  }

  /** Waits for anything that a scenario does on its own. */
  async during<T>(phase: string, work: Promise<T>): Promise<T> {
    this.#phase(phase);
    return this.#wait(work);
  }

  #phase(phase: string): void {
    this.#options.recorder.phase = phase;
  }

  async #pause(seconds: number): Promise<void> {
    const { interrupt } = this.#options;
    await delay(seconds * 1000, undefined, { signal: interrupt }).catch(() => {
      throw new Interrupted();
    });
  }

  /** What was begun goes on behind an interruption; nobody waits for it any more. */
  #wait<T>(work: Promise<T>): Promise<T> {
    const { interrupt } = this.#options;
    return new Promise((resolve, reject) => {
      const give = () => reject(new Interrupted());
      if (interrupt.aborted) give();
      interrupt.addEventListener('abort', give, { once: true });
      work.then(resolve, reject).finally(() => interrupt.removeEventListener('abort', give));
    });
  }
}

/** 127.0.0.2, 127.0.0.3 and so on. */
const loopbackAddress = (index: number): string =>
  `127.0.${Math.floor((index + 2) / 256)}.${(index + 2) % 256}`;
