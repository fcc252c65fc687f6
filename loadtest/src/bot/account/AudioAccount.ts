/**
 * Owns what a listener misses of an Opus stream: sound that was due and did not come, or came too late. Silence by DTX is no gap: its
 * timestamps say so. Does not own packets (SequenceAccount).
 */
import { IN_ORDER } from './SequenceAccount.ts';

const CLOCK_PER_MS = 48;
/** As long as a packet lasts. */
const PACKET_MS = 20;
/** What a jitter buffer usually bridges unheard: up to three packets. */
const BRIDGED_MS = 60;

/** The gaps of one stream. */
export class AudioAccount {
  gaps = 0;
  longestGapMs = 0;
  #lastTimestamp = 0;
  #lastMs: number | undefined;
  #lastStepMs = PACKET_MS;
  #hasNewClock = false;
  /** Consecutive packets that were given up, up to this one. */
  #lostTo = -1;
  #lostRun = 0;

  /** A packet that came after all others. @param arrival see SequenceAccount. */
  packet(timestamp: number, arrival: number, nowMs: number): void {
    const lastMs = this.#lastMs;
    // Who spoke when the clock changed is taken to have gone on speaking.
    const steppedMs = ((timestamp - this.#lastTimestamp) | 0) / CLOCK_PER_MS;
    const mediaMs = this.#hasNewClock ? this.#lastStepMs : steppedMs;
    this.#hasNewClock = false;
    this.#lastStepMs = mediaMs;
    this.#lastTimestamp = timestamp;
    this.#lastMs = nowMs;
    if (lastMs === undefined || arrival !== IN_ORDER) return;
    // With nothing lost in between, what came later than it was spoken kept the listener waiting.
    const lateMs = nowMs - lastMs - mediaMs;
    if (lateMs > BRIDGED_MS) this.#gap(lateMs);
  }

  /** What was silent by intention (muted) is no gap when it goes on. */
  restart(): void {
    this.#lastMs = undefined;
  }

  /** The next packet is of another stream: its timestamps and sequence numbers say nothing about the time in between. */
  continueWithNewClock(): void {
    this.#hasNewClock = true;
    this.#lostTo = -1;
  }

  /** A packet is lost for good. */
  givenUp(sequence: number): void {
    this.#lostRun = sequence === this.#lostTo + 1 ? this.#lostRun + 1 : 1;
    this.#lostTo = sequence;
    const missingMs = this.#lostRun * PACKET_MS;
    if (missingMs <= BRIDGED_MS) return;
    if (missingMs - PACKET_MS <= BRIDGED_MS) this.gaps += 1;
    this.longestGapMs = Math.max(this.longestGapMs, missingMs);
  }

  #gap(gapMs: number): void {
    this.gaps += 1;
    this.longestGapMs = Math.max(this.longestGapMs, gapMs);
  }
}
