/**
 * Owns the shapes of what a client measures of its own call, every number and list bounded.
 * Does not own the measuring (client/sdk/src/quality) nor what is kept of it (server/src/quality).
 */
import * as z from 'zod/mini';
import { Id } from './ids.ts';

/** Publications in one report; who has more to tell takes several. */
export const MAX_REPORTED_PUBLICATIONS = 32;

/** Counters of months fit; nothing that JSON or SQLite would round. */
const count = z.int().check(z.gte(0), z.lte(Number.MAX_SAFE_INTEGER));
const durationMs = z.int().check(z.gte(0), z.lte(31_622_400_000));

/** How packets travel: directly over UDP or TCP, or through a TURN relay (however that one is reached). */
export const MediaPath = z.enum(['udp', 'tcp', 'relay']);
export type MediaPath = z.infer<typeof MediaPath>;

/** Why a call is bad for who is in it, as people and admins are told. */
export const TroubleCode = z.enum(['your-network', 'their-network', 'your-computer']);
export type TroubleCode = z.infer<typeof TroubleCode>;

/** The own part of {@link TroubleCode}: what somebody may say about themselves. */
export const OwnTrouble = z.enum(['your-network', 'your-computer']);
export type OwnTrouble = z.infer<typeof OwnTrouble>;

/** Milliseconds from the wish to join to each step; 0: it was there already. Left out: not reached yet. */
export const JoinPhases = z.object({
  socketMs: z.optional(durationMs),
  helloMs: z.optional(durationMs),
  seatMs: z.optional(durationMs),
  transportMs: z.optional(durationMs),
  /** The first decoded picture of somebody else. */
  firstFrameMs: z.optional(durationMs),
});
export type JoinPhases = z.infer<typeof JoinPhases>;

/** One publication as its publisher or one of its receivers saw it. Cumulative; what a browser does not tell is left out. */
export const PublicationQuality = z.object({
  publicationId: Id,
  /** Received, or sent. */
  packets: count,
  /** Of a sent publication: as the server reports. */
  lost: z.optional(count),
  /** The latest. */
  jitterMs: z.optional(durationMs),
  freezes: z.optional(count),
  freezeMs: z.optional(durationMs),
  /** Decoded, or encoded. */
  frames: z.optional(count),
  framesDropped: z.optional(count),
  /** Sound that was made up because none came, and all of it. */
  concealedSamples: z.optional(count),
  samples: z.optional(count),
  /** How long the encoder was held back by the network, and by the machine. */
  bandwidthLimitedMs: z.optional(durationMs),
  cpuLimitedMs: z.optional(durationMs),
  /** How long a picture of this height flowed. */
  layers: z
    .array(z.object({ height: z.int().check(z.gte(1), z.lte(16_384)), ms: durationMs }))
    .check(z.maxLength(12)),
});
export type PublicationQuality = z.infer<typeof PublicationQuality>;

/** What a participant tells of the call, over one life of its page. */
export const QualityReport = z.object({
  /** Made by the client, one per life of the page: counters begin anew with it. */
  visitId: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
  phases: JoinPhases,
  sendPath: z.optional(MediaPath),
  recvPath: z.optional(MediaPath),
  rttMs: z.optional(durationMs),
  /** Absent: nothing is wrong. */
  trouble: z.optional(OwnTrouble),
  /** How long each trouble was shown. */
  networkTroubleMs: durationMs,
  computerTroubleMs: durationMs,
  publications: z.array(PublicationQuality).check(z.maxLength(MAX_REPORTED_PUBLICATIONS)),
});
export type QualityReport = z.infer<typeof QualityReport>;
