/**
 * Owns which microphones of a room are worth subscribing to, so that who begins to speak is heard without a subscription first:
 * those that were unmuted or spoke last. Does not own which of them are sent (LoudestMics) nor who is told how.
 */
import type { Clock } from '../../clock.ts';

/** Listeners hold no more consumers of microphones than this. */
const POOL_SIZE = 12;
/** A member that spoke within this time is not given up for somebody who speaks as well. */
const SPEAKING_MS = 1_500;
/** Changes are told at once, but no faster than this: each makes every listener subscribe anew. */
const TELL_INTERVAL_MS = 250;

interface Mic {
  open: boolean;
  /** Unmuted, or heard. */
  activeAtMs: number;
}

/** The pool of one room. */
export class MicPool {
  readonly #clock: Clock;
  readonly #size: number;
  readonly #onChange: (ids: readonly string[]) => void;
  readonly #mics = new Map<string, Mic>();
  /** Most recent first. */
  #members: string[] = [];
  #told: ReadonlySet<string> = new Set();
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #cancelTelling: (() => void) | undefined;

  /** @param onChange gets the members, most recent speaker first; called only when it is not the same ones as before. */
  constructor(options: { clock: Clock; onChange: (ids: readonly string[]) => void; size?: number }) {
    this.#clock = options.clock;
    this.#onChange = options.onChange;
    this.#size = options.size ?? POOL_SIZE;
  }

  /** Microphones worth subscribing to, most recent first. */
  get members(): readonly string[] {
    return this.#members;
  }

  /** A microphone is there; unmuted it goes ahead of those that have been quiet longest. */
  set(id: string, open: boolean): void {
    const before = this.#mics.get(id);
    if (before?.open === open) return;
    if (open) {
      this.#mics.set(id, { open, activeAtMs: this.#clock.monotonicMs() });
      this.#enter(id, this.#leastNeeded());
    } else {
      this.#mics.set(id, { open, activeAtMs: before?.activeAtMs ?? Number.NEGATIVE_INFINITY });
      // Only for as long as nobody else needs the place.
      if (this.#members.length < this.#size) this.#enter(id, undefined);
      else if (this.#members.includes(id) && this.#hasOpenOutsider()) this.#refill(id);
    }
    this.#tellSoon();
  }

  /** A microphone is gone. */
  remove(id: string): void {
    if (!this.#mics.delete(id)) return;
    if (this.#members.includes(id)) this.#refill(id);
    this.#tellSoon();
  }

  /**
   * Somebody speaks, measured or as hinted.
   * @param sent it is among those that are sent, so listeners need it, whoever else speaks.
   */
  spoke(id: string, sent: boolean): void {
    const mic = this.#mics.get(id);
    if (!mic?.open) return;
    const now = this.#clock.monotonicMs();
    mic.activeAtMs = now;
    const last = this.#leastNeeded();
    const quiet = last === undefined || !this.#isSpeaking(last, now);
    if (this.#members.includes(id) || sent || quiet) this.#enter(id, last);
    this.#tellSoon();
  }

  /** Stops: nothing is told after that. */
  stop(): void {
    this.#cancelTelling?.();
    this.#cancelTelling = () => {};
  }

  #isSpeaking(id: string, now: number): boolean {
    const mic = this.#mics.get(id);
    return mic?.open === true && now - mic.activeAtMs < SPEAKING_MS;
  }

  #enter(id: string, victim: string | undefined): void {
    const others = this.#members.filter((member) => member !== id);
    if (others.length >= this.#size) others.splice(others.indexOf(victim ?? ''), 1);
    this.#members = [id, ...others];
  }

  /** The member that goes when another one comes: muted, else quiet for longest. */
  #leastNeeded(): string | undefined {
    if (this.#members.length < this.#size) return undefined;
    return this.#members.reduce((least, member) => (this.#precedes(least, member) ? member : least));
  }

  #hasOpenOutsider(): boolean {
    return [...this.#mics].some(([id, { open }]) => open && !this.#members.includes(id));
  }

  /** Gives the place of one who leaves to who was active last. */
  #refill(leaving: string): void {
    this.#members = this.#members.filter((member) => member !== leaving);
    const outsiders = [...this.#mics.keys()].filter((id) => id !== leaving && !this.#members.includes(id));
    const best = outsiders.reduce<string | undefined>(
      (first, id) => (first === undefined || this.#precedes(id, first) ? id : first),
      undefined,
    );
    if (best !== undefined) this.#members.push(best);
  }

  #precedes(one: string, other: string): boolean {
    const [a, b] = [this.#mics.get(one), this.#mics.get(other)];
    if (a?.open !== b?.open) return a?.open === true;
    return (a?.activeAtMs ?? 0) > (b?.activeAtMs ?? 0);
  }

  #tellSoon(): void {
    if (this.#cancelTelling || this.#isTold()) return;
    const wait = this.#toldAtMs + TELL_INTERVAL_MS - this.#clock.monotonicMs();
    this.#cancelTelling = this.#clock.setTimeout(
      () => {
        this.#cancelTelling = undefined;
        if (this.#isTold()) return;
        this.#told = new Set(this.#members);
        this.#toldAtMs = this.#clock.monotonicMs();
        this.#onChange(this.#members);
      },
      Math.max(0, wait),
    );
  }

  #isTold(): boolean {
    return (
      this.#told.size === this.#members.length && this.#members.every((member) => this.#told.has(member))
    );
  }
}
