/**
 * Owns one measurement: a load on a server that runs, for so long, or a few joins to it.
 * Does not own servers, rounds, nor what the figures mean (report/).
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  AUDIO_PACKETS_PER_S,
  type Case,
  type ContenderId,
  FRAMES_PER_S,
  loadFor,
  tracksOf,
} from './cases.ts';
import type { RunningServer } from './contenders/Contender.ts';
import { coreSeconds, cpuSeconds } from './cpuTime.ts';
import type { Generator } from './generator/Generator.ts';
import { SERVER_CORE } from './network/machines.ts';
import type { Point } from './report/result.ts';
import { refusal } from './report/summarize.ts';

/** Servers that estimate bandwidth begin with less than everything; so long they get to arrive there. */
const WARM_UP_LIMIT_MS = 12_000;
const WARM_UP_MS = 3000;
const LOOK_EVERY_MS = 500;
/** A camera answers requests for key frames with pauses; joins closer together would measure those. */
const BETWEEN_JOINS_MS = 1500;

/** What is measured on. */
export interface Stage {
  readonly contender: ContenderId;
  readonly server: RunningServer;
  readonly generator: Generator;
  /** Ends waiting. */
  readonly signal: AbortSignal;
}

/** One point. */
export async function measureLoad(
  stage: Stage,
  { load }: Pick<Case, 'load'>,
  round: number,
  seconds: number,
): Promise<Point> {
  const { generator, signal } = stage;
  const { video, audio } = tracksOf(load, stage.contender);
  const tracksExpected = video + audio;
  await generator.ask('open', loadFor(load, stage.contender));
  try {
    await warmUp(stage, tracksExpected);
    const before = await read(stage);
    await delay(seconds * 1000, undefined, { signal });
    const after = await read(stage);
    const elapsed = after.atS - before.atS;
    const grown = (name: 'packets' | 'lost' | 'bytes' | 'frames'): number =>
      after.sample[name] - before.sample[name];
    const packets = grown('packets');
    const due = elapsed * (video > 0 ? video * FRAMES_PER_S : audio * AUDIO_PACKETS_PER_S);
    const came = video > 0 ? grown('frames') : packets;
    const point: Omit<Point, 'refused'> = {
      round,
      packets,
      seconds: elapsed,
      mbps: (grown('bytes') * 8) / elapsed / 1e6,
      deliveryPercent: percent(packets, packets + Math.max(0, grown('lost'))),
      fullPercent: percent(came, due),
      tracks: after.sample.tracks,
      sentPackets: after.sample.sentPackets - before.sample.sentPackets,
      tracksExpected,
      mediaCpuSeconds: after.mediaS - before.mediaS,
      nodeCpuSeconds: after.nodeS - before.nodeS,
      serverCorePercent: percent(after.coreS - before.coreS, elapsed),
      generator: after.sample.self,
    };
    const refused = refusal(point);
    return { ...point, ...(refused !== undefined && { refused }) };
  } finally {
    await generator.ask('close', {});
  }
}

/** Everything at one moment. */
async function read({ server: { pids }, generator }: Stage) {
  const sample = await generator.ask('sample', {});
  const [mediaS, nodeS, coreS] = await Promise.all([
    cpuSeconds(pids.media),
    cpuSeconds(pids.node),
    coreSeconds(SERVER_CORE),
  ]);
  return { sample, mediaS, nodeS, coreS, atS: performance.now() / 1000 };
}

/** Milliseconds to the first frame of each join; a join that fails is counted. */
export async function measureJoins(
  { generator, signal }: Stage,
  { load, joins }: Case,
): Promise<{ firstFramesMs: number[]; failures: number }> {
  await generator.ask('open', load);
  try {
    const firstFramesMs: number[] = [];
    for (let index = 0; index < joins; index += 1) {
      await delay(BETWEEN_JOINS_MS, undefined, { signal });
      const join = await generator.ask('joinOnce', {}).catch(() => undefined);
      if (join) firstFramesMs.push(join.firstFrameMs);
    }
    return { firstFramesMs, failures: joins - firstFramesMs.length };
  } finally {
    await generator.ask('close', {});
  }
}

/** Until every track is what it should be, or it gets no better. */
async function warmUp({ generator, signal }: Stage, tracksExpected: number): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    await delay(LOOK_EVERY_MS, undefined, { signal });
    const { tracksFull } = await generator.ask('sample', {});
    const sinceMs = performance.now() - startedMs;
    if (sinceMs >= WARM_UP_LIMIT_MS || (sinceMs >= WARM_UP_MS && tracksFull >= tracksExpected)) return;
  }
}

const percent = (part: number, whole: number): number => (whole > 0 ? (part / whole) * 100 : 0);
