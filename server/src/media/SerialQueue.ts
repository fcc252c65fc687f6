/**
 * Owns the order of tasks that must not overlap: one after another, first come first served.
 * Does not own their errors (each caller gets its own) nor cancelling: a task looks itself whether it is still wanted.
 */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();
  #length = 0;

  /** Tasks that wait or run. */
  get length(): number {
    return this.#length;
  }

  /** Runs the task when those before it have ended, whether well or not. */
  run<T>(task: () => Promise<T>): Promise<T> {
    this.#length += 1;
    const result = this.#tail.then(task);
    const settled = () => {
      this.#length -= 1;
    };
    this.#tail = result.then(settled, settled);
    return result;
  }
}
