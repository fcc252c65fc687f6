/**
 * Owns what a command does after it was understood: looks that all is there, runs the scenario once or as a ramp, makes the report.
 * Does not own a single run (perform.ts), the search for the knee (ramp.ts) nor output.
 */
import { availableParallelism } from 'node:os';
import { checkAdmission, checkServerFiles, processesFor } from '../cli/preflight.ts';
import type { Invocation } from '../cli/program.ts';
import { UsageError } from '../cli/UsageError.ts';
import { buildReport } from '../report/buildReport.ts';
import { figuresOf } from '../report/figures.ts';
import { gaveWay } from '../report/limits.ts';
import type { Observations } from '../report/Observations.ts';
import type { RampStep, Report, SeriesPoint } from '../report/schema.ts';
import type { BoundScenario } from '../scenarios/Scenario.ts';
import { perform, type RunContext } from './perform.ts';
import { findKnee } from './ramp.ts';
import { resolveTarget } from './targets.ts';

/** A WebSocket; with media also its UDP sockets and what the native stack opens. */
const FILES = { socket: 1, media: 8 };
/** A load of less is lost, not delivered. */
const GOOD_PERCENT = 99.9;

/** Where the outside world comes in. */
export interface Conduct {
  readonly command: readonly string[];
  readonly interrupt: AbortSignal;
  readonly say: (line: string) => void;
  readonly onPoint: (point: SeriesPoint) => void;
}

/** What a run came to. */
export interface Outcome {
  readonly report: Report;
  /** The tool broke down, or nobody got in: there is nothing to judge. */
  readonly broken: boolean;
}

/** @throws UsageError before anything has begun. */
export async function conduct(
  { scenario, bound, common, ramp }: Invocation,
  { command, interrupt, say, onPoint }: Conduct,
): Promise<Outcome> {
  await bound.check();
  const targets = await Promise.all(common.url.map(resolveTarget));
  for (const target of targets) await checkAdmission(target, common.tokenKey);
  const processesOf = async ({ need: { bots, media, manySockets } }: BoundScenario) => {
    if (manySockets) await checkServerFiles(targets, bots);
    return processesFor({
      bots,
      filesPerBot: media ? FILES.media : FILES.socket,
      processes: common.processes,
      atLeast: media ? Math.min(availableParallelism(), bots) : 1,
    });
  };
  const processes = await processesOf(bound);
  const { tokenKey, seed } = common;
  const context: RunContext = { targets, tokenKey, seed, interrupt, onPoint };
  const startedAt = new Date();
  const search = ramp === undefined ? undefined : { unit: ramp, ...(await runRamp(ramp)) };
  const seen = search?.seen ?? (await perform(bound, processes, context));
  const report = buildReport(
    {
      scenario: scenario.name,
      figures: scenario.figures,
      options: { ...bound.options, ...(ramp !== undefined && { ramp }), seed },
      command,
      startedAt,
      interrupted: interrupt.aborted,
      processes,
      targets: targets.map(({ url, processes: own }) => ({ url, processes: [...own] })),
      assertions: common.assert,
      ...(search && { ramp: { unit: search.unit, knee: search.knee, steps: search.steps } }),
    },
    seen,
  );
  const nobody = seen.joinsAsked > 0 && seen.joinsFailed === seen.joinsAsked;
  return { report, broken: seen.breakdown !== undefined || nobody };

  /** The observations are those of the best good run, or of the first one when none was. */
  async function runRamp(unit: string) {
    const steps: RampStep[] = [];
    let best: Observations | undefined;
    let first: Observations | undefined;
    const knee = await findKnee(Number(bound.options[unit]), async (load) => {
      const step = bound.with(unit, load);
      say(`Ramp: ${load} ${unit}`);
      const processesOfStep = await processesOf(step).catch((error: unknown) => {
        if (!(error instanceof UsageError)) throw error;
        steps.push({ load, good: false, deliveryPercent: null, gaveWay: [error.message] });
        return undefined;
      });
      if (processesOfStep === undefined) return 'bad';
      const observations = await perform(step, processesOfStep, context);
      first ??= observations;
      if (interrupt.aborted) return 'stop';
      const figures = figuresOf(observations);
      const deliveryPercent = figures.deliveryPercent ?? null;
      const good = observations.breakdown === undefined && (deliveryPercent ?? 0) >= GOOD_PERCENT;
      const failures = observations.failures.list();
      const causes = good ? [] : gaveWay({ series: observations.series, figures, failures });
      steps.push({ load, good, deliveryPercent, gaveWay: causes });
      say(`  ${deliveryPercent ?? 0} % delivered${causes[0] ? `; ${causes[0]}` : ''}`);
      if (good) best = observations;
      return good ? 'good' : 'bad';
    });
    return { knee, steps, seen: best ?? first };
  }
}
