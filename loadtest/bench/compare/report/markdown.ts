/**
 * Owns how the comparison is shown: Markdown tables, and their place between two markers of a README.
 * Does not own figures (summarize.ts).
 */
import { type Interval, median } from '../../statistics.ts';
import type { ContenderId } from '../cases.ts';
import type { CaseResult, Machine, Row } from './result.ts';

/** What contenders are called in tables. */
const contenderTitles: Readonly<Record<ContenderId, string>> = {
  parley: '**Parley**',
  m1: 'M1 bare mediasoup, same consumers',
  m0: 'M0 naive mediasoup room',
  j0: 'J0 Janus VideoRoom as Debian ships it',
  j1: 'J1 Janus VideoRoom tuned',
};

const BEGIN = '<!-- bench:begin -->';
const END = '<!-- bench:end -->';

/** Puts text between the markers; undefined when there are none. */
export function fillMarkers(document: string, text: string): string | undefined {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) return undefined;
  return `${document.slice(0, begin + BEGIN.length)}\n${text.trim()}\n${document.slice(end)}`;
}

/** All cases, with the machine that they ran on. */
export function comparisonMarkdown(cases: readonly CaseResult[]): string {
  const machines = new Map(cases.map(({ machine }) => [machineLine(machine), machine]));
  return [
    ...[...machines.keys()].map((line) => `Machine: ${line}.`),
    '',
    'CPU-s/M: CPU-seconds per million forwarded packets, median [95 % interval]; the server has one core to itself, the generator the other. ' +
      'Delivered: the least of all points, of what was sent, retransmissions included. Full: of the pictures or sounds that publishers made (less: a lower frame rate was sent). ' +
      'Cores: what the whole case takes; Parley and M1 send only the loudest three microphones, so they take less of it than what a packet costs suggests.',
    ...cases.flatMap((result) => ['', ...caseLines(result)]),
  ].join('\n');
}

function machineLine({
  cpu,
  cores,
  memoryGb,
  kernel,
  system,
  node,
  mediasoup,
  worker,
  janus,
}: Machine): string {
  const parts = [`${cores} x ${cpu}`, `${memoryGb} GB`, system, `Linux ${kernel}`, `Node ${node}`];
  return [...parts, `mediasoup ${mediasoup} (${worker})`, ...(janus ? [`Janus ${janus}`] : [])].join(', ');
}

function caseLines(result: CaseResult): string[] {
  const { title, measuredAt, commit, rounds, seconds, seed, network, pinned, rows, family } = result;
  const isMeasured = rows.some(({ kind }) => kind === 'load' || kind === 'joins');
  const how = [
    `${isMeasured ? 'measured' : 'computed'} ${measuredAt.slice(0, 10)} at ${commit}`,
    ...(isMeasured
      ? [
          family === 'join' ? `${rounds} rounds` : `${rounds} rounds of ${seconds} s`,
          'first dropped',
          `seed ${seed}`,
        ]
      : []),
    ...(network === 'loopback' ? ['over loopback'] : []),
    ...(pinned ? [] : ['not pinned']),
  ];
  const reference = rows.find((row) => row.kind === 'load' && row.contender === 'm1');
  return [
    `### ${title}`,
    '',
    `${how.join(', ')}.`,
    '',
    ...(family === 'join' ? joinTable(rows) : loadTable(rows, totalOf(reference))),
    ...rows.flatMap(remark),
    ...disturbance(rows),
  ];
}

const totalOf = (row: Row | undefined): number | undefined =>
  row?.kind === 'load' ? row.cpuPerMillion?.total.median : undefined;

const LOAD_COLUMNS = [
  'Contender',
  'Packets/s',
  'Delivered',
  'Full',
  'Cores',
  'CPU-s/M',
  'Media process',
  'Node',
  'To M1',
  'SRTP',
];
const JOIN_COLUMNS = ['Contender', 'Joins', 'Median', 'p95'];

/** Rows are filled up to the number of columns. */
const table = (columns: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [columns, columns.map((_, index) => (index === 0 ? '---' : '---:')), ...rows].map(
    (cells) => `| ${columns.map((_, index) => cells[index] ?? '').join(' | ')} |`,
  );

function loadTable(rows: readonly Row[], reference: number | undefined): string[] {
  return table(
    LOAD_COLUMNS,
    rows.map((row) => [contenderTitles[row.contender], ...loadCells(row, reference)]),
  );
}

function loadCells(row: Row, reference: number | undefined): string[] {
  if (row.kind === 'missing') return [`left out: ${row.reason}`];
  if (row.kind === 'computed') {
    const { cores, fromCase } = row;
    const how = cores === undefined ? 'nothing to compute from' : `computed from ${fromCase}`;
    return [`${thousands(row.packetsPerS)} (computed)`, '', '', cores?.toFixed(2) ?? '', how];
  }
  if (row.kind === 'joins') return [];
  const kept = row.points.filter(({ round }) => round > 0);
  const counting = kept.filter(({ refused }) => refused === undefined);
  const { cpuPerMillion, packetsPerS, srtpProfile } = row;
  if (!cpuPerMillion || packetsPerS === undefined) {
    return [
      `no point counts: ${kept[0]?.refused ?? 'none was measured'}`,
      '',
      '',
      '',
      '',
      '',
      '',
      '',
      srtpProfile,
    ];
  }
  const { total, media, node } = cpuPerMillion;
  return [
    thousands(packetsPerS),
    `${Math.min(...counting.map(({ deliveryPercent }) => deliveryPercent)).toFixed(2)} %`,
    `${median(counting.map(({ fullPercent }) => fullPercent)).toFixed(2)} %`,
    ((total.median * packetsPerS) / 1e6).toFixed(3),
    interval(total, 2),
    interval(media, 2),
    row.contender.startsWith('j') ? '' : interval(node, 2),
    reference === undefined ? '' : (total.median / reference).toFixed(2),
    srtpProfile,
  ];
}

function joinTable(rows: readonly Row[]): string[] {
  return table(
    JOIN_COLUMNS,
    rows.map((row) => [contenderTitles[row.contender], ...joinCells(row)]),
  );
}

function joinCells(row: Row): string[] {
  if (row.kind === 'missing') return [`left out: ${row.reason}`];
  if (row.kind !== 'joins') return [];
  const failed = row.failures > 0 ? ` (${row.failures} failed)` : '';
  if (!row.interval) return [`0${failed}`];
  return [`${row.firstFramesMs.length}${failed}`, `${interval(row.interval, 0)} ms`, `${row.p95Ms} ms`];
}

/** Points that do not count, said so. */
function remark(row: Row): string[] {
  if (row.kind !== 'load' || !row.cpuPerMillion) return [];
  const kept = row.points.filter(({ round }) => round > 0);
  const refused = kept.filter((point) => point.refused !== undefined);
  const [first] = refused;
  if (!first) return [];
  const verb = refused.length === 1 ? 'does' : 'do';
  return [
    '',
    `${contenderTitles[row.contender]}: ${refused.length} of ${kept.length} points ${verb} not count (${first.refused}).`,
  ];
}

/** From here on somebody else's work shows in the figures. */
const DISTURBING_PERCENT = 5;

/** Whether the server's core was its own. */
function disturbance(rows: readonly Row[]): string[] {
  const counting = rows
    .flatMap((row) => (row.kind === 'load' ? row.points : []))
    .filter(({ round, refused }) => round > 0 && refused === undefined);
  const others = counting.map(
    ({ serverCorePercent, mediaCpuSeconds, nodeCpuSeconds, seconds }) =>
      serverCorePercent - ((mediaCpuSeconds + nodeCpuSeconds) / seconds) * 100,
  );
  const disturbed = others.filter((percent) => percent > DISTURBING_PERCENT);
  if (disturbed.length === 0) return [];
  const most = Math.round(Math.max(...disturbed));
  return [
    '',
    `The machine was not quiet: in ${disturbed.length} of ${counting.length} counted points others used more than ${DISTURBING_PERCENT} % of the server's core, at most ${most} %.`,
  ];
}

const interval = ({ median: middle, low, high }: Interval, digits: number): string =>
  `${middle.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;

const thousands = (value: number): string => Math.round(value).toLocaleString('en-US');
