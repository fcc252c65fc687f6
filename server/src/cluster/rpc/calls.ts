/**
 * Owns the ONE table of what nodes ask of each other, and the one of what they tell unasked; all types follow from them.
 * Does not own behaviour: handlers are given to RpcServer, and one that is missing does not compile. Answers and news of a node of the
 * next minor version may have more fields: they are skipped.
 */
import {
  ConsumerInfo,
  DtlsParameters,
  Id,
  RoomId,
  RtpCapabilities,
  RtpParameters,
  Source,
  TransportInfo,
  VideoCodec,
  ViewedPublication,
} from '@parley/protocol';
import * as z from 'zod/mini';

/**
 * Version of the tables and of the handshake. Raise `minor` for what an older node can skip or refuse, `major` for the rest. Nodes
 * understand each other within one minor version.
 */
export const RPC_VERSION = { major: 1, minor: 0 } as const;

const Nothing = z.object({});
const Room = z.object({ tenant: Id, roomId: RoomId });
const Seat = z.object({ room: Room, peerId: Id });
const View = z.array(ViewedPublication).check(z.maxLength(160));
const Wanted = z.object({ source: Source, generation: z.int(), active: z.array(z.boolean()) });

/** Served by nodes that have media: `MediaPort` (room/ports.ts) seat by seat. */
export const mediaCalls = {
  /**
   * The asker has the seat's session from now on and hears of the seat and its room. With what the seat showed so far. `again`: it had it
   * before the connection broke; `invalid-state` when another node has it by now.
   */
  attachSeat: {
    data: z.object({ seat: Seat, view: z.optional(View), again: z.boolean() }),
    reply: z.object({ rtpCapabilities: RtpCapabilities, transportIds: z.array(Id) }),
  },
  outlook: {
    data: z.object({ seat: Seat }),
    reply: z.object({ audioPool: z.array(Id), encodingsWanted: z.array(Wanted) }),
  },
  undecodable: {
    data: z.object({ seat: Seat, rtpCapabilities: RtpCapabilities }),
    reply: z.object({ codecs: z.array(VideoCodec) }),
  },
  createTransport: {
    data: z.object({
      seat: Seat,
      transportId: Id,
      direction: z.enum(['send', 'recv']),
      rtpCapabilities: z.optional(RtpCapabilities),
    }),
    reply: TransportInfo,
  },
  connectTransport: {
    data: z.object({ seat: Seat, transportId: Id, dtlsParameters: DtlsParameters }),
    reply: Nothing,
  },
  restartIce: {
    data: z.object({ seat: Seat, transportId: Id }),
    reply: z.object({ iceParameters: TransportInfo.shape.iceParameters }),
  },
  produce: {
    data: z.object({
      seat: Seat,
      transportId: Id,
      source: Source,
      generation: z.int(),
      rtpParameters: RtpParameters,
      muted: z.boolean(),
    }),
    reply: Nothing,
  },
  setProducerPaused: {
    data: z.object({ seat: Seat, source: Source, paused: z.boolean() }),
    reply: Nothing,
  },
  closeProducer: { data: z.object({ seat: Seat, source: Source }), reply: Nothing },
  consume: {
    data: z.object({ seat: Seat, transportId: Id, publicationId: Id }),
    reply: ConsumerInfo,
  },
  closeConsumer: { data: z.object({ seat: Seat, consumerId: Id }), reply: Nothing },
  setConsumerPaused: {
    data: z.object({ seat: Seat, consumerId: Id, paused: z.boolean() }),
    reply: Nothing,
  },
  setView: { data: z.object({ seat: Seat, publications: View }), reply: Nothing },
  speechBegins: { data: z.object({ seat: Seat }), reply: Nothing },
  closePeer: { data: z.object({ seat: Seat }), reply: Nothing },
} satisfies CallTable;

/** name -> schemas of its data and of its reply. */
export const calls = { ...mediaCalls } satisfies CallTable;

/** name -> schema of its data: `MediaEvents` (room/ports.ts), to the nodes that have the seats' sessions. */
export const notices = {
  moved: z.object({ seats: z.array(Seat) }),
  consumersClosed: z.object({ seat: Seat, consumerIds: z.array(Id) }),
  activeSpeakers: z.object({ room: Room, peerIds: z.array(Id) }),
  audioPool: z.object({ room: Room, publicationIds: z.array(Id) }),
  encodingsWanted: z.object({ seat: Seat, wanted: Wanted }),
  quality: z.object({ room: Room, scores: z.array(z.object({ peerId: Id, score: z.number() })) }),
} satisfies Record<string, z.ZodMiniType>;

type CallTable = Record<string, { data: z.ZodMiniType; reply: z.ZodMiniType }>;
export type CallName = keyof typeof calls;
export type MediaCallName = keyof typeof mediaCalls;
export type CallData<N extends CallName> = z.output<(typeof calls)[N]['data']>;
export type CallReply<N extends CallName> = z.output<(typeof calls)[N]['reply']>;
export type NoticeName = keyof typeof notices;
export type NoticeData<N extends NoticeName> = z.output<(typeof notices)[N]>;

/** Who asks: a node that proved that it belongs to the cluster. */
export interface Caller {
  readonly nodeId: string;
}

/** Answers some of the calls. They fail with a CallError. */
export type CallHandlers<N extends CallName> = {
  readonly [M in N]: (data: CallData<M>, caller: Caller) => Promise<CallReply<M>>;
};

/** Takes every notice. */
export type NoticeHandlers = { readonly [N in NoticeName]: (data: NoticeData<N>) => void };
