/**
 * Owns the ONE table of what the bench asks its generator process, with the schemas of question and answer.
 * Does not own behaviour: generatorProcess.ts answers, Generator.ts asks.
 */
import * as z from 'zod';

const Nothing = z.object({});

const Load = z.object({
  rooms: z.int(),
  publishers: z.int(),
  viewers: z.int(),
  publish: z.object({ audio: z.boolean(), video: z.boolean() }),
  talkers: z.int().optional(),
  layout: z.enum(['page']).optional(),
});

/** How the load stands; counters only grow until the load is closed. */
export const LoadSample = z.object({
  /** Those that have brought a packet, and of video a picture of the largest layer. */
  tracksFull: z.int(),
  tracks: z.int(),
  /** RTP packets with media, each counted once. */
  packets: z.number(),
  /** Of these, the ones of sound. */
  audioPackets: z.number(),
  bytes: z.number(),
  /** RTP packets that publishers sent, where the peer counts them (Parley's). */
  sentPackets: z.number(),
  /** Never came, retransmissions asked for or not. */
  lost: z.number(),
  /** Video frames that a decoder could have shown. */
  frames: z.number(),
  /** Of the generator itself, since the sample before. */
  self: z.object({ cpuPercent: z.number(), loopPercent: z.number(), lagMs: z.number() }),
});
export type LoadSample = z.infer<typeof LoadSample>;

/** name -> schemas of its data and of its reply. */
export const commands = {
  /** First of all; answered when the server takes connections. */
  setUp: {
    data: z.object({
      dialect: z.enum(['parley', 'mediasoup', 'janus']),
      url: z.string(),
      localAddress: z.string(),
    }),
    reply: Nothing,
  },
  /** Makes one connection through a relay that reads the DTLS handshake. */
  srtpProfile: { data: Nothing, reply: z.object({ profile: z.string() }) },
  /** Answered when everybody has joined and asked for everything. */
  open: { data: Load, reply: Nothing },
  sample: { data: Nothing, reply: LoadSample },
  /** One viewer more joins the first room and leaves again. */
  joinOnce: { data: Nothing, reply: z.object({ firstFrameMs: z.number() }) },
  /** Everybody leaves. */
  close: { data: Nothing, reply: Nothing },
} satisfies Record<string, { data: z.ZodType; reply: z.ZodType }>;

export type CommandName = keyof typeof commands;
export type CommandData<N extends CommandName> = z.infer<(typeof commands)[N]['data']>;
export type CommandReply<N extends CommandName> = z.infer<(typeof commands)[N]['reply']>;

const names = Object.keys(commands) as [CommandName, ...CommandName[]];

export const CommandFrame = z.object({ id: z.int(), name: z.enum(names), data: z.unknown() });
export const AnswerFrame = z.union([
  z.object({ id: z.int(), ok: z.unknown() }),
  z.object({ id: z.int(), error: z.string() }),
]);
