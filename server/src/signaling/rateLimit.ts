/**
 * Owns how fast somebody may ask: token buckets, alone or by key.
 * Does not own what counts nor what follows a refusal.
 */
import type { Clock } from '../clock.ts';

/** A bucket holds `burst` tokens when full and gains `perSecond` of them each second. */
export interface BucketRate {
  readonly burst: number;
  readonly perSecond: number;
}

/** A token bucket. */
export class TokenBucket {
  readonly #rate: BucketRate;
  readonly #clock: Clock;
  #tokens: number;
  #countedAtMs: number;

  constructor(rate: BucketRate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#tokens = rate.burst;
    this.#countedAtMs = clock.monotonicMs();
  }

  /** Takes a token. Gives 0, or the milliseconds until there is one again. */
  take(): number {
    this.#refill();
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return 0;
    }
    return Math.ceil(((1 - this.#tokens) / this.#rate.perSecond) * 1000);
  }

  /** A full bucket is the same as a new one. */
  get isFull(): boolean {
    this.#refill();
    return this.#tokens >= this.#rate.burst;
  }

  #refill(): void {
    const nowMs = this.#clock.monotonicMs();
    const gained = ((nowMs - this.#countedAtMs) / 1000) * this.#rate.perSecond;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + gained);
    this.#countedAtMs = nowMs;
  }
}

const SWEEP_AT = 1_000;

/** A bucket per key; those that are full again are forgotten. */
export class KeyedBuckets {
  readonly #rate: BucketRate;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, TokenBucket>();
  #sweepAt = SWEEP_AT;

  constructor(rate: BucketRate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Buckets that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes a token of a key. Gives 0, or the milliseconds until there is one again. */
  take(key: string): number {
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      if (this.#buckets.size >= this.#sweepAt) this.#sweep();
      bucket = new TokenBucket(this.#rate, this.#clock);
      this.#buckets.set(key, bucket);
    }
    return bucket.take();
  }

  #sweep(): void {
    for (const [key, bucket] of this.#buckets) if (bucket.isFull) this.#buckets.delete(key);
    // Doubling keeps the cost of sweeping constant per key, however many are in use.
    this.#sweepAt = Math.max(SWEEP_AT, this.#buckets.size * 2);
  }
}

/** What counts as one address: an IPv6 customer has at least a /64 to choose from. */
export function addressGroup(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail === undefined ? [] : tail.split(':').filter(Boolean);
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
