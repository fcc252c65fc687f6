/**
 * Figures follow from what was seen: of the seconds in which the load stood, and never of more than was measured.
 */
import { expect, test } from 'vitest';
import { figuresOf } from './figures.ts';
import { noObservations, type Observations } from './Observations.ts';
import type { SeriesPoint } from './schema.ts';

const point = (phase: string, what: Partial<SeriesPoint>): SeriesPoint => ({
  ...{
    atS: 0,
    phase,
    bots: 2,
    tracksReceived: 2,
    tracksExpected: 2,
    sentPacketsPerS: 10,
    receivedPacketsPerS: 10,
  },
  ...{ receivedMbps: 1, packetsReceived: 10, packetsLost: 0, lossPercent: 0, freezes: 0, audioGaps: 0 },
  ...{ messagesSent: 0, messagesReceived: 0, socketDrops: 0, pingP95Ms: null, generatorBusiestPercent: 1 },
  ...{ generatorCpuPercent: 1, generatorLagMs: 1, machinePercent: 1 },
  ...{ serverBusiestPercent: null, serverCpuPercent: null, serverMemoryMb: null },
  ...what,
});

const seen = (what: Partial<Observations>): Observations => ({ ...noObservations(), joinsAsked: 4, ...what });

test('packets that were lost while everybody came do not count', () => {
  const series = [
    point('join', { packetsReceived: 100, packetsLost: 100 }),
    point('hold', { packetsReceived: 995, packetsLost: 5 }),
  ];
  const figures = figuresOf(seen({ series, tracksPlanned: { received: 12, expected: 12 } }));
  expect(figures).toMatchObject({ lossPercent: 0.5, deliveryPercent: 99.5, tracksPercent: 100 });
});

test('delivery is the worst of all that was asked for', () => {
  expect(figuresOf(seen({}))).toMatchObject({ deliveryPercent: 100 });
  expect(figuresOf(seen({ joinsFailed: 1 }))).toMatchObject({ deliveryPercent: 75, joinsDone: 3 });
  const sockets = { asked: 10, held: 5, bytesEach: undefined };
  expect(figuresOf(seen({ joinsFailed: 1, sockets }))).toMatchObject({ deliveryPercent: 50, socketsHeld: 5 });
  expect(figuresOf(noObservations())).not.toHaveProperty('deliveryPercent');
});

test('what was not measured is not there', () => {
  const figures = figuresOf(seen({ sockets: { asked: 1, held: 1, bytesEach: undefined } }));
  expect(figures).not.toHaveProperty('serverBytesPerSocket');
  expect(figures).not.toHaveProperty('tracksPercent');
  expect(figures).not.toHaveProperty('joinP95Ms');
});

test('while one socket is missing, not all are back', () => {
  const back = { asked: 2, resumed: 1, backMs: [10, 30] };
  expect(figuresOf(seen({ reconnects: back }))).toMatchObject({ reconnectAllMs: 30, reconnectsResumed: 1 });
  const missing = figuresOf(seen({ reconnects: { ...back, asked: 3 } }));
  expect(missing).not.toHaveProperty('reconnectAllMs');
  expect(missing).toMatchObject({ reconnectsAsked: 3, reconnectsDone: 2 });
});

test('the memory of a server that grew shows as growth', () => {
  const series = [100, 120, 150].map((serverMemoryMb) => point('hold', { serverMemoryMb }));
  expect(figuresOf(seen({ series }))).toMatchObject({ serverMemoryMb: 150, serverGrowthPercent: 50 });
});
