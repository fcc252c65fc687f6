/**
 * Owns the order in which frames go out on a socket: the call at once, chat behind it, bulk when nothing else waits.
 * Does not own what a frame says, nor what happens to a reader that is too slow (Connection).
 */

/** Each keeps its own order. `bulk` is what is asked for page by page (history): it may be late, and holds nothing up. */
export type OutboundLane = 'call' | 'chat' | 'bulk';

/** The part of a WebSocket that is used. */
export interface TextSink {
  /** Bytes that were handed over and are not yet with the kernel. */
  readonly bufferedAmount: number;
  /** @param written called when the text is with the kernel, or lost. */
  send(text: string, written: () => void): void;
}

/**
 * With more than this buffered, only the call goes out. So a frame of the call finds at most this and one page in front of it, and
 * the next page follows before the line runs dry.
 */
const LOW_MARK_BYTES = 16 * 1024;

/** The way out of one socket. */
export class OutboundLanes {
  readonly #sink: TextSink;
  readonly #chat: string[] = [];
  readonly #bulk: string[] = [];
  #waitingBytes = 0;

  constructor(sink: TextSink) {
    this.#sink = sink;
  }

  /** Everything that is not yet with the kernel, in bytes. */
  get backlogBytes(): number {
    return this.#waitingBytes + this.#sink.bufferedAmount;
  }

  send(text: string, lane: OutboundLane): void {
    if (lane === 'call') {
      this.#sink.send(text, this.pump);
      return;
    }
    (lane === 'chat' ? this.#chat : this.#bulk).push(text);
    this.#waitingBytes += Buffer.byteLength(text);
    this.pump();
  }

  /**
   * Sends what waits, as far as it may. Called for every text that got through: while something waits, something is on its way.
   * Only frames that others sent (pings, pongs) can fill the socket without that; their sender calls it.
   */
  readonly pump = (): void => {
    while (this.#sink.bufferedAmount < LOW_MARK_BYTES) {
      const text = this.#chat.shift() ?? this.#bulk.shift();
      if (text === undefined) return;
      this.#waitingBytes -= Buffer.byteLength(text);
      this.#sink.send(text, this.pump);
    }
  };

  /** Forgets what waits. */
  clear(): void {
    this.#chat.length = 0;
    this.#bulk.length = 0;
    this.#waitingBytes = 0;
  }
}
