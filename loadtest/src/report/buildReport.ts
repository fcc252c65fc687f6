/**
 * Owns the making of the report: what was seen, what was asked, on which machine.
 * Does not own the figures (figures.ts) nor what is done with the report.
 */
import { cpus, release, totalmem, type } from 'node:os';
import type { TrackRow } from '../process/messages.ts';
import { type Assertion, check } from './assertions.ts';
import { figuresOf, latenciesOf } from './figures.ts';
import type { FigureName } from './figureTable.ts';
import { Latencies } from './Latencies.ts';
import { generatorLimits } from './limits.ts';
import type { Observations } from './Observations.ts';
import type { RampStep } from './schema.ts';
import { REPORT_VERSION, type Report, type TrackSummary } from './schema.ts';

/** What a report is about, besides what was seen. */
export interface Subject {
  readonly scenario: string;
  /** Those that it is known for. */
  readonly figures: readonly FigureName[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly command: readonly string[];
  readonly startedAt: Date;
  readonly interrupted: boolean;
  readonly processes: number;
  readonly targets: Report['targets'];
  readonly assertions: readonly Assertion[];
  readonly ramp?: {
    readonly unit: string;
    readonly knee: number | undefined;
    readonly steps: readonly RampStep[];
  };
}

/** Makes the report. */
export function buildReport(subject: Subject, seen: Observations): Report {
  const { ramp } = subject;
  const measured = { ...figuresOf(seen), ...(ramp && { knee: ramp.knee ?? 0 }) };
  // In the order in which the scenario names them; what it does not name follows.
  const named = Object.fromEntries(subject.figures.map((name) => [name, null]));
  const figures: Report['figures'] = { ...named, ...measured };
  return {
    schema: 'parley-loadtest',
    version: REPORT_VERSION,
    scenario: subject.scenario,
    startedAt: subject.startedAt.toISOString(),
    durationS: seen.series.at(-1)?.atS ?? 0,
    interrupted: subject.interrupted,
    command: withoutSecrets(subject.command),
    options: { ...subject.options },
    targets: subject.targets,
    machine: machine(),
    generator: { processes: subject.processes, limited: generatorLimits(seen.series) },
    figures,
    latencies: latenciesOf(seen),
    tracks: summariseTracks(seen.tracks),
    failures: seen.failures.list(),
    faults: [...(seen.chat?.faults ?? [])],
    ...(ramp && { ramp: rampOf(ramp) }),
    assertions: check(subject.assertions, figures),
    series: seen.series,
    notes: seen.breakdown === undefined ? seen.notes : [...seen.notes, seen.breakdown],
  };
}

/** The secret of a key never leaves the command line. */
const withoutSecrets = (command: readonly string[]): string[] =>
  command.map((argument, index) => {
    if (command[index - 1] === '--token-key') return argument.replace(/:.*/s, ':...');
    return argument.replace(/^(--token-key=[^:]*:).*/s, '$1...');
  });

function machine(): Report['machine'] {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e8) / 10,
    node: process.version,
    os: `${type()} ${release()}`,
  };
}

function rampOf({ unit, knee, steps }: NonNullable<Subject['ramp']>): NonNullable<Report['ramp']> {
  const firstBad = steps.filter(({ good }) => !good).sort((a, b) => a.load - b.load)[0];
  return { unit, knee: knee ?? null, gaveWay: firstBad?.gaveWay ?? [], steps: [...steps] };
}

function summariseTracks(tracks: readonly TrackRow[]): Report['tracks'] {
  const isAudio = ({ source }: TrackRow) => source === 'mic' || source === 'screenAudio';
  const audio = summarise(tracks.filter(isAudio));
  const video = summarise(tracks.filter((track) => !isAudio(track)));
  return { ...(audio && { audio }), ...(video && { video }) };
}

function summarise(tracks: readonly TrackRow[]): TrackSummary | undefined {
  if (tracks.length === 0) return undefined;
  const sum = (of: (track: TrackRow) => number) => tracks.reduce((total, track) => total + of(track), 0);
  const layers = Object.groupBy(
    tracks.filter(({ spatialLayer }) => spatialLayer !== undefined),
    ({ spatialLayer }) => String(spatialLayer),
  );
  return {
    tracks: tracks.length,
    packets: sum(({ packets }) => packets),
    lost: sum(({ lost }) => lost),
    duplicated: sum(({ duplicated }) => duplicated),
    reordered: sum(({ reordered }) => reordered),
    recovered: sum(({ recovered }) => recovered),
    freezes: sum(({ freezes }) => freezes),
    frozenMs: sum(({ frozenMs }) => frozenMs),
    audioGaps: sum(({ audioGaps }) => audioGaps),
    jitterP95Ms: Latencies.of(tracks.map(({ jitterMs }) => jitterMs)).percentiles()?.p95Ms ?? null,
    layers: Object.fromEntries(Object.entries(layers).map(([layer, list]) => [layer, list?.length ?? 0])),
  };
}
