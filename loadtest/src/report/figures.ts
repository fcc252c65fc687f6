/**
 * Owns how every figure follows from what was seen. Pure.
 * Does not own the names and meanings of figures (figureTable.ts).
 */
import { type FigureName, type LatencyName, latencyNames } from './figureTable.ts';
import { Latencies } from './Latencies.ts';
import { loadedPoints } from './loadedPoints.ts';
import type { Observations } from './Observations.ts';
import type { Percentiles, Report } from './schema.ts';

type Figures = Partial<Record<FigureName, number>>;

/** All that were measured. */
export function figuresOf(seen: Observations): Figures {
  const figures: Figures = {
    ...joinFigures(seen),
    ...mediaFigures(seen),
    ...socketFigures(seen),
    ...chatFigures(seen),
    ...reconnectFigures(seen),
    ...probeFigures(seen),
    ...machineFigures(seen),
  };
  for (const [name, percentiles] of Object.entries(latenciesOf(seen))) {
    if (percentiles && isLatencyName(name)) Object.assign(figures, percentileFigures(name, percentiles));
  }
  const delivery = deliveryPercent(seen);
  return delivery === undefined ? figures : { deliveryPercent: delivery, ...figures };
}

/** All times that were measured. */
export function latenciesOf(seen: Observations): Report['latencies'] {
  const { joins, chat, reconnects, visits } = seen;
  const of = (times: Iterable<number | undefined>) =>
    Latencies.of([...times].filter((time) => time !== undefined)).percentiles();
  const all: Record<LatencyName, Percentiles | undefined> = {
    connect: of(joins.map(({ connectMs }) => connectMs)),
    welcome: of(joins.map(({ welcomeMs }) => welcomeMs)),
    join: of(joins.map(({ joinMs }) => joinMs)),
    media: of(joins.map(({ mediaMs }) => mediaMs)),
    firstFrame: of(joins.map(({ firstFrameMs }) => firstFrameMs)),
    ping: seen.pings.percentiles(),
    chatAck: chat && of(chat.ackMs),
    chatDelivery: chat && of(chat.deliveryMs),
    reconnect: reconnects && of(reconnects.backMs),
    probeFirstFrame: visits && of(visits.map(({ firstFrameMs }) => firstFrameMs)),
  };
  return Object.fromEntries(Object.entries(all).filter(([, percentiles]) => percentiles !== undefined));
}

/** The worst of: joins, tracks, packets, messages, sockets, returns. A load is good when nothing of it was missing. */
function deliveryPercent(seen: Observations): number | undefined {
  const { joinsAsked, joinsFailed, tracksPlanned, sockets, chat, reconnects } = seen;
  const { received, lost } = packetsOf(seen);
  const shares = [
    share(joinsAsked - joinsFailed, joinsAsked),
    tracksPlanned && share(tracksPlanned.received, tracksPlanned.expected),
    share(received, received + lost),
    sockets && share(sockets.held, sockets.asked),
    chat && share(chat.delivered, chat.expected),
    reconnects && share(reconnects.backMs.length, reconnects.asked),
  ].filter((percent) => percent !== undefined);
  return shares.length > 0 ? Math.min(...shares) : undefined;
}

function joinFigures({ joinsAsked, joinsFailed, leaves }: Observations): Figures {
  return {
    joinsAsked,
    joinsDone: joinsAsked - joinsFailed,
    joinsFailed,
    ...(leaves > 0 && { leaves }),
  };
}

function mediaFigures(seen: Observations): Figures {
  const { tracksPlanned, tracks } = seen;
  if (!tracksPlanned) return {};
  const points = loadedPoints(seen.series);
  const { received, lost } = packetsOf(seen);
  const recovered = sumOf(tracks, (track) => track.recovered);
  const videos = tracks.filter(({ source }) => source === 'camera' || source === 'screen');
  const layered = videos.filter(({ askedSpatialLayer }) => askedSpatialLayer !== undefined);
  const asAsked = layered.filter(({ spatialLayer, askedSpatialLayer }) => spatialLayer === askedSpatialLayer);
  const watchedMs = points.length * 1000 * videos.length;
  const jitter = Latencies.of(tracks.map(({ jitterMs }) => jitterMs)).percentiles();
  return compact({
    tracksReceived: tracksPlanned.received,
    tracksExpected: tracksPlanned.expected,
    tracksPercent: share(tracksPlanned.received, tracksPlanned.expected),
    sentPacketsPerS: mean(points.map((point) => point.sentPacketsPerS)),
    receivedPacketsPerS: mean(points.map((point) => point.receivedPacketsPerS)),
    receivedMbps: mean(points.map((point) => point.receivedMbps)),
    lossPercent: share(lost, lost + received),
    recoveredPercent: share(
      recovered,
      sumOf(tracks, ({ packets }) => packets),
    ),
    freezes: sumOf(videos, (track) => track.freezes),
    frozenPercent: share(
      sumOf(videos, ({ frozenMs }) => frozenMs),
      watchedMs,
    ),
    longestFreezeMs: maxOf(videos.map((track) => track.longestFreezeMs)),
    audioGaps: sumOf(tracks, (track) => track.audioGaps),
    longestGapMs: maxOf(tracks.map((track) => track.longestGapMs)),
    jitterP95Ms: jitter?.p95Ms,
    layersAsAskedPercent: share(asAsked.length, layered.length),
  });
}

/** While the load stood: what was lost while everybody came is in the series. */
function packetsOf({ series }: Observations): { received: number; lost: number } {
  const points = loadedPoints(series);
  return {
    received: sumOf(points, ({ packetsReceived }) => packetsReceived),
    lost: Math.max(
      0,
      sumOf(points, ({ packetsLost }) => packetsLost),
    ),
  };
}

function socketFigures({ sockets, series }: Observations): Figures {
  if (!sockets) return {};
  return compact({
    socketsAsked: sockets.asked,
    socketsHeld: sockets.held,
    socketDrops: sumOf(series, ({ socketDrops }) => socketDrops),
    serverBytesPerSocket: sockets.bytesEach,
  });
}

function chatFigures({ chat, failures }: Observations): Figures {
  if (!chat) return {};
  const refused = failures.list().filter(({ what }) => what === 'write');
  return {
    chatSent: chat.sent,
    chatStored: chat.stored,
    chatRefused: sumOf(refused, ({ count }) => count),
    chatExpected: chat.expected,
    chatDelivered: chat.delivered,
    chatLost: chat.lost,
    chatDuplicated: chat.duplicated,
    chatDisordered: chat.disordered,
    chatContradicted: chat.contradicted,
    chatAltered: chat.altered,
    chatRepaired: chat.repaired,
  };
}

function reconnectFigures({ reconnects }: Observations): Figures {
  if (!reconnects) return {};
  return {
    reconnectsAsked: reconnects.asked,
    reconnectsDone: reconnects.backMs.length,
    reconnectsResumed: reconnects.resumed,
    // While one is missing, all are not back.
    ...(reconnects.backMs.length === reconnects.asked && {
      reconnectAllMs: maxOf(reconnects.backMs),
    }),
  };
}

function probeFigures({ visits }: Observations): Figures {
  if (!visits) return {};
  return {
    probeJoins: visits.length,
    probeFailures: visits.filter(({ firstFrameMs }) => firstFrameMs === undefined).length,
    probeFreezes: sumOf(visits, ({ freezes }) => freezes),
    probeFrozenMs: sumOf(visits, ({ frozenMs }) => frozenMs),
    probeAudioGaps: sumOf(visits, ({ audioGaps }) => audioGaps),
    probeAudioGapMs: sumOf(visits, ({ audioGapMs }) => audioGapMs),
  };
}

function machineFigures({ series }: Observations): Figures {
  const points = loadedPoints(series);
  const memory = points.map(({ serverMemoryMb }) => serverMemoryMb).filter((value) => value !== null);
  const [first, last] = [memory[0], memory.at(-1)];
  return compact({
    generatorBusiestPercent: mean(points.map((point) => point.generatorBusiestPercent)),
    generatorLagP95Ms: Latencies.of(points.map((point) => point.generatorLagMs)).percentiles()?.p95Ms,
    serverBusiestPercent: mean(points.map((point) => point.serverBusiestPercent)),
    serverCpuPercent: mean(points.map((point) => point.serverCpuPercent)),
    serverMemoryMb: last,
    serverGrowthPercent: first && last ? round((100 * (last - first)) / first) : undefined,
  });
}

const percentileFigures = (name: LatencyName, of: Percentiles): Figures => ({
  [`${name}P50Ms`]: of.p50Ms,
  [`${name}P95Ms`]: of.p95Ms,
  [`${name}P99Ms`]: of.p99Ms,
  [`${name}P999Ms`]: of.p999Ms,
  [`${name}MaxMs`]: of.maxMs,
});

const isLatencyName = (name: string): name is LatencyName => latencyNames.some((known) => known === name);

const round = (value: number): number => Math.round(value * 1000) / 1000;

/** Undefined where there is no whole to have a share of. */
const share = (part: number, whole: number): number | undefined =>
  whole > 0 ? round((100 * part) / whole) : undefined;

function mean(values: readonly (number | null)[]): number | undefined {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? round(sumOf(known, (value) => value) / known.length) : undefined;
}

const sumOf = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((sum, item) => sum + of(item), 0);

/** Not by spreading: there may be more than a call takes arguments. */
const maxOf = (values: readonly number[]): number => values.reduce((max, value) => Math.max(max, value), 0);

function compact(figures: { [N in FigureName]?: number | undefined }): Figures {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));
}
