/**
 * Owns the names and meanings of all figures: what `--assert` and the JSON report know them by, what the summary calls them.
 * Does not own how a figure is got (figures.ts).
 */

/** Times of which every report has percentiles; each gives five figures, such as `joinP95Ms`. */
export const latencyTable = {
  connect: 'socket open',
  welcome: 'hello answered',
  join: 'seat taken',
  media: 'ICE and DTLS up',
  firstFrame: 'first picture',
  ping: 'ping answered',
  chatAck: 'message stored',
  chatDelivery: 'message delivered',
  reconnect: 'back after a drop',
  probeFirstFrame: 'Chromium: click on Join to first picture',
} as const;
export type LatencyName = keyof typeof latencyTable;
export const latencyNames = Object.keys(latencyTable) as [LatencyName, ...LatencyName[]];

const percentileSuffixes = {
  P50Ms: 'half of them',
  P95Ms: '95 % of them',
  P99Ms: '99 % of them',
  P999Ms: '99.9 % of them',
  MaxMs: 'the slowest',
} as const;
type PercentileSuffix = keyof typeof percentileSuffixes;
const suffixes = Object.keys(percentileSuffixes) as PercentileSuffix[];

/** Figures that are no percentile. */
const plainFigures = {
  deliveryPercent: 'what arrived of what should have; the ramp asks for 99.9',
  knee: 'the largest load that the ramp found good',
  tracksReceived: 'tracks that show a picture or have brought sound, when the load stood',
  tracksExpected: 'tracks that everybody together should have',
  tracksPercent: 'the former of the latter',
  sentPacketsPerS: 'RTP packets sent by bots',
  receivedPacketsPerS: 'RTP packets received by bots',
  receivedMbps: 'RTP megabits a second received by bots',
  lossPercent: 'packets that never came while the load stood, retransmissions counted as come',
  recoveredPercent: 'packets that came by retransmission',
  freezes: 'times without a complete frame for more than 200 ms',
  frozenPercent: 'share of the viewing time that was frozen',
  longestFreezeMs: 'the longest of them',
  audioGaps: 'times in which more than 60 ms of sound were missing',
  longestGapMs: 'the longest of them',
  jitterP95Ms: 'interarrival jitter, 95th percentile of tracks',
  layersAsAskedPercent: 'video tracks that arrive in the layer that was asked for',
  joinsAsked: 'joins asked for',
  joinsDone: 'joins that succeeded',
  joinsFailed: 'joins that did not',
  leaves: 'bots that left and were replaced',
  socketsAsked: 'sockets asked for',
  socketsHeld: 'sockets that stood to the end, never dropped',
  socketDrops: 'sockets that the bots did not close themselves',
  serverBytesPerSocket: 'resident memory that the servers gained, per socket',
  chatSent: 'messages sent',
  chatStored: 'messages acknowledged as stored',
  chatRefused: 'messages refused, such as for their rate',
  chatExpected: 'deliveries due: stored messages times their readers',
  chatDelivered: 'deliveries that came',
  chatLost: 'deliveries that never came',
  chatDuplicated: 'deliveries that came twice, and messages stored twice',
  chatDisordered: 'deliveries behind a later one, and messages stored in another order than sent',
  chatContradicted: 'positions at which two logs have different messages, or all logs have none',
  chatAltered: 'deliveries with another text than was sent',
  chatRepaired: 'deliveries that the push missed and the history brought',
  reconnectsAsked: 'sockets dropped on purpose',
  reconnectsDone: 'sockets that came back',
  reconnectsResumed: 'of them, those that got their session and seat back',
  reconnectAllMs: 'from the drop until all were back',
  probeJoins: 'joins of a real Chromium',
  probeFailures: 'those without a picture in time',
  probeFreezes: 'freezes that Chromium saw',
  probeFrozenMs: 'how long they lasted together',
  probeAudioGaps: 'times in which Chromium had to make up sound',
  probeAudioGapMs: 'how long they lasted together',
  generatorBusiestPercent: 'event loop of the busiest process of the tool, mean while the load stood',
  generatorLagP95Ms: 'how late its timers were, 95th percentile of seconds',
  serverBusiestPercent: 'CPU of the busiest server process, mean while the load stood',
  serverCpuPercent: 'CPU of all server processes together, same time',
  serverMemoryMb: 'resident memory of all server processes at the end',
  serverGrowthPercent: 'its growth while the load stood',
} as const;

type PlainFigure = keyof typeof plainFigures;
/** A name that `--assert` takes. */
export type FigureName = PlainFigure | `${LatencyName}${PercentileSuffix}`;

/** Every figure with its meaning. */
export const figureTable: Readonly<Record<FigureName, string>> = Object.freeze(
  Object.assign(
    {},
    plainFigures,
    ...latencyNames.flatMap((name) =>
      suffixes.map((suffix) => ({
        [`${name}${suffix}`]: `${latencyTable[name]}: ${percentileSuffixes[suffix]}`,
      })),
    ),
  ),
);

/** Whether a text is the name of a figure. */
export const isFigureName = (text: string): text is FigureName => Object.hasOwn(figureTable, text);

/** Whether it is one of the five figures of a time. */
export const isPercentile = (name: FigureName): boolean => !Object.hasOwn(plainFigures, name);

/** Figures of every scenario. */
export const commonFigures: readonly FigureName[] = [
  'generatorBusiestPercent',
  'generatorLagP95Ms',
  'serverBusiestPercent',
  'serverCpuPercent',
  'serverMemoryMb',
  'serverGrowthPercent',
];

/** All figures of these times. */
export const percentileFigures = (...names: LatencyName[]): FigureName[] =>
  names.flatMap((name) => suffixes.map((suffix): FigureName => `${name}${suffix}`));
