/**
 * Owns `npm run bench -- crowd`: what a server forwards and spends when a room is a crowd, as lines of Markdown.
 * Does not judge, and does not own loads (crowdCases.ts) or single points (measureCrowd.ts).
 */
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { AUDIO_PACKETS_PER_S, type ContenderId, type Load, tracksOf } from '../compare/cases.ts';
import { createMachines } from '../compare/network/machines.ts';
import { currentCommit, describeMachine } from '../compare/report/machine.ts';
import type { Point } from '../compare/report/result.ts';
import { schedule } from '../compare/schedule.ts';
import { median, medianInterval } from '../statistics.ts';
import {
  fewTalk,
  growthSizes,
  kneeSizes,
  largestContenders,
  largestSizes,
  listeners,
  openMics,
  type Part,
  pages,
  parts,
} from './crowdCases.ts';
import { type CrowdStage, coresOf, delaysUnder, missing, pointOf } from './measureCrowd.ts';
import { type Delivered, overloadOf } from './overload.ts';
import { captureMissing } from './packetCapture.ts';

const usage = `Usage: npm run bench -- crowd [options]

  --parts A,B     of ${parts.join(', ')} (all)
  --people N      size of a room in mics, talkers (100), page (24), overload (40) and delay (70 % of the knee)
  --rounds N      how often each is measured, in alternating order (3)
  --seconds N     how long (10)`;

const INTERRUPTED = 130;
/** Of the knee: where a server is that somebody plans for. */
const DELAY_AT = 0.7;
const Options = z.object({
  parts: z.array(z.enum(parts)),
  people: z.coerce.number().int().min(4).max(500).optional(),
  rounds: z.coerce.number().int().min(1).max(100),
  seconds: z.coerce.number().int().min(1).max(600),
});
type Options = z.infer<typeof Options>;

/** Gives the exit code. */
export async function runCrowd(args: readonly string[]): Promise<number> {
  const options = read(args);
  if (!options) {
    console.error(usage);
    return 2;
  }
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const say = (line: string): void => console.log(line);
  const machines = await createMachines(say);
  try {
    const { cpu, cores } = await describeMachine();
    say(`Machine: ${cores} x ${cpu}, commit ${currentCommit()}`);
    const stage = { machines, seconds: options.seconds, signal: stop.signal, say };
    for (const part of options.parts) {
      say(`\n${part}`);
      say(await measures[part](stage, options).catch(whyNot(stop.signal)));
    }
    return 0;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    console.error('Interrupted.');
    return INTERRUPTED;
  } finally {
    await machines.remove();
  }
}

function read(args: readonly string[]): Options | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        parts: { type: 'string' },
        people: { type: 'string' },
        rounds: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '10' },
      },
    });
    return Options.parse({ ...values, parts: values.parts?.split(',') ?? [...parts] });
  } catch {
    return undefined;
  }
}

/** One part that cannot be measured is no reason to leave out the next. */
const whyNot =
  (signal: AbortSignal) =>
  (error: unknown): string => {
    signal.throwIfAborted();
    return `no figure. ${error instanceof Error ? error.message : String(error)}`;
  };

type Measure = (stage: CrowdStage, options: Options) => Promise<string>;

const measures: Readonly<Record<Part, Measure>> = {
  mics: async (stage, { people = 100, rounds }) => {
    const points = await alternate(stage, rounds, ['parley'], () => openMics(people));
    const ratio = medianInterval(
      counting(points, 'parley').map((point) => point.packets / point.sentPackets),
    );
    return `${people} open microphones, all talk: ${span(ratio)} audio packets out per packet in (everything to everybody: ${people - 1})`;
  },

  talkers: async (stage, { people = 100, rounds }) => {
    const load = fewTalk(people, 3);
    const points = await alternate(stage, rounds, ['parley'], () => load);
    const due = tracksOf(load, 'parley').audio * AUDIO_PACKETS_PER_S;
    const ratio = medianInterval(
      counting(points, 'parley').map(({ packets, seconds }) => packets / (due * seconds)),
    );
    return `${people} open microphones with DTX, 3 talk: ${span(ratio)} audio packets out for each that 3 talkers are due to their listeners`;
  },

  growth: async (stage, { rounds }) => {
    const lines: string[] = [];
    for (const [id, sizes] of [
      ['m0', growthSizes.m0 ?? []],
      ['parley', growthSizes.parley ?? []],
    ] as const) {
      const cores: number[] = [];
      for (const people of sizes) {
        const points = await alternate(stage, rounds, [id], () => openMics(people));
        cores.push(median(counting(points, id).map(coresOf)));
      }
      const ratios = cores.slice(1).map((value, index) => (value / (cores[index] ?? 1)).toFixed(2));
      const values = cores.map((value) => value.toFixed(3)).join(', ');
      lines.push(
        `${id}: ${sizes.join(', ')} people, all talk: ${values} cores; each doubling x ${ratios.join(', x ')}`,
      );
    }
    return lines.join('\n');
  },

  page: async (stage, { people = 24, rounds }) => {
    const points = await alternate(stage, rounds, ['parley', 'm1'], () => pages(people));
    const perMillion = (id: ContenderId): number[] =>
      counting(points, id).map((point) => (coresOf(point) * point.seconds * 1e6) / point.packets);
    const [ours, floor] = [perMillion('parley'), perMillion('m1')];
    const ratios = ours.map((value, index) => value / (floor[index] ?? Number.NaN)).filter(Number.isFinite);
    return `${people} people on pages of 3 x 3, 3 talk: Parley ${span(medianInterval(ours))}, bare mediasoup ${span(medianInterval(floor))} CPU-seconds per million packets; overhead x ${span(medianInterval(ratios))}`;
  },

  delay: async (stage, { people }) => {
    const reason =
      stage.machines.kind === 'loopback'
        ? 'Captures need a network namespace: run as root'
        : captureMissing();
    if (reason !== undefined) return `left out. ${reason}`;
    const lines: string[] = [];
    let size = people;
    if (size === undefined) {
      const knee = await largestOf(stage, 'parley', kneeSizes, listeners);
      size = Math.round(knee.people * DELAY_AT);
      lines.push(
        `parley: the knee is at ${inWords(knee)} in each of three rooms; delays are those at ${size}`,
      );
    }
    for (const id of ['m1', 'parley'] as const) {
      const { ms, unmatched } = await delaysUnder(stage, id, listeners(size));
      const sorted = ms.toSorted((one, other) => one - other);
      const at = (share: number): string =>
        (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(3);
      const rate = Math.round(ms.length / stage.seconds);
      lines.push(
        `${id}: ${rate} packets/s of sound forwarded, kept for p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)} ms (${unmatched} without an arrival)`,
      );
    }
    return lines.join('\n');
  },

  overload: async (stage, { people = 40, rounds }) => {
    const lines: string[] = [];
    const text = ({ audioPercent, videoPercent, cores }: Delivered): string =>
      `sound ${audioPercent.toFixed(2)} %, pictures ${videoPercent.toFixed(1)} %, ${cores.toFixed(3)} cores`;
    for (const order of schedule(['parley', 'm1'] as const, rounds, 1)) {
      for (const id of order) {
        const { before, first, later, backAfterS, generatorPercent } = await overloadOf(
          stage,
          id,
          pages(people),
        );
        const back = backAfterS === undefined ? 'not back' : `back after ${backAfterS} s`;
        lines.push(
          `${id}: ${people} people: ${text(before)}; with half of that CPU, at first: ${text(first)}; then: ${text(later)}; generator ${generatorPercent} %; without the limit pictures ${back}`,
        );
        stage.say(`  ${lines.at(-1)}`);
      }
    }
    return lines.join('\n');
  },

  largest: async (stage) => {
    const lines: string[] = [];
    for (const id of largestContenders) {
      const reason = missing(id, stage.machines);
      lines.push(
        reason === undefined
          ? `${id}: ${inWords(await largestOf(stage, id, largestSizes, pages))}`
          : `${id}: left out. ${reason}`,
      );
    }
    return lines.join('\n');
  },
};

/** Where a load stopped to be delivered. */
interface Largest {
  readonly people: number;
  /** The first size that was not delivered, and why; undefined when all that were tried are. */
  readonly failed: { readonly people: number; readonly why: string } | undefined;
}

/** Grows until a size fails twice. */
async function largestOf(
  stage: CrowdStage,
  id: ContenderId,
  sizes: readonly number[],
  loadOf: (people: number) => Load,
): Promise<Largest> {
  let largest = 0;
  for (const people of sizes) {
    let why = 'failed';
    for (let tries = 0; tries < 2 && why !== ''; tries += 1) {
      const point = await pointOf(stage, id, loadOf(people));
      why = point ? (point.refused ?? '') : 'failed';
    }
    if (why !== '') return { people: largest, failed: { people, why } };
    largest = people;
  }
  return { people: largest, failed: undefined };
}

const inWords = ({ people, failed }: Largest): string =>
  failed ? `${people} people (${failed.people}: ${failed.why})` : `${people} people, and more was not tried`;

type Points = ReadonlyMap<ContenderId, readonly Point[]>;

async function alternate(
  stage: CrowdStage,
  rounds: number,
  ids: readonly ContenderId[],
  loadOf: (id: ContenderId) => Load,
): Promise<Points> {
  const points = new Map<ContenderId, Point[]>(ids.map((id) => [id, []]));
  for (const order of schedule(ids, rounds, 1)) {
    for (const id of order) {
      const point = await pointOf(stage, id, loadOf(id));
      if (point) points.get(id)?.push(point);
    }
  }
  return points;
}

/** @throws Error when no point of a contender counts. */
function counting(points: Points, id: ContenderId): Point[] {
  const those = (points.get(id) ?? []).filter(({ refused }) => refused === undefined);
  if (those.length === 0) throw new Error(`${id}: no point counts`);
  return those;
}

const span = ({ median: middle, low, high }: { median: number; low: number; high: number }): string =>
  `${middle.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
