/**
 * Owns when a bot speaks. Does not own what it sends meanwhile (AudioSource).
 */
import type { Speech } from '../types.ts';
import { seededRandom } from './random.ts';

/** Shortest and longest turn, and pause between turns, of somebody in a conversation. */
const TURN_MS = [1000, 5000] as const;
const PAUSE_MS = [2000, 12_000] as const;

/** The turns of one bot. */
export class Turns {
  readonly #pattern: Speech['pattern'];
  readonly #random: () => number;
  #isSpeaking: boolean;
  #nextChangeMs: number;

  constructor({ seed, pattern }: Speech, nowMs: number) {
    this.#pattern = pattern;
    this.#random = seededRandom(seed);
    this.#isSpeaking = pattern === 'continuous';
    // Somewhere within a pause: a room full of bots does not begin in chorus.
    this.#nextChangeMs =
      pattern === 'turns' ? nowMs + this.#random() * PAUSE_MS[1] : Number.POSITIVE_INFINITY;
  }

  /** When this turn or pause ends. */
  get nextChangeMs(): number {
    return this.#nextChangeMs;
  }

  /** Whether it speaks at a moment; moments may not go back. */
  isSpeaking(timeMs: number): boolean {
    while (timeMs >= this.#nextChangeMs && this.#pattern === 'turns') {
      this.#isSpeaking = !this.#isSpeaking;
      const [shortest, longest] = this.#isSpeaking ? TURN_MS : PAUSE_MS;
      this.#nextChangeMs += shortest + this.#random() * (longest - shortest);
    }
    return this.#isSpeaking;
  }
}
