/**
 * Owns the JSON report: its shape, versioned, with a description of every field (`npm run loadtest -- schema` prints it).
 * Does not own how it is made (buildReport.ts) nor shown (summary.ts, html.ts).
 */
import * as z from 'zod';
import { latencyNames } from './figureTable.ts';

/** Raised when a field changes its meaning or goes; new fields do not raise it. */
export const REPORT_VERSION = 1;

const milliseconds = z.number().describe('milliseconds');

export const Percentiles = z.object({
  count: z.int().describe('how many were measured'),
  meanMs: milliseconds,
  p50Ms: milliseconds,
  p75Ms: milliseconds,
  p90Ms: milliseconds,
  p95Ms: milliseconds,
  p99Ms: milliseconds,
  p999Ms: milliseconds,
  maxMs: milliseconds,
});
export type Percentiles = z.infer<typeof Percentiles>;

const unknownElsewhere = 'null where the server is on another machine';

/** One second of a run. */
export const SeriesPoint = z.object({
  atS: z.number().describe('seconds since the run began'),
  phase: z.string().describe('what the scenario was doing'),
  bots: z.int().describe('bots that are in'),
  tracksReceived: z.int(),
  tracksExpected: z.int(),
  sentPacketsPerS: z.number(),
  receivedPacketsPerS: z.number(),
  receivedMbps: z.number(),
  packetsReceived: z.int().describe('in this second'),
  packetsLost: z.number().describe('given up in this second; negative when some came after all'),
  lossPercent: z.number().describe('of the packets due in this second'),
  freezes: z.int().describe('that began in this second'),
  audioGaps: z.int().describe('that began in this second'),
  messagesSent: z.int().describe('chat messages'),
  messagesReceived: z.int().describe('deliveries of chat messages'),
  socketDrops: z.int(),
  pingP95Ms: z.number().nullable(),
  generatorBusiestPercent: z.number().describe('event loop of the busiest bot process'),
  generatorCpuPercent: z.number().describe('CPU of all bot processes, 100 = one core'),
  generatorLagMs: z.number().describe('worst lateness of a timer in a bot process'),
  machinePercent: z.number().describe('CPU of the whole machine that the tool runs on'),
  serverBusiestPercent: z.number().nullable().describe(`busiest server process; ${unknownElsewhere}`),
  serverCpuPercent: z.number().nullable().describe(`all server processes; ${unknownElsewhere}`),
  serverMemoryMb: z.number().nullable().describe(`resident, all server processes; ${unknownElsewhere}`),
});
export type SeriesPoint = z.infer<typeof SeriesPoint>;

const TrackSummary = z.object({
  tracks: z.int(),
  packets: z.int(),
  lost: z.int(),
  duplicated: z.int(),
  reordered: z.int(),
  recovered: z.int(),
  freezes: z.int(),
  frozenMs: z.number(),
  audioGaps: z.int(),
  jitterP95Ms: z.number().nullable(),
  layers: z.record(z.string(), z.int()).describe('video: how many tracks arrive in which spatial layer'),
});
export type TrackSummary = z.infer<typeof TrackSummary>;

/** One load that a ramp tried. */
export const RampStep = z.object({
  load: z.int(),
  good: z.boolean(),
  deliveryPercent: z.number().nullable(),
  gaveWay: z.array(z.string()).describe('what was at its limit, the likeliest cause first'),
});
export type RampStep = z.infer<typeof RampStep>;

export const Report = z
  .object({
    schema: z.literal('parley-loadtest'),
    version: z.literal(REPORT_VERSION),
    scenario: z.string(),
    startedAt: z.iso.datetime(),
    durationS: z.number(),
    interrupted: z.boolean().describe('ended early by Ctrl-C'),
    command: z.array(z.string()).describe('the arguments, secrets left out'),
    options: z.record(z.string(), z.unknown()),
    targets: z.array(
      z.object({
        url: z.string(),
        processes: z
          .array(z.object({ pid: z.int(), name: z.string() }))
          .describe('of a server on this machine; empty for others'),
      }),
    ),
    machine: z
      .object({ cpu: z.string(), cores: z.int(), memoryGb: z.number(), node: z.string(), os: z.string() })
      .describe('that the tool ran on'),
    generator: z.object({
      processes: z.int(),
      limited: z.array(z.string()).describe('why the tool itself was the limit; empty when it was not'),
    }),
    figures: z
      .record(z.string(), z.number().nullable())
      .describe('by name; null: known to this scenario but not measured, such as on another machine'),
    latencies: z.partialRecord(z.enum(latencyNames), Percentiles),
    tracks: z.object({ audio: TrackSummary.optional(), video: TrackSummary.optional() }),
    failures: z
      .array(z.object({ what: z.string(), code: z.string(), message: z.string(), count: z.int() }))
      .describe('what bots met with, alike ones counted together'),
    faults: z.array(z.string()).describe('the first faults that the comparison of the chat logs found'),
    ramp: z
      .object({
        unit: z.string(),
        knee: z.int().nullable(),
        gaveWay: z.array(z.string()),
        steps: z.array(RampStep),
      })
      .optional(),
    assertions: z.array(
      z.object({ expression: z.string(), passed: z.boolean(), actual: z.number().nullable() }),
    ),
    series: z.array(SeriesPoint),
    notes: z.array(z.string()),
  })
  .describe('The result of one run of the Parley load tool');
export type Report = z.infer<typeof Report>;
