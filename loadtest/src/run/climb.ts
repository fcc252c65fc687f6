/**
 * Owns a ramp: a scenario again and again with another load, what each came to, and which one stands for all in the report.
 * Does not own the choice of the next load (ramp.ts) nor a single run.
 */
import { UsageError } from '../cli/UsageError.ts';
import { figuresOf } from '../report/figures.ts';
import { gaveWay } from '../report/limits.ts';
import type { Observations } from '../report/Observations.ts';
import type { RampStep } from '../report/schema.ts';
import type { BoundScenario } from '../scenarios/Scenario.ts';
import { findKnee } from './ramp.ts';

/** A load of which less arrives is not good. */
const GOOD_PERCENT = 99.9;

/** What a ramp came to. */
export interface Climb {
  readonly unit: string;
  readonly knee: number | undefined;
  readonly steps: readonly RampStep[];
  /** Of the best good run, or of the first one when none was good. */
  readonly seen: Observations | undefined;
}

/** How each load is run. */
export interface ClimbOptions {
  readonly run: (step: BoundScenario) => Promise<Observations>;
  readonly interrupt: AbortSignal;
  readonly say: (line: string) => void;
}

/** Finds the largest load of a scenario that is good. */
export async function climb(
  scenario: BoundScenario,
  unit: string,
  { run, interrupt, say }: ClimbOptions,
): Promise<Climb> {
  const steps: RampStep[] = [];
  let seen: Observations | undefined;
  const knee = await findKnee(Number(scenario.options[unit]), async (load) => {
    say(`Ramp: ${load} ${unit}`);
    const observations = await run(scenario.with(unit, load)).catch((error: unknown) => {
      // A load that this machine cannot even begin, for want of open files, is too much.
      if (error instanceof UsageError && seen) return error;
      throw error;
    });
    if (interrupt.aborted) return 'stop';
    const step =
      observations instanceof UsageError
        ? { load, good: false, deliveryPercent: null, gaveWay: [observations.message] }
        : judge(load, observations);
    steps.push(step);
    say(`  ${step.deliveryPercent ?? 0} % delivered${step.gaveWay[0] ? `; ${step.gaveWay[0]}` : ''}`);
    if (!(observations instanceof UsageError) && (step.good || !seen)) seen = observations;
    return step.good ? 'good' : 'bad';
  });
  return { unit, knee, steps, seen };
}

function judge(load: number, observations: Observations): RampStep {
  const { series, failures, breakdown } = observations;
  const figures = figuresOf(observations);
  const deliveryPercent = figures.deliveryPercent ?? null;
  const good = breakdown === undefined && (deliveryPercent ?? 0) >= GOOD_PERCENT;
  const causes = good ? [] : gaveWay({ series, figures, failures: failures.list() });
  return { load, good, deliveryPercent, gaveWay: breakdown === undefined ? causes : [breakdown, ...causes] };
}
