/**
 * Owns the bots with media of one process, and loads the native WebRTC stack only when there are any.
 * Does not own how such a bot behaves (bot/).
 */
import type { Bot, BotSample, PreparedMedia } from '../bot/index.ts';
import { add, emptyCounters } from './counters.ts';
import type { BotPlan, Counters, TrackRow } from './messages.ts';

/** Sums over the bots that are in, and counters over all that ever were. */
interface MediaSample {
  readonly bots: number;
  readonly tracksReceived: number;
  readonly tracksExpected: number;
  readonly counters: Counters;
}

/** The bots of calls. */
export class MediaBots {
  readonly #mint: (identity: string) => Promise<string | undefined>;
  readonly #bots = new Map<string, Bot>();
  #engine: typeof import('../bot/index.ts') | undefined;
  #media: PreparedMedia | undefined;
  readonly #past: Counters = emptyCounters();

  constructor(mint: (identity: string) => Promise<string | undefined>) {
    this.#mint = mint;
  }

  /** Loads the engine and what its bots publish. */
  async prepare(): Promise<void> {
    this.#engine = await import('../bot/index.ts');
    this.#media = await this.#engine.prepareMedia();
  }

  /** @throws CallError */
  async start(
    plan: BotPlan,
    { publish, subscribe, view, speech }: NonNullable<BotPlan['media']>,
  ): Promise<void> {
    const { id, url, localAddress, roomId } = plan;
    if (!this.#engine || !this.#media || roomId === undefined) throw new Error('No media was prepared');
    const token = await this.#mint(id);
    const bot = await this.#engine.Bot.join({
      url,
      roomId,
      displayName: id,
      ...(token !== undefined && { token }),
      ...(localAddress !== undefined && { localAddress }),
      publish,
      subscribe,
      ...(view && { view }),
      speech,
      media: this.#media,
    });
    this.#bots.set(id, bot);
  }

  /** Those that are in, by id. */
  get bots(): ReadonlyMap<string, Bot> {
    return this.#bots;
  }

  async leave(id: string): Promise<void> {
    const bot = this.#bots.get(id);
    if (!bot) return;
    this.#bots.delete(id);
    add(this.#past, countersOf(bot.sample()));
    await bot.leave();
  }

  tracks(): TrackRow[] {
    return [...this.#bots].flatMap(([botId, bot]) => bot.tracks().map((track) => ({ botId, ...track })));
  }

  sample(): MediaSample {
    let [tracksReceived, tracksExpected] = [0, 0];
    const counters = add(emptyCounters(), this.#past);
    for (const bot of this.#bots.values()) {
      const sample = bot.sample();
      tracksReceived += sample.tracksReceived;
      tracksExpected += sample.tracksExpected;
      add(counters, countersOf(sample));
    }
    return { bots: this.#bots.size, tracksReceived, tracksExpected, counters };
  }
}

function countersOf(sample: BotSample): Partial<Counters> {
  const { sentPackets, sentBytes, receivedPackets, receivedBytes, lost, recovered, freezes, audioGaps } =
    sample;
  return { sentPackets, sentBytes, receivedPackets, receivedBytes, lost, recovered, freezes, audioGaps };
}
