/**
 * Owns who counts as speaking in a room, with enough hysteresis that the marks on the screen do not flicker.
 * Does not own the measuring (mediasoup's AudioLevelObserver) nor who is told.
 */
import type { Clock } from '../clock.ts';

/** A peer's average level over one report. */
export interface Level {
  readonly peerId: string;
  /** -127 (silence) to 0 (loudest), RFC 6464. */
  readonly dBov: number;
}

/** Reports in a row before somebody counts as speaking: a cough or a key is shorter. */
const REPORTS_TO_START = 2;
/** A pause between two sentences does not end speaking. */
const HOLD_MS = 1500;
/** Somebody ranks before another only when louder by this much. */
const RANK_MARGIN_DB = 6;
/** Weight of the newest report in a peer's smoothed level. */
const SMOOTHING = 0.5;
const SILENCE_DBOV = -127;

interface Voice {
  /** Who measures it. */
  observer: unknown;
  /** Smoothed. */
  dBov: number;
  reports: number;
  heardAtMs: number;
}

export class ActiveSpeakers {
  readonly #clock: Clock;
  readonly #onChange: (peerIds: readonly string[]) => void;
  readonly #voices = new Map<string, Voice>();
  /** Loudest first; what was told last. */
  #speaking: readonly string[] = [];
  #cancelTimer: () => void = () => {};

  /** @param onChange gets the peers who speak, loudest first; called only when that list changed. */
  constructor(clock: Clock, onChange: (peerIds: readonly string[]) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /**
   * One report: everybody who was above the threshold.
   * @param observer who measured. A room on several workers has one on each, and each knows of silence only where it listens.
   */
  report(levels: readonly Level[], observer: unknown): void {
    const now = this.#clock.monotonicMs();
    const heard = new Map(levels.map(({ peerId, dBov }) => [peerId, dBov]));
    for (const [peerId, voice] of this.#voices) {
      if (heard.has(peerId)) voice.observer = observer;
      if (voice.observer !== observer) continue;
      const dBov = heard.get(peerId) ?? SILENCE_DBOV;
      voice.dBov += SMOOTHING * (dBov - voice.dBov);
      voice.reports = heard.has(peerId) ? voice.reports + 1 : 0;
      if (heard.has(peerId)) voice.heardAtMs = now;
    }
    for (const [peerId, dBov] of heard) {
      if (!this.#voices.has(peerId)) this.#voices.set(peerId, { observer, dBov, reports: 1, heardAtMs: now });
    }
    this.#update();
  }

  /** A peer fell silent for certain: muted, or gone. */
  remove(peerId: string): void {
    if (this.#voices.delete(peerId)) this.#update();
  }

  /** Stops: nobody speaks any more, and nothing is told after that. */
  close(): void {
    this.#voices.clear();
    this.#update();
  }

  #update(): void {
    this.#cancelTimer();
    const now = this.#clock.monotonicMs();
    for (const [peerId, { heardAtMs }] of this.#voices) {
      if (now - heardAtMs >= HOLD_MS) this.#voices.delete(peerId);
    }
    const speaking = this.#rank();
    if (this.#voices.size > 0) {
      // The observer reports nothing in silence, so the end of the hold is ours to notice.
      const firstEndMs = Math.min(...[...this.#voices.values()].map((voice) => voice.heardAtMs + HOLD_MS));
      this.#cancelTimer = this.#clock.setTimeout(() => this.#update(), firstEndMs - now);
    }
    if (speaking.join() === this.#speaking.join()) return;
    this.#speaking = speaking;
    this.#onChange(speaking);
  }

  /** Keeps the order that was told, except where somebody is clearly louder than the one before. */
  #rank(): string[] {
    const before = this.#speaking.filter((peerId) => this.#voices.has(peerId));
    const started = [...this.#voices]
      .filter(([peerId, { reports }]) => reports >= REPORTS_TO_START && !before.includes(peerId))
      .map(([peerId]) => peerId);
    const ranked: string[] = [];
    for (const peerId of [...before, ...started]) {
      const dBov = this.#voices.get(peerId)?.dBov ?? SILENCE_DBOV;
      const quieter = ranked.findIndex(
        (other) => dBov > (this.#voices.get(other)?.dBov ?? SILENCE_DBOV) + RANK_MARGIN_DB,
      );
      ranked.splice(quieter === -1 ? ranked.length : quieter, 0, peerId);
    }
    return ranked;
  }
}
