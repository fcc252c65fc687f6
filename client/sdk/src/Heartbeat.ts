/**
 * Owns the question whether the other end of an open socket is still there: pings at the interval that the server gave, and two
 * in a row without a sign of life mean no. Does not own the socket.
 */

/** How long to wait for a sign of life after a ping. */
const SIGN_OF_LIFE_MS = 4000;

/** The two things a heartbeat does. */
export interface HeartbeatEvents {
  /** Send one ping. */
  ping(): void;
  /** Two pings in a row met silence. Called once; the heartbeat has stopped. */
  dead(): void;
}

/** The heartbeat of one socket. */
export class Heartbeat {
  readonly #events: HeartbeatEvents;
  readonly #interval: ReturnType<typeof setInterval>;
  #limit: ReturnType<typeof setTimeout> | undefined;
  #missed = 0;

  constructor(intervalMs: number, events: HeartbeatEvents) {
    this.#events = events;
    this.#interval = setInterval(() => this.probe(), intervalMs);
  }

  /** Pings now (the network changed, the tab came back) unless a ping is under way. */
  probe(): void {
    if (this.#limit !== undefined) return;
    this.#limit = setTimeout(() => {
      this.#limit = undefined;
      this.#missed += 1;
      if (this.#missed < 2) return this.probe();
      this.stop();
      this.#events.dead();
    }, SIGN_OF_LIFE_MS);
    this.#events.ping();
  }

  /** Any frame is a sign of life. */
  handleFrame(): void {
    this.#missed = 0;
    clearTimeout(this.#limit);
    this.#limit = undefined;
  }

  /** Idempotent. */
  stop(): void {
    clearInterval(this.#interval);
    clearTimeout(this.#limit);
  }
}
