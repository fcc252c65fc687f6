/**
 * Owns the run second by second: asks bots, servers and machine how they are, and keeps a series of points.
 * Does not own what the run does meanwhile (Stage).
 */
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { add, emptyCounters, growth } from '../process/counters.ts';
import type { Counters, ProcessSample } from '../process/messages.ts';
import { Latencies } from '../report/Latencies.ts';
import type { Observations } from '../report/Observations.ts';
import type { SeriesPoint } from '../report/schema.ts';
import type { Fleet } from './Fleet.ts';
import type { ServerUse, ServerWatch } from './ServerWatch.ts';

const EVERY_MS = 1000;

/** What a recorder looks at. */
export interface RecorderOptions {
  readonly fleet: Fleet;
  readonly servers: ServerWatch;
  readonly observations: Observations;
  /** Tracks that everybody who is meant to be in should have. */
  readonly tracksExpected: () => number;
  readonly onPoint: (point: SeriesPoint) => void;
  /** Looking failed: a bot process is gone. Nothing is looked at any more. */
  readonly onLost: (error: unknown) => void;
}

/** Records until it is stopped. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #beganMs = performance.now();
  readonly #stop = new AbortController();
  readonly #before = new Map<number, Counters>();
  readonly #finished: Promise<void>;
  #machine = machineTimes();
  #phase = 'begin';

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#finished = this.#record().catch((error: unknown) => {
      if (!this.#stop.signal.aborted) options.onLost(error);
    });
  }

  /** What the points that follow are about. */
  set phase(phase: string) {
    this.#phase = phase;
  }

  /** The newest point. */
  get latest(): SeriesPoint | undefined {
    return this.#options.observations.series.at(-1);
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#finished;
  }

  async #record(): Promise<void> {
    const { signal } = this.#stop;
    for (let tick = 1; !signal.aborted; tick += 1) {
      const dueMs = this.#beganMs + tick * EVERY_MS - performance.now();
      // A look that took longer than its second costs seconds, not rhythm.
      if (dueMs < -EVERY_MS) continue;
      await delay(Math.max(0, dueMs), undefined, { signal });
      await this.#look();
    }
  }

  async #look(): Promise<void> {
    const { fleet, servers, observations, tracksExpected, onPoint } = this.#options;
    const [samples, use] = await Promise.all([fleet.samples(), servers.take()]);
    const point: SeriesPoint = {
      atS: round((performance.now() - this.#beganMs) / 1000),
      phase: this.#phase,
      ...this.#fromBots(samples, tracksExpected()),
      ...fromServers(use),
      machinePercent: this.#machinePercent(),
    };
    for (const { failures, pingsMs } of samples) {
      observations.failures.add(failures);
      for (const ping of pingsMs) observations.pings.record(ping);
    }
    observations.series.push(point);
    onPoint(point);
  }

  #fromBots(samples: readonly ProcessSample[], tracksExpected: number) {
    const rates = emptyCounters();
    const grown = emptyCounters();
    samples.forEach(({ counters, elapsedMs }, index) => {
      const own = growth(counters, this.#before.get(index) ?? emptyCounters());
      this.#before.set(index, counters);
      add(grown, own);
      rates.sentPackets += (own.sentPackets * 1000) / elapsedMs;
      rates.receivedPackets += (own.receivedPackets * 1000) / elapsedMs;
      rates.receivedBytes += (own.receivedBytes * 1000) / elapsedMs;
    });
    const due = grown.receivedPackets + grown.lost;
    return {
      bots: total(samples, ({ bots }) => bots),
      tracksReceived: total(samples, (sample) => sample.tracksReceived),
      tracksExpected,
      sentPacketsPerS: round(rates.sentPackets),
      receivedPacketsPerS: round(rates.receivedPackets),
      receivedMbps: round((rates.receivedBytes * 8) / 1e6),
      packetsReceived: grown.receivedPackets,
      packetsLost: grown.lost,
      lossPercent: due > 0 ? round((100 * Math.max(0, grown.lost)) / due) : 0,
      freezes: grown.freezes,
      audioGaps: grown.audioGaps,
      messagesSent: grown.messagesSent,
      messagesReceived: grown.messagesReceived,
      socketDrops: grown.socketDrops,
      pingP95Ms: Latencies.of(samples.flatMap(({ pingsMs }) => pingsMs)).percentiles()?.p95Ms ?? null,
      generatorBusiestPercent: round(most(samples, ({ loopPercent }) => loopPercent)),
      generatorCpuPercent: round(total(samples, ({ cpuPercent }) => cpuPercent)),
      generatorLagMs: round(most(samples, ({ lagMs }) => lagMs)),
    };
  }

  #machinePercent(): number {
    const now = machineTimes();
    const busy = now.busyMs - this.#machine.busyMs;
    const all = now.allMs - this.#machine.allMs;
    this.#machine = now;
    return all > 0 ? round((100 * busy) / all) : 0;
  }
}

function fromServers(use: ServerUse | undefined) {
  return {
    serverBusiestPercent: use ? round(use.busiestPercent) : null,
    serverCpuPercent: use ? round(use.cpuPercent) : null,
    serverMemoryMb: use ? round(use.memoryBytes / 1e6) : null,
  };
}

function machineTimes(): { busyMs: number; allMs: number } {
  const times = cpus().map((cpu) => cpu.times);
  const allMs = times.reduce(
    (sum, { user, nice, sys, irq, idle }) => sum + user + nice + sys + irq + idle,
    0,
  );
  return { allMs, busyMs: allMs - times.reduce((sum, { idle }) => sum + idle, 0) };
}

const total = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((sum, item) => sum + of(item), 0);
const most = <T>(items: readonly T[], of: (item: T) => number): number => Math.max(0, ...items.map(of));
const round = (value: number): number => Math.round(value * 100) / 100;
