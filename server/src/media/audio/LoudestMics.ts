/**
 * Owns which microphones of a room are sent: the loudest few, with enough hysteresis that places do not change hands at every breath,
 * and what a talker's hint is worth. Does not own the measuring (SpeakerObserver) nor consumers (RoomAudio).
 */
import type { Clock } from '../../clock.ts';
import type { Level } from '../ActiveSpeakers.ts';

/** Who counts as loudest: `heard` are sent to everybody, `next` to those of them who would hear one less, not hearing themselves. */
export interface Ranking {
  readonly heard: readonly string[];
  readonly next: string | undefined;
}

/** What became of a hint; whether it gave a place is seen in the ranking. */
export type HintOutcome = 'believed' | 'ignored' | 'no-mic';

/** Not measured for so long: silent, one report (300 ms) and a half. */
const SILENT_AFTER_MS = 450;
/** Somebody who speaks loses the place only to one who is louder by this much. */
const MARGIN_DB = 6;
/** And who has been so for as many reports: a cough or a key is shorter. */
const REPORTS_TO_DISPLACE = 2;
/** Weight of the newest report in a level. */
const SMOOTHING = 0.5;
/** A hint holds a place for so long without being measured: two reports, and their way. */
const HINT_CHECK_MS = 750;
/** So long are hints of somebody ignored whose hint was not true, twice as long each further time, */
const FIRST_DISTRUST_MS = 2_000;
/** but not longer than this. */
const MAX_DISTRUST_MS = 300_000;

interface Voice {
  readonly openedAtMs: number;
  /** Smoothed while the peer speaks. */
  dBov: number;
  /** In a row. */
  reports: number;
  heardAtMs: number;
  /** Until then a hint holds its place. */
  hintedUntilMs: number | undefined;
}

interface Distrust {
  untilMs: number;
  lengthMs: number;
}

/** Ranks the open microphones of one room. */
export class LoudestMics {
  readonly #clock: Clock;
  readonly #count: number;
  readonly #onChange: (now: Ranking, before: Ranking) => void;
  readonly #voices = new Map<string, Voice>();
  readonly #distrusted = new Map<string, Distrust>();
  #ranking: Ranking = { heard: [], next: undefined };
  #cancelCheck: () => void = () => {};

  /** @param count how many everybody hears. `onChange` is called only when the ranking changed. */
  constructor(options: {
    clock: Clock;
    count: number;
    onChange: (now: Ranking, before: Ranking) => void;
  }) {
    this.#clock = options.clock;
    this.#count = options.count;
    this.#onChange = options.onChange;
  }

  get ranking(): Ranking {
    return this.#ranking;
  }

  /** A microphone is there, unmuted. */
  open(peerId: string): void {
    if (this.#voices.has(peerId)) return;
    this.#voices.set(peerId, {
      openedAtMs: this.#clock.monotonicMs(),
      dBov: -127,
      reports: 0,
      heardAtMs: Number.NEGATIVE_INFINITY,
      hintedUntilMs: undefined,
    });
    this.#rank();
  }

  /** A microphone is muted, or gone. With it goes a hint that was not measured yet: muting in time must not make it true. */
  close(peerId: string): void {
    const voice = this.#voices.get(peerId);
    if (!voice) return;
    this.#voices.delete(peerId);
    if (voice.hintedUntilMs !== undefined) this.#distrust(peerId, this.#clock.monotonicMs());
    this.#rank();
  }

  /** A report of one worker: those of its microphones that were above the threshold. */
  report(levels: readonly Level[]): void {
    const now = this.#clock.monotonicMs();
    for (const { peerId, dBov } of levels) {
      const voice = this.#voices.get(peerId);
      if (!voice) continue;
      const goesOn = this.#isMeasured(voice, now);
      voice.dBov = goesOn ? voice.dBov + SMOOTHING * (dBov - voice.dBov) : dBov;
      voice.reports = goesOn ? voice.reports + 1 : 1;
      voice.heardAtMs = now;
      if (voice.hintedUntilMs === undefined) continue;
      voice.hintedUntilMs = undefined;
      this.#distrusted.delete(peerId);
    }
    this.#rank();
  }

  /**
   * A peer says that it begins to speak: it gets a place at once where that takes nothing from anybody who is heard, and has to be
   * measured soon.
   */
  hint(peerId: string): HintOutcome {
    const voice = this.#voices.get(peerId);
    if (!voice) return 'no-mic';
    const now = this.#clock.monotonicMs();
    const distrust = this.#distrusted.get(peerId);
    if (distrust !== undefined && now < distrust.untilMs) return 'ignored';
    if (voice.hintedUntilMs !== undefined || this.#isMeasured(voice, now)) return 'believed';
    // Also where there is no place for it: the pool believes it as well.
    this.#trust(voice, now);
    const { heard, next } = this.#ranking;
    if (heard.includes(peerId)) return 'believed';
    const places = next === undefined ? heard : [...heard, next];
    const silent = this.#mostSilent(heard, now) ?? this.#mostSilent(places, now);
    // Everybody else who has a place is speaking: the measured level decides.
    if (silent === undefined) return 'believed';
    this.#become({
      heard: heard.map((other) => (other === silent ? peerId : other)),
      // Whoever was next stays so, unless it is the one who moves.
      next: next === peerId ? silent : next === silent ? peerId : next,
    });
    return 'believed';
  }

  /** Stops: nothing is told after that. */
  stop(): void {
    this.#cancelCheck();
    this.#voices.clear();
  }

  #trust(voice: Voice, now: number): void {
    voice.hintedUntilMs = now + HINT_CHECK_MS;
    this.#checkLater();
  }

  #checkLater(): void {
    this.#cancelCheck();
    const dues = [...this.#voices.values()].flatMap(({ hintedUntilMs }) => hintedUntilMs ?? []);
    if (dues.length === 0) return;
    const wait = Math.max(0, Math.min(...dues) - this.#clock.monotonicMs());
    this.#cancelCheck = this.#clock.setTimeout(() => this.#check(), wait);
  }

  /** Hints that were not measured in time lose their place. */
  #check(): void {
    const now = this.#clock.monotonicMs();
    const liars: string[] = [];
    for (const [peerId, voice] of this.#voices) {
      if (voice.hintedUntilMs === undefined || voice.hintedUntilMs > now) continue;
      voice.hintedUntilMs = undefined;
      this.#distrust(peerId, now);
      liars.push(peerId);
    }
    this.#rank(new Set(liars));
    this.#checkLater();
  }

  #distrust(peerId: string, now: number): void {
    for (const [other, { untilMs, lengthMs }] of this.#distrusted) {
      if (now - untilMs > lengthMs) this.#distrusted.delete(other);
    }
    const lengthMs = Math.min(
      (this.#distrusted.get(peerId)?.lengthMs ?? FIRST_DISTRUST_MS / 2) * 2,
      MAX_DISTRUST_MS,
    );
    this.#distrusted.set(peerId, { untilMs: now + lengthMs, lengthMs });
  }

  #rank(leaving: ReadonlySet<string> = new Set()): void {
    const { heard: before, next } = this.#ranking;
    const heard = this.#settle(before, this.#count, leaving, new Set());
    const [second] = this.#settle(next === undefined ? [] : [next], 1, leaving, new Set(heard));
    this.#become({ heard, next: second });
  }

  /** Fills places: who has one keeps it, unless they left, or somebody who speaks takes it over. */
  #settle(
    seated: readonly string[],
    size: number,
    leaving: ReadonlySet<string>,
    taken: ReadonlySet<string>,
  ): string[] {
    const now = this.#clock.monotonicMs();
    const open = (peerId: string) => this.#voices.has(peerId) && !taken.has(peerId);
    const places = seated.filter((peerId) => open(peerId) && !leaving.has(peerId)).slice(0, size);
    const waiting = [...this.#voices]
      .filter(([peerId]) => open(peerId) && !places.includes(peerId))
      .sort(
        ([oneId, one], [otherId, other]) =>
          Number(leaving.has(oneId)) - Number(leaving.has(otherId)) || this.#byClaim(one, other, now),
      );
    for (const [peerId, voice] of waiting) {
      if (places.length < size) {
        places.push(peerId);
        continue;
      }
      if (!this.#isMeasured(voice, now)) break;
      const loser = this.#loserTo(voice, places, now);
      if (loser === undefined) break;
      places[places.indexOf(loser)] = peerId;
    }
    return places;
  }

  /** Those who speak first, the louder the earlier; then who spoke last; then who opened the microphone last. */
  #byClaim(one: Voice, other: Voice, now: number): number {
    const [oneSpeaks, otherSpeaks] = [this.#isMeasured(one, now), this.#isMeasured(other, now)];
    if (oneSpeaks !== otherSpeaks) return oneSpeaks ? -1 : 1;
    if (oneSpeaks) return other.dBov - one.dBov;
    if (one.heardAtMs !== other.heardAtMs) return other.heardAtMs - one.heardAtMs;
    return other.openedAtMs - one.openedAtMs;
  }

  /** Whose place somebody who is measured takes: of one who is silent, else one who is only hinted, else one clearly quieter. */
  #loserTo(voice: Voice, places: readonly string[], now: number): string | undefined {
    const silent = this.#mostSilent(places, now);
    if (silent !== undefined) return silent;
    const hinted = places.find((peerId) => this.#voices.get(peerId)?.hintedUntilMs !== undefined);
    if (hinted !== undefined) return hinted;
    if (voice.reports < REPORTS_TO_DISPLACE) return undefined;
    const level = (peerId: string) => this.#voices.get(peerId)?.dBov ?? -127;
    const quietest = places.toSorted((one, other) => level(one) - level(other))[0];
    return quietest !== undefined && voice.dBov > level(quietest) + MARGIN_DB ? quietest : undefined;
  }

  /** Of those who neither speak nor are believed to: the one who has been silent longest. */
  #mostSilent(places: readonly string[], now: number): string | undefined {
    const spoke = (peerId: string) => this.#voices.get(peerId)?.heardAtMs ?? Number.NEGATIVE_INFINITY;
    return places
      .filter((peerId) => {
        const voice = this.#voices.get(peerId);
        return !voice || (voice.hintedUntilMs === undefined && !this.#isMeasured(voice, now));
      })
      .sort((one, other) => spoke(one) - spoke(other) || 0)[0];
  }

  #isMeasured({ heardAtMs }: Voice, now: number): boolean {
    return now - heardAtMs < SILENT_AFTER_MS;
  }

  #become(ranking: Ranking): void {
    const before = this.#ranking;
    const same =
      ranking.next === before.next &&
      ranking.heard.length === before.heard.length &&
      ranking.heard.every((peerId) => before.heard.includes(peerId));
    if (same) return;
    this.#ranking = ranking;
    this.#onChange(ranking, before);
  }
}
