/**
 * Owns a run of the comparison: rounds, the order of contenders in them, what is left running when somebody interrupts (nothing).
 * Does not own a single measurement (measure.ts) nor what is made of the figures (report/).
 */

import type { Case, ContenderId } from './cases.ts';
import { m0, m1 } from './contenders/bareMediasoup.ts';
import type { Contender, RunningServer } from './contenders/Contender.ts';
import { j0, j1 } from './contenders/janus.ts';
import { parley } from './contenders/parley.ts';
import { Generator } from './generator/Generator.ts';
import { measureJoins, measureLoad, type Stage } from './measure.ts';
import { createMachines, type Machines } from './network/machines.ts';
import type { CompareOptions } from './options.ts';
import { currentCommit, describeMachine } from './report/machine.ts';
import type { CaseResult, Point, Row } from './report/result.ts';
import { computedRow, joinsRow, loadRow } from './report/summarize.ts';
import { schedule } from './schedule.ts';

/** All of them. */
export const contenders: Readonly<Record<ContenderId, Contender>> = { parley, m1, m0, j0, j1 };

/** What was measured of one contender in one case. */
interface Taken {
  points: Point[];
  firstFramesMs: number[];
  failures: number;
  /** Why something was not measured. */
  errors: string[];
}

/** Everything that was measured, by contender and case. */
class Takings {
  readonly profiles = new Map<ContenderId, string>();
  readonly #taken = new Map<string, Taken>();

  of(contender: ContenderId, { id }: Case): Taken {
    const key = `${contender} ${id}`;
    const known = this.#taken.get(key);
    if (known) return known;
    const taken = { points: [], firstFramesMs: [], failures: 0, errors: [] };
    this.#taken.set(key, taken);
    return taken;
  }
}

/**
 * Runs it. Everything that it starts has ended when it resolves or rejects.
 * @param say gets lines about how it goes.
 * @param signal stops it at the next step.
 */
export async function compare(
  options: CompareOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<CaseResult[]> {
  const machine = await describeMachine();
  const commit = currentCommit();
  const machines = await createMachines(say);
  const takings = new Takings();
  try {
    const missing = new Map<ContenderId, string>();
    for (const id of options.contenders) {
      const reason = contenders[id].missing(machines);
      if (reason === undefined) continue;
      missing.set(id, reason);
      say(`${id} is left out. ${reason}`);
    }
    const present = options.contenders.filter((id) => !missing.has(id));
    const rounds = schedule(present, options.rounds, options.seed);
    for (const [round, order] of rounds.entries()) {
      for (const id of order) {
        signal.throwIfAborted();
        await turn(contenders[id], { round, options, machines, takings, say, signal });
      }
    }
    const results: CaseResult[] = [];
    const { rounds: count, seconds, seed } = options;
    for (const asked of options.cases) {
      const { id, title, family } = asked;
      const rows = options.contenders.flatMap((contender) =>
        rowOf(contender, asked, takings, missing, results),
      );
      results.push({
        ...{ id, title, family, measuredAt: new Date().toISOString(), commit, machine },
        ...{ network: machines.kind, pinned: machines.pinned, rounds: count, seconds, seed, rows },
      });
    }
    return results;
  } finally {
    await machines.remove();
  }
}

interface TurnContext {
  readonly round: number;
  readonly options: CompareOptions;
  readonly machines: Machines;
  readonly takings: Takings;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** One contender's turn in one round. What fails is said and left out: the others go on. */
async function turn(contender: Contender, context: TurnContext): Promise<void> {
  const { options, machines, takings, say, signal } = context;
  const cases = options.cases.filter((asked) => asked.contenders.includes(contender.id));
  if (cases.length === 0) return;
  try {
    const server = await contender.start(machines.server);
    try {
      await meet(contender, server, cases, context);
    } finally {
      await server.stop();
    }
  } catch (error) {
    signal.throwIfAborted();
    say(`${contender.id} failed: ${messageOf(error)}`);
    for (const asked of cases) takings.of(contender.id, asked).errors.push(messageOf(error));
  }
}

/** A server meets all its cases. */
async function meet(
  contender: Contender,
  server: RunningServer,
  cases: readonly Case[],
  { round, options, machines, takings, say, signal }: TurnContext,
): Promise<void> {
  const generator = await Generator.start(machines.generator, server, contender.dialect);
  // Whoever waits for its answer need not wait to the end.
  const end = (): void => void generator.end();
  signal.addEventListener('abort', end);
  try {
    const stage = { contender: contender.id, server, generator, signal };
    if (!takings.profiles.has(contender.id)) {
      takings.profiles.set(contender.id, (await generator.ask('srtpProfile', {})).profile);
    }
    for (const asked of cases) {
      signal.throwIfAborted();
      const taken = takings.of(contender.id, asked);
      const where = `round ${round + 1}/${options.rounds} ${contender.id.padEnd(6)} ${asked.id.padEnd(10)}`;
      try {
        say(`${where} ${await take(stage, asked, taken, round, options)}`);
      } catch (error) {
        signal.throwIfAborted();
        say(`${where} failed: ${messageOf(error)}`);
        taken.errors.push(messageOf(error));
      }
    }
  } finally {
    signal.removeEventListener('abort', end);
    await generator.end();
  }
}

/** Takes one measurement; gives a line about it. */
async function take(
  stage: Stage,
  asked: Case,
  taken: Taken,
  round: number,
  { rounds, seconds }: CompareOptions,
): Promise<string> {
  // A single round has nothing to drop.
  const counted = rounds > 1 ? round : 1;
  if (asked.joins === 0) {
    const point = await measureLoad(stage, asked, counted, seconds);
    taken.points.push(point);
    return pointLine(point);
  }
  const { firstFramesMs, failures } = await measureJoins(stage, asked);
  if (counted > 0) {
    taken.firstFramesMs.push(...firstFramesMs);
    taken.failures += failures;
  }
  const times = firstFramesMs.map((ms) => Math.round(ms)).join(', ');
  return `${times} ms${failures > 0 ? `, ${failures} failed` : ''}`;
}

/** The first line of it. */
const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';

function pointLine(point: Point): string {
  const { packets, seconds, mediaCpuSeconds, nodeCpuSeconds, deliveryPercent, fullPercent, refused } = point;
  const perMillion = (cpu: number): string => ((cpu / packets) * 1e6).toFixed(2);
  return [
    `${Math.round(packets / seconds)} packets/s`,
    `media ${perMillion(mediaCpuSeconds)} + Node ${perMillion(nodeCpuSeconds)} CPU-s/M`,
    `delivered ${deliveryPercent.toFixed(2)} %`,
    `full ${fullPercent.toFixed(1)} %`,
    `core ${Math.round(point.serverCorePercent)} %`,
    `generator ${Math.round(point.generator.cpuPercent)} %`,
    ...(refused === undefined ? [] : [`does not count: ${refused}`]),
  ].join(', ');
}

function rowOf(
  contender: ContenderId,
  asked: Case,
  takings: Takings,
  missing: ReadonlyMap<ContenderId, string>,
  before: readonly CaseResult[],
): Row[] {
  const reason = missing.get(contender);
  const takesPart = asked.contenders.includes(contender);
  if (takesPart && reason !== undefined) return [{ kind: 'missing', contender, reason }];
  if (asked.computed.includes(contender)) return [computedRow(contender, asked, before)];
  if (!takesPart) return [];
  const { points, firstFramesMs, failures, errors } = takings.of(contender, asked);
  const [error] = errors;
  if (error !== undefined && points.length + firstFramesMs.length === 0)
    return [{ kind: 'missing', contender, reason: error }];
  const profile = takings.profiles.get(contender) ?? 'unknown';
  return [
    asked.joins > 0
      ? joinsRow(contender, profile, firstFramesMs, failures)
      : loadRow(contender, profile, points),
  ];
}
