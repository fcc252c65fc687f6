/**
 * Owns the one timer of a process: everything that bots do by time is a task on it, thousands of them, without a timer or a closure
 * each. Does not own what a task does.
 */

/** Something that is done again and again. */
export interface WheelTask {
  /** Gives the milliseconds until it is due again, at most 2,500; 0 or less: never again. */
  run(nowMs: number): number;
}

const TICK_MS = 5;
/** One turn is 2,560 ms: a task can be put nearly that far ahead. */
const SLOTS = 512;

/** A timer wheel with ticks of 5 ms. Times are those of `performance.now()`. */
export class Wheel {
  #slots: WheelTask[][] = Array.from({ length: SLOTS }, () => []);
  /** The list that the slot being worked off gets meanwhile. */
  #spare: WheelTask[] = [];
  #tick = 0;
  #count = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #lagMs = 0;

  /** Runs the task after `delayMs`, and then as often as it says. A task is on the wheel at most once. */
  add(task: WheelTask, delayMs: number): void {
    if (!this.#timer) {
      this.#tick = tickOf(performance.now());
      this.#timer = setInterval(() => this.#turn(), TICK_MS);
    }
    this.#count += 1;
    this.#put(task, tickOf(performance.now() + delayMs));
  }

  /** By how much the worst tick since the last call came too late: what the event loop did not get done in time. */
  takeLagMs(): number {
    const lagMs = this.#lagMs;
    this.#lagMs = 0;
    return lagMs;
  }

  #put(task: WheelTask, wanted: number): void {
    const tick = Math.min(Math.max(wanted, this.#tick + 1), this.#tick + SLOTS - 1);
    this.#slots[tick % SLOTS]?.push(task);
  }

  #turn(): void {
    const nowMs = performance.now();
    const due = tickOf(nowMs);
    this.#lagMs = Math.max(this.#lagMs, (due - this.#tick - 1) * TICK_MS);
    while (this.#tick < due) {
      this.#tick += 1;
      const slot = this.#tick % SLOTS;
      const tasks = this.#slots[slot] ?? [];
      if (tasks.length === 0) continue;
      this.#slots[slot] = this.#spare;
      for (const task of tasks) {
        const delayMs = task.run(nowMs);
        if (delayMs > 0) this.#put(task, tickOf(nowMs + delayMs));
        else this.#count -= 1;
      }
      tasks.length = 0;
      this.#spare = tasks;
    }
    if (this.#count > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

const tickOf = (timeMs: number): number => Math.floor(timeMs / TICK_MS);
