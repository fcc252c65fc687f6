/**
 * Owns VP8's arithmetic coder: a list of yes/no answers, each with its probability, becomes bytes (RFC 6386, section 7.3).
 * Does not own what the answers mean (vp8Frames.ts).
 */

/** Writes one partition of a frame. */
export class BoolEncoder {
  readonly #bytes: number[] = [];
  #range = 255;
  #bottom = 0;
  #bitCount = 24;

  /** @param probability that the answer is no, of 256. */
  write(probability: number, yes: boolean): void {
    const split = 1 + (((this.#range - 1) * probability) >> 8);
    if (yes) {
      this.#bottom = (this.#bottom + split) >>> 0;
      this.#range -= split;
    } else this.#range = split;
    while (this.#range < 128) {
      this.#range <<= 1;
      if (this.#bottom & 0x8000_0000) this.#carry();
      this.#bottom = (this.#bottom << 1) >>> 0;
      this.#bitCount -= 1;
      if (this.#bitCount > 0) continue;
      this.#bytes.push(this.#bottom >>> 24);
      this.#bottom &= 0x00ff_ffff;
      this.#bitCount = 8;
    }
  }

  /** A number, most significant bit first, each bit as likely as not. */
  literal(value: number, bits: number): void {
    for (let bit = bits - 1; bit >= 0; bit -= 1) this.write(128, ((value >> bit) & 1) === 1);
  }

  /** The bytes; nothing can be written after. */
  finish(): Uint8Array {
    // 32 further zeros push out all that is still held back.
    for (let bit = 0; bit < 32; bit += 1) this.write(128, false);
    return Uint8Array.from(this.#bytes);
  }

  #carry(): void {
    let index = this.#bytes.length - 1;
    while (this.#bytes[index] === 255) {
      this.#bytes[index] = 0;
      index -= 1;
    }
    this.#bytes[index] = (this.#bytes[index] ?? 0) + 1;
  }
}
