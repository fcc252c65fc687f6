/**
 * Owns the bots of one process: starts them when they are due, sums up what they tell, ends them.
 * Does not own how a bot behaves (bot/, socket/) nor which bots there are (the coordinator decides).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { CallError } from '@parley/protocol';
import { seededRandom } from '../run/random.ts';
import { SocketBot, type SocketBotEvents } from '../socket/SocketBot.ts';
import { add, emptyCounters } from './counters.ts';
import { MediaBots } from './MediaBots.ts';
import type {
  BotPlan,
  CommandData,
  CommandName,
  CommandReply,
  Counters,
  Failure,
  JoinPhases,
} from './messages.ts';
import { SelfWatch } from './SelfWatch.ts';
import { tokenMint } from './tokens.ts';

/** Answers every command of the table. */
export type Handlers = { readonly [N in CommandName]: (data: CommandData<N>) => Promise<CommandReply<N>> };

/** The bots of a process. */
export class BotHost {
  readonly #watch = new SelfWatch();
  readonly #sockets = new Map<string, SocketBot>();
  #media = new MediaBots(tokenMint(undefined));
  #mint = tokenMint(undefined);
  readonly #counters: Counters = emptyCounters();
  readonly #pastJoins: JoinPhases[] = [];
  #pingsMs: number[] = [];
  #failures: Failure[] = [];
  readonly #scenery = new Set<string>();
  #leaving = false;

  readonly #events: SocketBotEvents = {
    pinged: (timeMs) => this.#pingsMs.push(Math.round(timeMs * 100) / 100),
    failed: (what, error) => this.#failures.push(toFailure(what, error)),
    dropped: () => this.#count('socketDrops'),
    messageSent: () => this.#count('messagesSent'),
    messageReceived: () => this.#count('messagesReceived'),
  };

  readonly handlers: Handlers = {
    setUp: async ({ tokenKey, media }) => {
      this.#mint = tokenMint(tokenKey);
      this.#media = new MediaBots(this.#mint);
      if (media) await this.#media.prepare();
      return {};
    },
    start: async ({ bots }) => {
      const failures = await Promise.all(bots.map((plan) => this.#start(plan)));
      return { failures: failures.filter((failure) => failure !== undefined) };
    },
    sample: async () => this.#sample(),
    standing: async () => {
      const { bots, tracksReceived } = this.#media.sample();
      return { bots: bots + this.#sockets.size, tracksReceived, socketDrops: this.#counters.socketDrops };
    },
    leave: async ({ ids }) => {
      if (!ids) this.#leaving = true;
      await this.#leave(ids ?? [...this.#sockets.keys(), ...this.#media.bots.keys()]);
      return {};
    },
    cut: async ({ limitMs }) => {
      const returns = await Promise.all([...this.#sockets.values()].map((bot) => bot.cut(limitMs)));
      const back = returns.filter((one) => one !== undefined);
      return {
        backMs: back.map(({ backMs }) => backMs),
        resumed: back.filter(({ resumed }) => resumed).length,
        missing: returns.length - back.length,
      };
    },
    write: async ({ ids, seed, ...rate }) => {
      const writers = ids.map((id) => this.#sockets.get(id)?.chat).filter((chat) => chat !== undefined);
      await Promise.all(writers.map((chat, index) => chat.write(rate, seededRandom(seed + index))));
      return {};
    },
    catchUp: async () => {
      await Promise.all([...this.#sockets.values()].map((bot) => bot.catchUp()));
      return {};
    },
    chatLogs: async ({ roomId }) => {
      const logs = [...this.#sockets.values()].map(({ chat }) => chat?.log);
      return { logs: logs.filter((log) => log !== undefined).filter((log) => log.roomId === roomId) };
    },
    joins: async () => {
      const present = [...this.#sockets, ...this.#media.bots].map(([id, bot]) => this.#measured(id, bot));
      return { joins: [...this.#pastJoins, ...present.flat()] };
    },
    tracks: async () => ({ tracks: this.#media.tracks() }),
  };

  async #start(plan: BotPlan): Promise<Failure | undefined> {
    await delay(plan.startAfterMs);
    if (this.#leaving) return undefined;
    if (plan.isScenery) this.#scenery.add(plan.id);
    try {
      if (plan.media) await this.#media.start(plan, plan.media);
      else {
        const { id, url, localAddress, roomId } = plan;
        const token = () => this.#mint(id);
        const bot = await SocketBot.join({ id, url, localAddress, roomId, token }, this.#events);
        this.#sockets.set(id, bot);
      }
      // It came in while the others were told to go.
      if (this.#leaving) await this.#leave([plan.id]);
      return undefined;
    } catch (error) {
      return toFailure('join', error);
    }
  }

  async #leave(ids: readonly string[]): Promise<void> {
    const waits = ids.map(async (id) => {
      const bot = this.#sockets.get(id) ?? this.#media.bots.get(id);
      if (!bot) return;
      this.#pastJoins.push(...this.#measured(id, bot));
      if (this.#sockets.delete(id)) await bot.leave();
      else await this.#media.leave(id);
    });
    await Promise.all(waits);
  }

  /** How a bot came; nothing of one that is part of the scene. */
  #measured(id: string, { phases }: { readonly phases: JoinPhases }): JoinPhases[] {
    return this.#scenery.has(id) ? [] : [phases];
  }

  #count(name: keyof Counters): void {
    this.#counters[name] += 1;
  }

  #sample(): CommandReply<'sample'> {
    const { bots, tracksReceived, tracksExpected, counters } = this.#media.sample();
    const sample = {
      ...this.#watch.take(),
      bots: bots + this.#sockets.size,
      tracksReceived,
      tracksExpected,
      counters: add(counters, this.#counters),
      pingsMs: this.#pingsMs,
      failures: this.#failures,
    };
    this.#pingsMs = [];
    this.#failures = [];
    return sample;
  }
}

function toFailure(what: string, error: unknown): Failure {
  if (error instanceof CallError) {
    const cause = error.details?.cause;
    return {
      what,
      code: error.code,
      message: cause === undefined ? error.message : `${error.message} (${cause})`,
    };
  }
  return {
    what,
    code: 'internal',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}
