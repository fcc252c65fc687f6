/**
 * Owns what happened to each packet of one incoming stream: came in order, late, again, by retransmission, or never; and which ones
 * are worth asking for again. Does not own what is in them (VideoAccount, AudioAccount).
 */

/** How many sequence numbers back are known; a power of two. */
export const WINDOW = 1024;
const MASK = WINDOW - 1;
/** More missing ones at once are not asked for: a key frame is. */
const MAX_MISSING = 256;
/** A hole gets this long to close by itself (reordering) before it is asked for. */
const REORDER_MS = 10;
const ASK_AGAIN_MS = 100;
/** Then a packet is given up: whoever waited for it has shown or played something else long since. */
const GIVE_UP_MS = 1000;

/** Per packet of the window. The upper bits belong to whoever accounts for the content. */
export const RECEIVED = 1;
const ORIGINAL_CAME = 2;
const GIVEN_UP = 4;
/** First bit that this class does not use. */
export const CONTENT_SHIFT = 3;

/** What {@link SequenceAccount.arrived} says about a packet. */
export const DUPLICATE = 0;
export const IN_ORDER = 1;
export const AFTER_GAP = 2;
export const LATE = 3;

const NO_INTEGERS = new Int32Array(0);
const NO_NUMBERS = new Float64Array(0);

/** The packets of one stream. Sequence numbers are extended: they go on counting beyond 65,535. */
export class SequenceAccount {
  /** By sequence number modulo {@link WINDOW}. */
  readonly flags = new Uint16Array(WINDOW);
  /** Highest one so far; -1 before the first packet. */
  highest = -1;
  first = -1;
  packets = 0;
  lost = 0;
  duplicated = 0;
  reordered = 0;
  recovered = 0;
  /** Sequence number of the packet that {@link arrived} was told of last. */
  current = -1;
  // Room for them is made with the first hole: most streams of a room never have one.
  #missing = NO_INTEGERS;
  #missingSinceMs = NO_NUMBERS;
  #askedAtMs = NO_NUMBERS;
  #missingCount = 0;
  /** How far back the window reaches: nothing before it is known any more. */
  #windowStart = 0;

  /** Packets that are missing and not given up yet. */
  get missing(): number {
    return this.#missingCount;
  }

  /** How many should have come, as RFC 3550 counts it. */
  get expected(): number {
    return this.highest < 0 ? 0 : this.highest - this.first + 1;
  }

  /** A packet came. @param isRetransmission it came on the RTX stream. */
  arrived(sequence: number, nowMs: number, isRetransmission: boolean): number {
    const { flags } = this;
    if (this.highest < 0) {
      // One cycle on, so that what came before the first one has a number too.
      this.highest = this.first = this.current = sequence + 0x10000;
      this.#windowStart = this.first;
      this.packets = 1;
      flags[this.current & MASK] = RECEIVED | ORIGINAL_CAME;
      return IN_ORDER;
    }
    const distance = ((sequence - this.highest) << 16) >> 16;
    const current = this.highest + distance;
    this.current = current;
    if (distance > 0) {
      if (distance > 1) this.#skip(distance - 1, nowMs);
      this.highest = current;
      if (current - WINDOW >= this.#windowStart) this.#windowStart = current - WINDOW + 1;
      flags[current & MASK] = isRetransmission ? RECEIVED : RECEIVED | ORIGINAL_CAME;
      this.packets += 1;
      if (isRetransmission) this.recovered += 1;
      return distance === 1 ? IN_ORDER : AFTER_GAP;
    }
    return this.#late(current, isRetransmission);
  }

  /**
   * Goes through what is missing: gives up what is too old, and writes what is to be asked for to `sequences`.
   * @param account told of each one that never comes; says whether it was lost, or never sent.
   * @returns how many to ask for.
   */
  review(nowMs: number, sequences: Uint16Array, account: { isLost(sequence: number): boolean }): number {
    let kept = 0;
    let asked = 0;
    for (let index = 0; index < this.#missingCount; index += 1) {
      const sequence = this.#missing[index] ?? 0;
      const sinceMs = this.#missingSinceMs[index] ?? 0;
      const askedAtMs = this.#askedAtMs[index] ?? 0;
      if (sequence < this.#windowStart || nowMs - sinceMs > GIVE_UP_MS) {
        if (account.isLost(sequence)) this.#giveUp(sequence);
        continue;
      }
      const isDue = nowMs - sinceMs >= REORDER_MS && nowMs - askedAtMs >= ASK_AGAIN_MS;
      if (isDue && asked < sequences.length) sequences[asked++] = sequence;
      this.#missing[kept] = sequence;
      this.#missingSinceMs[kept] = sinceMs;
      this.#askedAtMs[kept] = isDue ? nowMs : askedAtMs;
      kept += 1;
    }
    this.#missingCount = kept;
    return asked;
  }

  #skip(count: number, nowMs: number): void {
    if (this.#missing.length === 0) {
      this.#missing = new Int32Array(MAX_MISSING);
      this.#missingSinceMs = new Float64Array(MAX_MISSING);
      this.#askedAtMs = new Float64Array(MAX_MISSING);
    }
    for (let sequence = this.highest + 1; sequence <= this.highest + count; sequence += 1) {
      this.flags[sequence & MASK] = 0;
      if (this.#missingCount === MAX_MISSING) {
        this.#giveUp(sequence);
        continue;
      }
      this.#missing[this.#missingCount] = sequence;
      this.#missingSinceMs[this.#missingCount] = nowMs;
      this.#askedAtMs[this.#missingCount] = Number.NEGATIVE_INFINITY;
      this.#missingCount += 1;
    }
  }

  #giveUp(sequence: number): void {
    this.lost += 1;
    if (sequence > this.highest - WINDOW)
      this.flags[sequence & MASK] = (this.flags[sequence & MASK] ?? 0) | GIVEN_UP;
  }

  #late(sequence: number, isRetransmission: boolean): number {
    const { flags } = this;
    // Sent before we listened, or so old that nothing is known of it.
    if (sequence < this.#windowStart) return DUPLICATE;
    const before = flags[sequence & MASK] ?? 0;
    const isOriginal = !isRetransmission;
    if (before & RECEIVED) {
      this.duplicated += 1;
      if (isOriginal && !(before & ORIGINAL_CAME)) {
        // It was not lost: the retransmission was only quicker.
        this.recovered -= 1;
        this.reordered += 1;
        flags[sequence & MASK] = before | ORIGINAL_CAME;
      }
      return DUPLICATE;
    }
    if (before & GIVEN_UP) this.lost -= 1;
    else this.#forget(sequence);
    this.packets += 1;
    if (isOriginal) this.reordered += 1;
    else this.recovered += 1;
    flags[sequence & MASK] = isOriginal ? RECEIVED | ORIGINAL_CAME : RECEIVED;
    return LATE;
  }

  #forget(sequence: number): void {
    for (let index = 0; index < this.#missingCount; index += 1) {
      if (this.#missing[index] !== sequence) continue;
      this.#missing.copyWithin(index, index + 1, this.#missingCount);
      this.#missingSinceMs.copyWithin(index, index + 1, this.#missingCount);
      this.#askedAtMs.copyWithin(index, index + 1, this.#missingCount);
      this.#missingCount -= 1;
      return;
    }
  }
}
