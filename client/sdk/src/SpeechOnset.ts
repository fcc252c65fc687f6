/**
 * Owns noticing that the person begins to speak, a few hundredths of a second after the fact: the server then makes room for them
 * before it has measured anything. Does not own what follows (the call tells the server, which checks).
 */
import { LevelProbe } from './LevelProbe.ts';

/** Two loud looks in a row are an onset: within 60 ms. Hidden tabs look less often; the server's own measurement is enough there. */
const LOOK_EVERY_MS = 20;
const LOUD_LOOKS = 2;
/** Speech stands out from the room by so much, and is at least so loud. */
const ABOVE_NOISE_DB = 12;
const SPEECH_DB = -50;
/** The idea of the room's noise follows what is softer at once, and what is louder slowly. */
const NOISE_RISES_DB = 0.04;
/** A pause between words is not the end of a turn. */
const QUIET_LOOKS = 20;
const APART_MS = 1000;

/** Listens to the own microphone. */
export class SpeechOnset {
  readonly #began: () => void;
  #track: MediaStreamTrack | null = null;
  #stop: (() => void) | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** @param began told of each onset, at most once a second. */
  constructor(began: () => void) {
    this.#began = began;
  }

  /** The track that is sent; null while muted. Without Web Audio nothing is ever noticed. */
  watch(track: MediaStreamTrack | null): void {
    if (track === this.#track) return;
    this.#track = track;
    this.#stop?.();
    this.#stop = track ? this.#listen(track) : undefined;
  }

  #listen(track: MediaStreamTrack): (() => void) | undefined {
    const probe = LevelProbe.open(track);
    if (!probe) return undefined;
    let [noise, loud, quiet] = [SPEECH_DB, 0, QUIET_LOOKS];
    const timer = setInterval(() => {
      const level = probe.decibels();
      const isLoud = level > Math.max(SPEECH_DB, noise + ABOVE_NOISE_DB);
      noise = Math.min(level, noise + NOISE_RISES_DB);
      loud = isLoud ? loud + 1 : 0;
      if (loud === LOUD_LOOKS && quiet >= QUIET_LOOKS) this.#tell();
      if (loud >= LOUD_LOOKS) quiet = 0;
      else if (!isLoud) quiet += 1;
    }, LOOK_EVERY_MS);
    return () => {
      clearInterval(timer);
      probe.close();
    };
  }

  #tell(): void {
    const nowMs = performance.now();
    if (nowMs - this.#lastMs < APART_MS) return;
    this.#lastMs = nowMs;
    this.#began();
  }
}
