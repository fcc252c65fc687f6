/**
 * Owns what the generator may ask the bare mediasoup server, as a table of schemas; there is nothing but what media needs.
 * Does not own behaviour (mediasoupHost.ts answers, generator/mediasoupPeer.ts asks).
 */
import { DtlsParameters, RtpCapabilities, RtpParameters, TransportInfo } from '@parley/protocol';
import * as z from 'zod/mini';

const Nothing = z.object({});
const Id = z.string();
const Kind = z.enum(['audio', 'video']);

/** name -> schemas of its data and of its reply. */
export const asks = {
  join: {
    data: z.object({ room: z.string() }),
    reply: z.object({
      rtpCapabilities: RtpCapabilities,
      producers: z.array(z.object({ producerId: Id, kind: Kind })),
    }),
  },
  createTransport: { data: z.object({ rtpCapabilities: RtpCapabilities }), reply: TransportInfo },
  connect: { data: z.object({ transportId: Id, dtlsParameters: DtlsParameters }), reply: Nothing },
  produce: {
    data: z.object({ transportId: Id, kind: Kind, rtpParameters: RtpParameters }),
    reply: z.object({ producerId: Id }),
  },
  consume: {
    /** With `spatialLayer` no larger layer than that one. */
    data: z.object({ transportId: Id, producerId: Id, spatialLayer: z.optional(z.int()) }),
    reply: z.object({ consumerId: Id, kind: Kind, rtpParameters: RtpParameters }),
  },
  resume: { data: z.object({ consumerId: Id }), reply: Nothing },
} satisfies Record<string, { data: z.ZodMiniType; reply: z.ZodMiniType }>;

export type AskName = keyof typeof asks;
export type AskData<N extends AskName> = z.infer<(typeof asks)[N]['data']>;
export type AskReply<N extends AskName> = z.infer<(typeof asks)[N]['reply']>;

const names = Object.keys(asks) as [AskName, ...AskName[]];

export const AskFrame = z.object({ id: z.int(), name: z.enum(names), data: z.unknown() });
export const AnswerFrame = z.union([
  z.object({ id: z.int(), ok: z.unknown() }),
  z.object({ id: z.int(), error: z.string() }),
]);
