/**
 * Owns the summary in the terminal: what people would have experienced, in a screen of text.
 * Does not own the figures.
 */
import { type LatencyName, latencyNames, latencyTable } from './figureTable.ts';
import type { Report } from './schema.ts';

/** A row of the upper table; the first figure decides its place. */
interface Row {
  readonly label: string;
  readonly figures: readonly string[];
  readonly unit?: string;
}

const rows: readonly Row[] = [
  { label: 'tracks received / expected', figures: ['tracksReceived', 'tracksExpected', 'tracksPercent'] },
  { label: 'deliveries of messages / expected', figures: ['chatDelivered', 'chatExpected'] },
  { label: 'sockets held / asked for', figures: ['socketsHeld', 'socketsAsked'] },
  { label: 'sockets back / dropped', figures: ['reconnectsDone', 'reconnectsAsked'] },
  { label: 'in the same session and seat', figures: ['reconnectsResumed'] },
  { label: 'joins done / asked for', figures: ['joinsDone', 'joinsAsked'] },
  { label: 'largest good load', figures: ['knee'] },
  { label: 'delivery', figures: ['deliveryPercent'], unit: '%' },
  { label: 'packets lost', figures: ['lossPercent'], unit: '%' },
  { label: 'freezes over 200 ms', figures: ['freezes'] },
  { label: 'time frozen', figures: ['frozenPercent'], unit: '%' },
  { label: 'longest freeze', figures: ['longestFreezeMs'], unit: 'ms' },
  { label: 'audio gaps over 60 ms', figures: ['audioGaps'] },
  { label: 'layers as asked for', figures: ['layersAsAskedPercent'], unit: '%' },
  { label: 'packets a second out / in', figures: ['sentPacketsPerS', 'receivedPacketsPerS'] },
  { label: 'received', figures: ['receivedMbps'], unit: 'Mbit/s' },
  {
    label: 'lost / doubled / disordered',
    figures: ['chatLost', 'chatDuplicated', 'chatDisordered'],
  },
  { label: 'contradicted / altered', figures: ['chatContradicted', 'chatAltered'] },
  { label: 'repaired from the history', figures: ['chatRepaired'] },
  { label: 'messages stored / sent / refused', figures: ['chatStored', 'chatSent', 'chatRefused'] },
  { label: 'until all were back', figures: ['reconnectAllMs'], unit: 'ms' },
  { label: 'sockets dropped', figures: ['socketDrops'] },
  { label: 'server memory per socket', figures: ['serverBytesPerSocket'], unit: 'bytes' },
  { label: 'left and replaced', figures: ['leaves'] },
  { label: 'growth of server memory', figures: ['serverGrowthPercent'], unit: '%' },
  { label: 'visits / without a picture', figures: ['probeJoins', 'probeFailures'] },
  { label: 'freezes in Chromium', figures: ['probeFreezes', 'probeFrozenMs'] },
  { label: 'made-up sound in Chromium', figures: ['probeAudioGaps', 'probeAudioGapMs'] },
  { label: 'server CPU, busiest / all', figures: ['serverBusiestPercent', 'serverCpuPercent'], unit: '%' },
  { label: 'server memory', figures: ['serverMemoryMb'], unit: 'MB' },
  { label: 'tool, busiest process', figures: ['generatorBusiestPercent'], unit: '%' },
];

/** The rows of which something was measured, in the order of the report. */
export function tableOf(report: Report): { label: string; value: string }[] {
  const order = Object.keys(report.figures);
  const place = ({ figures }: Row) => order.indexOf(figures[0] ?? '');
  return rows
    .filter(({ figures }) => figures.some((name) => typeof report.figures[name] === 'number'))
    .toSorted((a, b) => place(a) - place(b))
    .map(({ label, figures, unit }) => ({ label, value: valueText(report, figures, unit) }));
}

/** Whether everything that was asked for was so. */
export const passed = ({ assertions }: Report): boolean => assertions.every((one) => one.passed);

/** The text for the terminal. */
export function summarise(report: Report): string {
  const { scenario, targets, durationS, generator, ramp } = report;
  const table = tableOf(report);
  const width = Math.max(...table.map(({ label }) => label.length));
  return [
    '',
    `${scenario} at ${targets.map(({ url }) => url).join(', ')}: ${durationS} s, ${plural(generator.processes, 'bot process', 'bot processes')}${report.interrupted ? ', interrupted' : ''}`,
    '',
    ...table.map(({ label, value }) => `  ${label.padEnd(width)}  ${value}`),
    ...latencyLines(report, width),
    ...section('Ramp', ramp ? rampLines(ramp) : []),
    ...section('Failures', failureLines(report)),
    ...section('Faults', report.faults),
    ...section('The tool itself was the limit, so do not blame the server', generator.limited),
    ...section('Notes', report.notes),
    ...section(
      'Assertions',
      report.assertions.map(
        ({ expression, passed: holds, actual }) =>
          `${holds ? 'holds ' : 'FAILED'}  ${expression}  (${actual ?? 'not measured'})`,
      ),
    ),
    '',
  ].join('\n');
}

function valueText({ figures }: Report, names: readonly string[], unit: string | undefined): string {
  const values = names.map((name) => {
    const value = figures[name];
    if (value === undefined || value === null) return 'unknown';
    return name.endsWith('Percent') && unit !== '%' ? `(${group(value)} %)` : group(value);
  });
  const [first = '', ...others] = values;
  const text = others.reduce((sum, value) => `${sum}${value.startsWith('(') ? ' ' : ' / '}${value}`, first);
  return unit === undefined ? text : `${text} ${unit}`;
}

function latencyLines({ latencies }: Report, width: number): string[] {
  const lines = latencyNames.flatMap((name: LatencyName) => {
    const of = latencies[name];
    if (!of) return [];
    const cells = [of.p50Ms, of.p95Ms, of.p99Ms, of.maxMs].map((ms) => shortMs(ms).padStart(9));
    return [`  ${latencyTable[name].padEnd(width)}  ${cells.join('')}${String(of.count).padStart(10)}`];
  });
  if (lines.length === 0) return [];
  const head = ['p50', 'p95', 'p99', 'max'].map((cell) => cell.padStart(9)).join('');
  return ['', `  ${'milliseconds'.padEnd(width)}  ${head}${'count'.padStart(10)}`, ...lines];
}

function rampLines({ unit, knee, gaveWay, steps }: NonNullable<Report['ramp']>): string[] {
  return [
    ...steps.map(
      ({ load, good, deliveryPercent }) =>
        `${String(load).padStart(7)} ${unit}: ${good ? 'good' : 'bad '}  ${deliveryPercent ?? 'nothing'} % delivered`,
    ),
    knee === null ? 'No load was good.' : `The knee: ${knee} ${unit}.`,
    ...gaveWay.map((cause, index) => (index === 0 ? `What gave way: ${cause}` : `also: ${cause}`)),
  ];
}

const failureLines = ({ failures }: Report): string[] =>
  failures.slice(0, 10).map(({ what, code, message, count }) => `${count} x ${what}: ${code}, ${message}`);

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length > 0 ? ['', `${title}:`, ...lines.map((line) => `  ${line.replaceAll('\n', '\n  ')}`)] : [];

const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

/** 12345.678 as 12,345.68. */
export const group = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 2 });

const shortMs = (ms: number): string =>
  ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : group(Math.round(ms));
