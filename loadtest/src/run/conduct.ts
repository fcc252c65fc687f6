/**
 * Owns what a command does after it was understood: looks that all is there, runs the scenario once or as a ramp, makes the report.
 * Does not own a single run (perform.ts), a ramp (climb.ts) nor output.
 */
import { availableParallelism } from 'node:os';
import { checkAdmission, checkServerFiles, processesFor } from '../cli/preflight.ts';
import type { Invocation } from '../cli/program.ts';
import { buildReport } from '../report/buildReport.ts';
import type { Report, SeriesPoint } from '../report/schema.ts';
import type { BoundScenario } from '../scenarios/Scenario.ts';
import { climb } from './climb.ts';
import { perform, type RunContext } from './perform.ts';
import { resolveTarget } from './targets.ts';

/** A WebSocket; with media a UDP socket besides, and two while transports are made anew. */
const FILES = { socket: 1, media: 4 };

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
  const { tokenKey, seed } = common;
  const context: RunContext = { targets, tokenKey, seed, interrupt, onPoint };
  const startedAt = new Date();
  const run = async (step: BoundScenario) => perform(step, await processesOf(step), context);
  const climbed = ramp === undefined ? undefined : await climb(bound, ramp, { run, interrupt, say });
  const seen = climbed?.seen ?? (await run(bound));
  const report = buildReport(
    {
      scenario: scenario.name,
      figures: scenario.figures,
      options: { ...bound.options, ...(ramp !== undefined && { ramp }), seed },
      command,
      startedAt,
      interrupted: interrupt.aborted,
      processes: await processesOf(bound),
      targets: targets.map(({ url, processes: own }) => ({ url, processes: [...own] })),
      assertions: common.assert,
      ...(climbed && { ramp: climbed }),
    },
    seen,
  );
  const nobody = seen.joinsAsked > 0 && seen.joinsFailed === seen.joinsAsked;
  return { report, broken: seen.breakdown !== undefined || nobody };
}
