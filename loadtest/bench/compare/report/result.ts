/**
 * Owns the documented form of the comparison's JSON, version 1. Each case tells when, on what and on which commit it was measured, so
 * that one can be measured again without the others. Does not own how it is shown (markdown.ts).
 */
import * as z from 'zod';
import { contenderIds, families } from '../cases.ts';

const Interval = z.object({ median: z.number(), low: z.number(), high: z.number() });

/** One contender under one load in one round. */
export const Point = z.object({
  /** 0 is dropped: it warms the machine up. */
  round: z.int(),
  /** Forwarded RTP packets with media, each counted once. */
  packets: z.number(),
  seconds: z.number(),
  mbps: z.number(),
  /** Of what was sent to receivers, in percent; retransmissions count as delivered. */
  deliveryPercent: z.number(),
  /** Of the pictures or sounds that the publishers made; less when a server sends a lower frame rate. */
  fullPercent: z.number(),
  tracks: z.int(),
  tracksExpected: z.int(),
  /** RTP packets that the publishers sent; 0 where the generator does not count them. */
  sentPackets: z.number().default(0),
  mediaCpuSeconds: z.number(),
  nodeCpuSeconds: z.number(),
  /** The server's core, with all that ran on it. */
  serverCorePercent: z.number(),
  generator: z.object({ cpuPercent: z.number(), loopPercent: z.number(), lagMs: z.number() }),
  /** Why it does not count; absent when it does. */
  refused: z.string().optional(),
});
export type Point = z.infer<typeof Point>;

const contender = z.enum(contenderIds);

export const Row = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('load'),
    contender,
    srtpProfile: z.string(),
    points: z.array(Point),
    /** CPU-seconds per million forwarded packets, of the points that count; absent when none does. */
    cpuPerMillion: z.object({ total: Interval, media: Interval, node: Interval }).optional(),
    packetsPerS: z.number().optional(),
  }),
  z.object({
    kind: z.literal('joins'),
    contender,
    srtpProfile: z.string(),
    /** Of all rounds but the first. */
    firstFramesMs: z.array(z.number()),
    failures: z.int(),
    p95Ms: z.number().optional(),
    interval: Interval.optional(),
  }),
  z.object({
    kind: z.literal('computed'),
    contender,
    fromCase: z.string(),
    packetsPerS: z.number(),
    /** Cores that this would take. */
    cores: z.number().optional(),
  }),
  z.object({ kind: z.literal('missing'), contender, reason: z.string() }),
]);
export type Row = z.infer<typeof Row>;

export const Machine = z.object({
  cpu: z.string(),
  cores: z.int(),
  memoryGb: z.number(),
  kernel: z.string(),
  system: z.string(),
  node: z.string(),
  mediasoup: z.string(),
  /** Where the worker's binary comes from and what it is linked with. */
  worker: z.string(),
  janus: z.string().optional(),
});
export type Machine = z.infer<typeof Machine>;

export const CaseResult = z.object({
  id: z.string(),
  title: z.string(),
  family: z.enum(families),
  measuredAt: z.string(),
  commit: z.string(),
  machine: Machine,
  network: z.enum(['namespaces', 'loopback']),
  pinned: z.boolean(),
  rounds: z.int(),
  seconds: z.number(),
  seed: z.int(),
  rows: z.array(Row),
});
export type CaseResult = z.infer<typeof CaseResult>;

export const Result = z.object({ version: z.literal(1), cases: z.array(CaseResult) });
export type Result = z.infer<typeof Result>;
