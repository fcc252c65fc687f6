/**
 * Owns looking at a worker's load four times a second, and telling when it sheds more or less.
 * Does not own the look (readLoad.ts), the decision (ShedPolicy), nor what is shed (video/).
 */
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import type { Load, ReadLoad } from './readLoad.ts';
import { ShedPolicy } from './ShedPolicy.ts';

/** A socket's buffer holds about half a second of what comes in at twice the load that can be carried: there is time for two looks. */
const LOOK_EVERY_MS = 250;

export class LoadWatch {
  readonly #clock: Clock;
  readonly #read: ReadLoad;
  readonly #log: Logger;
  readonly #onChange: () => void;
  readonly #policy = new ShedPolicy();
  #cancelTimer: () => void = () => {};

  /** @param onChange is called when the level is another one. */
  constructor(options: { clock: Clock; read: ReadLoad; log: Logger; onChange: () => void }) {
    this.#clock = options.clock;
    this.#read = options.read;
    this.#log = options.log;
    this.#onChange = options.onChange;
    this.#lookLater();
  }

  /** See ShedPolicy. */
  get level(): number {
    return this.#policy.level;
  }

  /** Stops; nothing is told after that. */
  stop(): void {
    this.#cancelTimer();
  }

  #lookLater(): void {
    this.#cancelTimer = this.#clock.setTimeout(() => this.#look(), LOOK_EVERY_MS);
  }

  #look(): void {
    this.#lookLater();
    const nowMs = this.#clock.monotonicMs();
    const load = this.#read(nowMs);
    if (!load) return;
    const before = this.level;
    this.#policy.look(load, nowMs);
    if (this.level === before) return;
    this.#logChange(before, load);
    this.#onChange();
  }

  #logChange(before: number, { busy, queuedBytes, dropped }: Load): void {
    const { level } = this;
    const numbers = { level, before, busyPercent: Math.round(busy * 100), queuedBytes, dropped };
    if (level > before) this.#log.warn(numbers, 'media worker is full: it sends fewer pictures');
    else this.#log.info(numbers, 'media worker has room again: it sends more pictures');
  }
}
