/**
 * Owns what a scenario is: its flags, what it needs, what it does on the stage, which figures it yields.
 * Does not own any scenario (one file each) nor how it is run (run/perform.ts).
 */
import { type Chosen, type Flags, parseFlags } from '../cli/flags.ts';
import { commonFigures, type FigureName } from '../report/figureTable.ts';
import type { Stage } from '../run/Stage.ts';

/** What has to be there before a scenario can begin. */
export interface Need {
  /** Bots that are in at the same time. */
  readonly bots: number;
  readonly media: boolean;
  /** Sockets are held open on the servers: their own limit of open files matters. */
  readonly manySockets?: boolean;
}

/** A scenario as its file describes it. */
interface Description<F extends Flags> {
  readonly name: string;
  readonly summary: string;
  readonly flags: F;
  /** Arguments, without `npm run loadtest --`. */
  readonly examples: readonly string[];
  /** What `--assert` may ask, the most telling first: the summary leads with it. */
  readonly figures: readonly FigureName[];
  /** Which counts `--ramp` may grow; the first is the default. */
  readonly ramp?: readonly (keyof F & string)[];
  readonly need: (options: Chosen<F>) => Need;
  /** Sees that what is not npm's is there. @throws UsageError */
  readonly check?: (options: Chosen<F>) => Promise<void>;
  readonly run: (stage: Stage, options: Chosen<F>) => Promise<void>;
  /** After an interruption too: what is to be learnt from the load as it stands. */
  readonly conclude?: (stage: Stage, options: Chosen<F>) => Promise<void>;
}

/** A scenario with the values of its flags. */
export interface BoundScenario {
  readonly options: Readonly<Record<string, unknown>>;
  readonly need: Need;
  check(): Promise<void>;
  run(stage: Stage): Promise<void>;
  conclude(stage: Stage): Promise<void>;
  /** The same with another count. */
  with(unit: string, load: number): BoundScenario;
}

/** A scenario, whatever its flags are. */
export interface Scenario
  extends Pick<Description<Flags>, 'name' | 'summary' | 'flags' | 'examples' | 'figures'> {
  readonly ramp: readonly string[];
  /** @param texts as given on the command line, by flag. @throws ZodError whose paths begin with the flag's name. */
  bind(texts: Readonly<Record<string, unknown>>): BoundScenario;
}

/** Makes a scenario of its description. */
export function defineScenario<const F extends Flags>(description: Description<F>): Scenario {
  const { name, summary, flags, examples, ramp = [] } = description;
  const figures = [
    ...new Set([...description.figures, ...commonFigures, ...(ramp.length > 0 ? (['knee'] as const) : [])]),
  ];
  const bound = (options: Chosen<F>): BoundScenario => ({
    options,
    need: description.need(options),
    check: async () => description.check?.(options),
    run: (stage) => description.run(stage, options),
    conclude: async (stage) => description.conclude?.(stage, options),
    with: (unit, load) => bound({ ...options, [unit]: load }),
  });
  return { name, summary, flags, examples, figures, ramp, bind: (texts) => bound(parseFlags(flags, texts)) };
}
