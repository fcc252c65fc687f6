/**
 * Owns how much of a core a process used of late, smoothed, from what it says that it used since its start.
 * Does not own the asking (MediaWorker).
 */

/** Weight of the newest measurement: one second of bursts decides nothing. */
const SMOOTHING = 0.5;

export class CpuShare {
  #last: { readonly cpuMs: number; readonly atMs: number } | undefined;
  #share = 0;

  /** 0 to 1; 0 until two measurements are there. */
  get value(): number {
    return this.#share;
  }

  /** @param cpuMs time on a core since the start of the process. @param atMs when that was, monotonic. */
  measure(cpuMs: number, atMs: number): void {
    const last = this.#last;
    if (last && atMs <= last.atMs) return;
    this.#last = { cpuMs, atMs };
    if (!last) return;
    const share = Math.min((cpuMs - last.cpuMs) / (atMs - last.atMs), 1);
    this.#share += SMOOTHING * (share - this.#share);
  }
}
