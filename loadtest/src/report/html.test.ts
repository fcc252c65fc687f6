/**
 * The page stands alone, shows what was measured, and no name or message of a server becomes markup.
 */
import { expect, test } from 'vitest';
import { buildReport, type Subject } from './buildReport.ts';
import { htmlPage } from './html.ts';
import { noObservations } from './Observations.ts';
import { Report } from './schema.ts';
import { summarise } from './summary.ts';

const subject: Subject = {
  scenario: 'media',
  figures: ['tracksReceived', 'tracksExpected', 'tracksPercent', 'joinsDone'],
  options: { rooms: 1 },
  command: ['media', '--token-key', 'acme:topsecret', '--token-key=acme:topsecret'],
  startedAt: new Date(0),
  interrupted: false,
  processes: 2,
  targets: [{ url: 'http://localhost:3000', processes: [] }],
  assertions: [],
};

function reportWith(seconds: number): Report {
  const seen = noObservations();
  for (let atS = 1; atS <= seconds; atS += 1) {
    seen.series.push({
      ...{ atS, phase: atS < 3 ? 'join' : 'hold', bots: 5, tracksReceived: 15, tracksExpected: 16 },
      ...{
        sentPacketsPerS: 100,
        receivedPacketsPerS: 900,
        receivedMbps: 7,
        packetsReceived: 900,
        packetsLost: 0,
        lossPercent: 0,
        freezes: 0,
      },
      ...{ audioGaps: 0, messagesSent: 0, messagesReceived: 0, socketDrops: 0, pingP95Ms: null },
      ...{ generatorBusiestPercent: 5, generatorCpuPercent: 9, generatorLagMs: 1, machinePercent: 20 },
      ...{ serverBusiestPercent: null, serverCpuPercent: null, serverMemoryMb: null },
    });
  }
  seen.joins = [{ connectMs: 1, welcomeMs: 2, joinMs: 3 }];
  seen.joinsAsked = 1;
  seen.tracksPlanned = { received: 15, expected: 16 };
  seen.failures.add([{ what: 'join', code: 'internal', message: '<script>alert("x")</script>' }]);
  return Report.parse(buildReport(subject, seen));
}

test('leads with tracks received of expected, on screen and on the page', () => {
  const report = reportWith(10);
  expect(summarise(report)).toMatch(/\n\n {2}tracks received \/ expected\s+15 \/ 16 \(93.75 %\)\n/);
  expect(htmlPage(report)).toContain(
    '<section class="lead"><p>15 / 16 (93.75 %)</p><p>tracks received / expected</p>',
  );
});

test('is one page without scripts, and asks nothing of the network', () => {
  const page = htmlPage(reportWith(10));
  expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|\son[a-z]+=/i);
  expect(page).toContain('prefers-color-scheme:dark');
  expect(page).toContain('&#60;script&#62;');
});

test('shows charts of what is known, and none of what is not', () => {
  const page = htmlPage(reportWith(10));
  const charts = [...page.matchAll(/<svg[^>]*aria-label="([^"]*)"/g)].map(([, label]) => label);
  expect(charts).toEqual([
    'Tracks',
    'Packets',
    'Loss',
    'Disturbances',
    'Latencies',
    'CPU',
    'Lateness of the tool',
  ]);
  expect(page).not.toMatch(/NaN|Infinity|undefined/);
});

test.each([0, 1, 2])('can be made of %d seconds', (seconds) => {
  expect(htmlPage(reportWith(seconds))).not.toMatch(/NaN|Infinity|undefined/);
});

test('never holds a secret', () => {
  const report = reportWith(3);
  expect(report.command).toEqual(['media', '--token-key', 'acme:...', '--token-key=acme:...']);
  expect(JSON.stringify(report) + htmlPage(report) + summarise(report)).not.toContain('topsecret');
});
