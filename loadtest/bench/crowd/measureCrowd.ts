/**
 * Owns measuring loads on contenders one after the other, each on a server of its own, in the alternating rounds of the comparison.
 * Does not own what the loads are (crowdCases.ts) nor what follows from the points (runCrowd.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ContenderId, Load } from '../compare/cases.ts';
import { contenders } from '../compare/compare.ts';
import type { RunningServer } from '../compare/contenders/Contender.ts';
import { Generator } from '../compare/generator/Generator.ts';
import { measureLoad } from '../compare/measure.ts';
import type { Machines } from '../compare/network/machines.ts';
import type { Point } from '../compare/report/result.ts';
import { captureDelays, type Delays } from './packetCapture.ts';

/** The card of the server's namespace. */
const NETWORK = 'lan0';
const SETTLE_MS = 5000;

/** Where and how long. */
export interface CrowdStage {
  readonly machines: Machines;
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Why a contender cannot take part; undefined when it can. */
export const missing = (id: ContenderId, machines: Machines): string | undefined =>
  contenders[id].missing(machines);

/** What is measured while a load stands on a fresh server. */
export interface LoadedServer {
  readonly server: RunningServer;
  readonly generator: Generator;
}

/** Starts a contender and the generator for a task, and ends both. */
export async function withServer<T>(
  { machines, signal }: CrowdStage,
  id: ContenderId,
  task: (running: LoadedServer) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const server = await contenders[id].start(machines.server);
  let generator: Generator | undefined;
  const end = (): void => void generator?.end();
  signal.addEventListener('abort', end);
  try {
    generator = await Generator.start(machines.generator, server, contenders[id].dialect);
    return await task({ server, generator });
  } finally {
    signal.removeEventListener('abort', end);
    await generator?.end();
    await server.stop();
  }
}

/** One point on a fresh server. What fails is said, and gives no point. */
export async function pointOf(stage: CrowdStage, id: ContenderId, load: Load): Promise<Point | undefined> {
  const { seconds, signal, say } = stage;
  const who = `  ${id.padEnd(6)} ${String(load.rooms * (load.publishers + load.viewers)).padStart(3)} people: `;
  try {
    const point = await withServer(stage, id, (running) =>
      measureLoad({ contender: id, signal, ...running }, { load }, 1, seconds),
    );
    say(`${who}${pointText(point)}`);
    return point;
  } catch (error) {
    signal.throwIfAborted();
    say(`${who}failed: ${String(error instanceof Error ? error.message : error).split('\n')[0]}`);
    return undefined;
  }
}

/** How long packets of sound stay in a server under a load. @throws Error when it cannot be captured. */
export async function delaysUnder(stage: CrowdStage, id: ContenderId, load: Load): Promise<Delays> {
  const { machines, seconds, signal } = stage;
  return await withServer(stage, id, async ({ generator }) => {
    await generator.ask('open', load);
    await delay(SETTLE_MS, undefined, { signal });
    return await captureDelays(machines.server, NETWORK, seconds);
  });
}

/** CPU of the server, in cores. */
export const coresOf = ({ mediaCpuSeconds, nodeCpuSeconds, seconds }: Point): number =>
  (mediaCpuSeconds + nodeCpuSeconds) / seconds;

function pointText(point: Point): string {
  const { packets, seconds, deliveryPercent, fullPercent, tracks, tracksExpected, generator, refused } =
    point;
  return [
    `${Math.round(packets / seconds)} packets/s`,
    `${coresOf(point).toFixed(3)} cores`,
    `delivered ${deliveryPercent.toFixed(2)} %`,
    `full ${fullPercent.toFixed(1)} %`,
    `tracks ${tracks}/${tracksExpected}`,
    `generator ${Math.round(generator.cpuPercent)} %`,
    ...(refused === undefined ? [] : [`does not count: ${refused}`]),
  ].join(', ');
}
