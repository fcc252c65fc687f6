/**
 * Owns one run of a scenario from the first process to the last: fleet, recorder, stage, and that nothing is left behind.
 * Does not own what the scenario does nor what is made of what was seen.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { UsageError } from '../cli/UsageError.ts';
import { type TokenKey, tokenMint } from '../process/tokens.ts';
import { noObservations, type Observations } from '../report/Observations.ts';
import type { SeriesPoint } from '../report/schema.ts';
import type { BoundScenario } from '../scenarios/Scenario.ts';
import { expectedTracks } from './expectedTracks.ts';
import { Fleet } from './Fleet.ts';
import { Recorder } from './Recorder.ts';
import { seededRandom } from './random.ts';
import { ServerWatch } from './ServerWatch.ts';
import { Interrupted, Stage } from './Stage.ts';
import type { Target } from './targets.ts';

/** What all runs of one command share. */
export interface RunContext {
  readonly targets: readonly Target[];
  readonly tokenKey: TokenKey | undefined;
  readonly seed: number;
  /** Aborted by Ctrl-C. */
  readonly interrupt: AbortSignal;
  readonly onPoint: (point: SeriesPoint) => void;
}

/** Bots get this long to say goodbye. */
const LEAVE_LIMIT_MS = 10_000;

/** Runs a scenario. What was seen until an interruption, or until a bot process was lost, is given back all the same. */
export async function perform(
  scenario: BoundScenario,
  processes: number,
  context: RunContext,
): Promise<Observations> {
  const { targets, tokenKey, seed } = context;
  const observations = noObservations();
  const servers = await ServerWatch.create(targets.flatMap((target) => target.processes));
  const fleet = await Fleet.create(processes, {
    media: scenario.need.media,
    ...(tokenKey && { tokenKey }),
  });
  const lost = new AbortController();
  const recorder = new Recorder({
    fleet,
    servers,
    observations,
    tracksExpected: () => expectedTracks(fleet.plans),
    onPoint: context.onPoint,
    onLost: (error) => lost.abort(error),
  });
  const stage = new Stage({
    fleet,
    recorder,
    observations,
    targets,
    servers,
    seed,
    random: seededRandom(seed),
    mint: tokenMint(tokenKey),
    runId: crypto.randomUUID().slice(0, 6),
    interrupt: AbortSignal.any([context.interrupt, lost.signal]),
  });
  try {
    await scenario.run(stage).catch((error: unknown) => {
      if (!(error instanceof Interrupted)) throw error;
    });
    if (!lost.signal.aborted) {
      await stage.lookAtTracks();
      await scenario.conclude(stage);
      observations.joins = await fleet.joins();
    }
    recorder.phase = 'leave';
    await Promise.race([fleet.leaveAll(), delay(LEAVE_LIMIT_MS, undefined, { ref: false })]);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    lost.abort(error);
  } finally {
    await recorder.stop();
    fleet.end();
  }
  if (lost.signal.aborted) observations.breakdown = describe(lost.signal.reason);
  return observations;
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));
