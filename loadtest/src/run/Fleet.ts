/**
 * Owns all bot processes of a run: spreads bots over them, asks all of them at once, knows who should be in.
 * Does not own what bots do (process/), what a scenario wants (scenarios/), nor what is recorded (Recorder).
 */
import type {
  BotPlan,
  ChatLog,
  CommandData,
  CommandName,
  CommandReply,
  Failure,
  JoinPhases,
  TrackRow,
} from '../process/messages.ts';
import { BotProcess } from './BotProcess.ts';

/** The bots of one run. */
export class Fleet {
  readonly #processes: BotProcess[];
  /** Who is meant to be in, and in which process. */
  readonly #placed = new Map<string, { readonly plan: BotPlan; readonly process: BotProcess }>();
  #next = 0;

  /** Starts the processes and waits until they can take bots. */
  static async create(processes: number, setUp: CommandData<'setUp'>): Promise<Fleet> {
    // The engine is native code: it is loaded only where there is media.
    const flags = setUp.media ? (await import('../bot/index.ts')).botProcessFlags : [];
    const fleet = new Fleet(processes, flags);
    try {
      await fleet.#askAll('setUp', setUp);
    } catch (error) {
      fleet.end();
      throw error;
    }
    return fleet;
  }

  private constructor(processes: number, flags: readonly string[]) {
    this.#processes = Array.from({ length: processes }, () => new BotProcess(flags));
  }

  get size(): number {
    return this.#processes.length;
  }

  /** Bots that are meant to be in. */
  get plans(): readonly BotPlan[] {
    return [...this.#placed.values()].map(({ plan }) => plan);
  }

  /** Starts bots, each at its time; resolves when every one is in or has failed. */
  async start(plans: readonly BotPlan[]): Promise<Failure[]> {
    const placed = plans.map((plan) => ({ plan, process: this.#nextProcess() }));
    for (const one of placed) this.#placed.set(one.plan.id, one);
    const shares = Map.groupBy(placed, ({ process }) => process);
    const answers = await Promise.all(
      [...shares].map(([process, own]) => process.ask('start', { bots: own.map(({ plan }) => plan) })),
    );
    return answers.flatMap(({ failures }) => failures);
  }

  async leave(ids: readonly string[]): Promise<void> {
    await this.#askHolders('leave', ids, (own) => ({ ids: own }));
    for (const id of ids) this.#placed.delete(id);
  }

  async leaveAll(): Promise<void> {
    await this.#askAll('leave', {});
  }

  samples(): Promise<CommandReply<'sample'>[]> {
    return this.#askAll('sample', {});
  }

  /** How all bots together stand. */
  async standing(): Promise<CommandReply<'standing'>> {
    const answers = await this.#askAll('standing', {});
    const sum = (of: (answer: CommandReply<'standing'>) => number) =>
      answers.reduce((total, answer) => total + of(answer), 0);
    return {
      bots: sum(({ bots }) => bots),
      tracksReceived: sum(({ tracksReceived }) => tracksReceived),
      socketDrops: sum(({ socketDrops }) => socketDrops),
    };
  }

  /** Cuts every socket at once. */
  async cut(limitMs: number): Promise<CommandReply<'cut'>> {
    const answers = await this.#askAll('cut', { limitMs });
    return {
      backMs: answers.flatMap(({ backMs }) => backMs),
      resumed: answers.reduce((sum, { resumed }) => sum + resumed, 0),
      missing: answers.reduce((sum, { missing }) => sum + missing, 0),
    };
  }

  /** Lets these bots write; resolves when all is acknowledged. */
  async write(ids: readonly string[], how: Omit<CommandData<'write'>, 'ids'>): Promise<void> {
    await this.#askHolders('write', ids, (own) => ({ ...how, ids: own }));
  }

  async catchUp(): Promise<void> {
    await this.#askAll('catchUp', {});
  }

  async chatLogs(roomId: string): Promise<ChatLog[]> {
    return (await this.#askAll('chatLogs', { roomId })).flatMap(({ logs }) => logs);
  }

  async joins(): Promise<JoinPhases[]> {
    return (await this.#askAll('joins', {})).flatMap(({ joins }) => joins);
  }

  async tracks(): Promise<TrackRow[]> {
    return (await this.#askAll('tracks', {})).flatMap(({ tracks }) => tracks);
  }

  /** Ends all processes at once. Idempotent. */
  end(): void {
    for (const process of this.#processes) process.end();
  }

  #askAll<N extends CommandName>(name: N, data: CommandData<N>): Promise<CommandReply<N>[]> {
    return Promise.all(this.#processes.map((process) => process.ask(name, data)));
  }

  async #askHolders<N extends CommandName>(
    name: N,
    ids: readonly string[],
    dataFor: (own: string[]) => CommandData<N>,
  ): Promise<void> {
    const shares = Map.groupBy(ids, (id) => this.#placed.get(id)?.process);
    await Promise.all([...shares].map(([process, own]) => process?.ask(name, dataFor(own))));
  }

  #nextProcess(): BotProcess {
    const process = this.#processes[this.#next % this.#processes.length];
    if (!process) throw new Error('A fleet has at least one process');
    this.#next += 1;
    return process;
  }
}
