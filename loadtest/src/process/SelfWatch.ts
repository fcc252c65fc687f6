/**
 * Owns how busy this process is: CPU, event loop, lateness of its timers.
 * Does not own what follows from that (report/limits.ts).
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { ProcessSample } from './messages.ts';

/** How often lateness is looked at. */
const RESOLUTION_MS = 20;

/** Watches from its making on. */
export class SelfWatch {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #atMs = performance.now();
  #cpu = process.cpuUsage();
  #loop = performance.eventLoopUtilization();

  constructor() {
    this.#delays.enable();
  }

  /** What happened since the last call. */
  take(): Pick<ProcessSample, 'elapsedMs' | 'cpuPercent' | 'loopPercent' | 'lagMs'> {
    const nowMs = performance.now();
    const elapsedMs = Math.max(1, nowMs - this.#atMs);
    const used = process.cpuUsage(this.#cpu);
    const loop = performance.eventLoopUtilization();
    const busy = performance.eventLoopUtilization(loop, this.#loop).utilization;
    // The histogram holds the time between two looks, in nanoseconds.
    const lagMs = Math.max(0, this.#delays.max / 1e6 - RESOLUTION_MS);
    this.#delays.reset();
    this.#atMs = nowMs;
    this.#cpu = process.cpuUsage();
    this.#loop = loop;
    return {
      elapsedMs,
      cpuPercent: (used.user + used.system) / 10 / elapsedMs,
      loopPercent: busy * 100,
      lagMs: Number.isFinite(lagMs) ? lagMs : 0,
    };
  }
}
