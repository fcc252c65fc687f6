/**
 * Owns measuring loads on contenders one after the other, each on a server of its own, in the alternating rounds of the comparison.
 * Does not own what the loads are (crowdCases.ts) nor what follows from the points (runCrowd.ts).
 */
import type { ContenderId, Load } from '../compare/cases.ts';
import { contenders } from '../compare/compare.ts';
import { Generator } from '../compare/generator/Generator.ts';
import { measureLoad } from '../compare/measure.ts';
import type { Machines } from '../compare/network/machines.ts';
import type { Point } from '../compare/report/result.ts';

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

/** One point on a fresh server. What fails is said, and gives no point. */
export async function pointOf(stage: CrowdStage, id: ContenderId, load: Load): Promise<Point | undefined> {
  const { machines, seconds, signal, say } = stage;
  signal.throwIfAborted();
  const server = await contenders[id].start(machines.server);
  let generator: Generator | undefined;
  const end = (): void => void generator?.end();
  signal.addEventListener('abort', end);
  try {
    generator = await Generator.start(machines.generator, server, contenders[id].dialect);
    const point = await measureLoad({ contender: id, server, generator, signal }, { load }, 1, seconds);
    say(`  ${id.padEnd(6)} ${String(load.publishers).padStart(3)} people: ${pointText(point)}`);
    return point;
  } catch (error) {
    signal.throwIfAborted();
    say(
      `  ${id.padEnd(6)} ${load.publishers} people: failed: ${String(error instanceof Error ? error.message : error).split('\n')[0]}`,
    );
    return undefined;
  } finally {
    signal.removeEventListener('abort', end);
    await generator?.end();
    await server.stop();
  }
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
