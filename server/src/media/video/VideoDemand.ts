/**
 * Owns which encodings of one publication somebody watches, counted as viewers change, and when its publisher hears of it.
 * Does not own what a viewer needs (RoomVideo) nor how the publisher is told.
 */
import type { Clock } from '../../clock.ts';

/** An encoding that nobody watches goes on for so long: pages are turned back. */
const LINGER_MS = 2_000;

/** The demand for one generation of a publication. */
export class VideoDemand {
  readonly #clock: Clock;
  readonly #viewers: number[];
  readonly #onChange: (active: readonly boolean[]) => void;
  readonly #isUrgent: () => boolean;
  #muted: boolean;
  /** What the publisher was told last; all before it was told anything. */
  #told: readonly boolean[];
  #cancelLinger: () => void = () => {};

  /**
   * @param onChange gets which encodings are wanted, lowest first: at once when one more is, after a while when one less.
   * @param isUrgent whether what is not wanted is too much right now: then it is told without waiting.
   */
  constructor(options: {
    clock: Clock;
    encodings: number;
    muted: boolean;
    onChange: (active: readonly boolean[]) => void;
    isUrgent: () => boolean;
  }) {
    this.#clock = options.clock;
    this.#viewers = Array.from({ length: options.encodings }, () => 0);
    this.#told = this.#viewers.map(() => true);
    this.#onChange = options.onChange;
    this.#isUrgent = options.isUrgent;
    this.#muted = options.muted;
    this.#update();
  }

  /** What the publisher is to send, as it was told. */
  get active(): readonly boolean[] {
    return this.#told;
  }

  /** A viewer's need changed: bit n is encoding n, 0 none. */
  move(from: number, to: number): void {
    if (from === to) return;
    for (const encoding of this.#viewers.keys()) {
      const change = ((to >> encoding) & 1) - ((from >> encoding) & 1);
      this.#viewers[encoding] = (this.#viewers[encoding] ?? 0) + change;
    }
    this.#update();
  }

  /** Nothing is wanted of what is muted. */
  setMuted(muted: boolean): void {
    this.#muted = muted;
    this.#update();
  }

  /** Stops: nothing is told after that. */
  stop(): void {
    this.#cancelLinger();
  }

  #update(): void {
    const needed = this.#viewers.map((viewers) => viewers > 0 && !this.#muted);
    this.#cancelLinger();
    if (needed.some((need, encoding) => need && !this.#told[encoding])) {
      this.#tell(this.#told.map((told, encoding) => told || needed[encoding] === true));
    }
    if (this.#told.some((told, encoding) => told && !needed[encoding])) {
      const lingerMs = this.#isUrgent() ? 0 : LINGER_MS;
      this.#cancelLinger = this.#clock.setTimeout(() => this.#tell(needed), lingerMs);
    }
  }

  #tell(active: readonly boolean[]): void {
    this.#told = active;
    this.#onChange(active);
  }
}
