/**
 * Owns the report as a page: one file, without scripts, pictures or fonts from anywhere.
 * Does not own the drawing of charts (charts.ts) nor the rows of the table (summary.ts).
 */
import { type Chart, chartFigure, htmlText } from './charts.ts';
import { latencyNames, latencyTable } from './figureTable.ts';
import { pageStyle } from './pageStyle.ts';
import type { Report, SeriesPoint } from './schema.ts';
import { group, passed, tableOf } from './summary.ts';

/** The whole page. */
export function htmlPage(report: Report): string {
  const { scenario, startedAt, durationS, targets, machine } = report;
  const title = `${scenario}: Parley load test`;
  const [lead, ...others] = tableOf(report);
  const facts = [
    targets.map(({ url }) => url).join(', '),
    `${group(durationS)} s`,
    startedAt.replace('T', ' ').replace(/\..*/, ' UTC'),
    `tool on ${machine.cores} x ${machine.cpu}, ${report.generator.processes} bot processes`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${htmlText(title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<p class="verdict ${passed(report) ? 'good' : 'bad'}">${htmlText(verdict(report))}</p>
<h1>${htmlText(scenario)}</h1>
<p class="facts">${facts.map(htmlText).join(' · ')}</p>
</header>
<main>
<section class="lead"><p>${htmlText(lead?.value ?? '')}</p><p>${htmlText(lead?.label ?? '')}</p></section>
${listSection('The tool itself was the limit', report.generator.limited, 'warning')}
<section class="columns">
<table><tbody>${others.map(({ label, value }) => `<tr><th scope="row">${htmlText(label)}</th><td>${htmlText(value)}</td></tr>`).join('')}</tbody></table>
<div>${latencyTableOf(report)}${rampTable(report)}${assertionTable(report)}</div>
</section>
<section class="charts">
${chartsOf(report)
  .map(chartFigure)
  .filter((figure) => figure !== undefined)
  .join('\n')}
</section>
${listSection('Failures', report.failures.map(failureLine))}
${listSection('Faults', report.faults)}
${listSection('Notes', report.notes)}
<details><summary>Options</summary><pre>${htmlText(JSON.stringify(report.options, undefined, 2))}</pre>
<pre>npm run loadtest -- ${htmlText(report.command.join(' '))}</pre></details>
</main>
</body>
</html>
`;
}

function verdict({ assertions, interrupted }: Report): string {
  const failed = assertions.filter((one) => !one.passed);
  if (failed.length > 0) return `${failed.length} of ${assertions.length} assertions failed`;
  if (interrupted) return 'interrupted';
  if (assertions.length === 0) return 'finished';
  return assertions.length === 1 ? 'the assertion holds' : `all ${assertions.length} assertions hold`;
}

function chartsOf({ series, latencies }: Report): Chart[] {
  const places = timePlaces(series);
  const marks = phaseMarks(series);
  const over = (
    title: string,
    unit: string,
    lines: Record<string, (point: SeriesPoint) => number | null>,
  ): Chart => ({
    title,
    unit,
    places,
    marks,
    lines: Object.entries(lines).map(([label, of]) => ({ label, values: series.map(of) })),
  });
  const hasTracks = series.some(({ tracksExpected }) => tracksExpected > 0);
  const hasChat = series.some(({ messagesSent }) => messagesSent > 0);
  const percentiles = ['p50Ms', 'p75Ms', 'p90Ms', 'p95Ms', 'p99Ms', 'p999Ms', 'maxMs'] as const;
  return [
    ...(hasTracks
      ? [
          over('Tracks', '', { expected: (p) => p.tracksExpected, received: (p) => p.tracksReceived }),
          over('Packets', 'a second', {
            received: (p) => p.receivedPacketsPerS,
            sent: (p) => p.sentPacketsPerS,
          }),
          over('Loss', '% of the packets of each second', { lost: (p) => p.lossPercent }),
          over('Disturbances', 'begun in each second', {
            freezes: (p) => p.freezes,
            'audio gaps': (p) => p.audioGaps,
          }),
        ]
      : [
          over('Bots', 'that are in', {
            bots: (p) => p.bots,
            'dropped in this second': (p) => p.socketDrops,
          }),
        ]),
    ...(hasChat
      ? [over('Messages', 'a second', { delivered: (p) => p.messagesReceived, sent: (p) => p.messagesSent })]
      : []),
    {
      title: 'Latencies',
      unit: 'ms by percentile, logarithmic',
      places: ['50', '75', '90', '95', '99', '99.9', 'max'],
      scale: 'logarithmic',
      lines: latencyNames.flatMap((name) => {
        const of = latencies[name];
        return of ? [{ label: latencyTable[name], values: percentiles.map((key) => of[key]) }] : [];
      }),
    },
    over('Ping', 'ms, 95th percentile of each second', { ping: (p) => p.pingP95Ms }),
    over('CPU', '% of a core', {
      servers: (p) => p.serverCpuPercent,
      'busiest server process': (p) => p.serverBusiestPercent,
      tool: (p) => p.generatorCpuPercent,
      'tool, busiest event loop': (p) => p.generatorBusiestPercent,
      'machine of the tool, %': (p) => p.machinePercent,
    }),
    over('Lateness of the tool', 'ms, worst timer of each second', { lateness: (p) => p.generatorLagMs }),
    over('Server memory', 'MB resident', { servers: (p) => p.serverMemoryMb }),
  ];
}

/** A time below about every eighth part of the axis. */
function timePlaces(series: readonly SeriesPoint[]): string[] {
  const every = Math.max(1, Math.ceil(series.length / 8));
  return series.map(({ atS }, index) => (index % every === 0 ? `${Math.round(atS)} s` : ''));
}

/** Phases that last a moment, such as those of a soak, would write over each other. */
function phaseMarks(series: readonly SeriesPoint[]): { place: number; label: string }[] {
  const apart = series.length / 12;
  const marks: { place: number; label: string }[] = [];
  series.forEach(({ phase }, place) => {
    const last = marks.at(-1);
    if (phase === series[place - 1]?.phase || phase === 'begin') return;
    if (!last || (phase !== last.label && place - last.place >= apart)) marks.push({ place, label: phase });
  });
  return marks;
}

function latencyTableOf({ latencies }: Report): string {
  const rows = latencyNames.flatMap((name) => {
    const of = latencies[name];
    if (!of) return [];
    const cells = [of.p50Ms, of.p95Ms, of.p99Ms, of.maxMs, of.count].map(
      (value) => `<td>${group(value)}</td>`,
    );
    return [`<tr><th scope="row">${htmlText(latencyTable[name])}</th>${cells.join('')}</tr>`];
  });
  if (rows.length === 0) return '';
  const head = ['milliseconds', 'p50', 'p95', 'p99', 'max', 'count'].map(
    (cell) => `<th scope="col">${cell}</th>`,
  );
  return `<table><thead><tr>${head.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function rampTable({ ramp }: Report): string {
  if (!ramp) return '';
  const rows = ramp.steps
    .toSorted((a, b) => a.load - b.load)
    .map(
      ({ load, good, deliveryPercent, gaveWay }) =>
        `<tr class="${good ? 'good' : 'bad'}"><th scope="row">${load}</th><td>${deliveryPercent ?? ''} %</td><td>${htmlText(gaveWay[0] ?? 'good')}</td></tr>`,
    );
  return `<table><thead><tr><th scope="col">${htmlText(ramp.unit)}</th><th scope="col">delivery</th><th scope="col">what gave way</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function assertionTable({ assertions }: Report): string {
  if (assertions.length === 0) return '';
  const rows = assertions.map(
    ({ expression, passed: holds, actual }) =>
      `<tr class="${holds ? 'good' : 'bad'}"><th scope="row">${htmlText(expression)}</th><td>${holds ? 'holds' : 'failed'}</td><td>${actual ?? 'not measured'}</td></tr>`,
  );
  return `<table><thead><tr><th scope="col">assertion</th><th scope="col"></th><th scope="col">actual</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

const failureLine = ({ what, code, message, count }: Report['failures'][number]): string =>
  `${count} x ${what}: ${code}, ${message}`;

const listSection = (title: string, lines: readonly string[], kind = ''): string =>
  lines.length === 0
    ? ''
    : `<section class="list ${kind}"><h2>${htmlText(title)}</h2><ul>${lines.map((line) => `<li>${htmlText(line)}</li>`).join('')}</ul></section>`;
