/**
 * Owns the ONE table of everything that a client may ask, with the schemas of data and reply; all types follow from it.
 * Does not own behaviour: one handler per name lies in server/src/signaling/handlers, and a missing one does not compile.
 */
import * as z from 'zod/mini';
import { ChatMessage, ConversationTail, MessageText } from './chat.ts';
import { DisplayName, Id, MessageId, Role, RoomId, Source } from './ids.ts';
import {
  ConsumerInfo,
  DtlsParameters,
  IceServer,
  RtpCapabilities,
  RtpParameters,
  TransportInfo,
  ViewedPublication,
} from './media.ts';
import { QualityReport } from './quality.ts';
import { CatchUp, Cursor } from './roomModel.ts';

const Nothing = z.object({});
const Token = z.string().check(z.maxLength(8192));
const Seq = z.int().check(z.gte(0), z.lte(Number.MAX_SAFE_INTEGER));
/** Publications that a client may show at a time: 49 tiles, their neighbours on both sides, screens. */
const MAX_VIEWED = 160;
const Ids = z.array(Id).check(z.minLength(1), z.maxLength(64));

/** What this session may do, from its token or from guest mode. */
export const Grants = z.object({
  publish: z.array(Source),
  subscribe: z.boolean(),
  chat: z.boolean(),
  moderate: z.boolean(),
});
export type Grants = z.infer<typeof Grants>;

/** name -> schemas of its data and of its reply. */
export const requests = {
  /** First frame of every socket, within 5 s. With a `resumeToken` the same session goes on, on any node. */
  hello: {
    data: z.object({
      protocolVersion: z.int(),
      token: z.optional(Token),
      resumeToken: z.optional(Token),
    }),
    reply: z.object({
      sessionId: Id,
      /** Replaces the one before; keep it for the next socket. */
      resumeToken: Token,
      /** Whether the session of the given resume token goes on (its seat too, if the grace time was not over). */
      resumed: z.boolean(),
      userId: Id,
      displayName: z.optional(z.string()),
      /** The only room that the token admits to, when it names one. */
      roomId: z.optional(RoomId),
      role: Role,
      grants: Grants,
      guest: z.boolean(),
      /** Send `ping` this often; a server that hears nothing for 2.5 intervals cuts the socket. */
      pingIntervalMs: z.int(),
      /** How long a seat is kept for a socket that dropped. */
      graceMs: z.int(),
    }),
  },
  /** Heartbeat; the reply carries the tails, so that even a lost last notification is noticed. */
  ping: {
    data: Nothing,
    reply: z.object({
      serverTimeMs: z.number(),
      room: z.optional(Cursor),
      chat: z.optional(ConversationTail),
    }),
  },
  /** Takes or takes back this session's seat. With `since` the missed events come instead of a snapshot. */
  join: {
    data: z.object({ roomId: RoomId, displayName: DisplayName, since: z.optional(Cursor) }),
    reply: z.object({
      peerId: Id,
      room: CatchUp,
      rtpCapabilities: RtpCapabilities,
      iceServers: z.array(IceServer),
      /** Transports of this seat that still live; others that the client holds are gone and must be made anew. */
      transportIds: z.array(Id),
      chat: z.optional(ConversationTail),
    }),
  },
  /** Ends the seat at once. */
  leave: { data: Nothing, reply: Nothing },

  /** Makes this seat's transport of a direction; an earlier one of the same direction is closed. */
  createTransport: {
    data: z.object({
      direction: z.enum(['send', 'recv']),
      /** Of the receiving device; required for `recv`. */
      rtpCapabilities: z.optional(RtpCapabilities),
    }),
    reply: TransportInfo,
  },
  connectTransport: { data: z.object({ transportId: Id, dtlsParameters: DtlsParameters }), reply: Nothing },
  /** With fresh TURN credentials: those of the join may have run out in a long call. */
  restartIce: {
    data: z.object({ transportId: Id }),
    reply: z.object({
      iceParameters: TransportInfo.shape.iceParameters,
      iceServers: z.array(IceServer),
    }),
  },

  /** Publishes a source; publishing it again replaces the media behind the same publication (next generation). */
  publish: {
    data: z.object({
      transportId: Id,
      source: Source,
      rtpParameters: RtpParameters,
      muted: z.boolean(),
    }),
    reply: z.object({ publicationId: Id, generation: z.int() }),
  },
  unpublish: { data: z.object({ source: Source }), reply: Nothing },
  setMuted: { data: z.object({ source: Source, muted: z.boolean() }), reply: Nothing },

  /** Consumes publications on the recv transport; pictures start paused. What cannot be had is named with its cause. */
  subscribe: {
    data: z.object({ transportId: Id, publicationIds: Ids }),
    reply: z.object({
      consumers: z.array(ConsumerInfo),
      refused: z.array(z.object({ publicationId: Id, code: z.string() })),
    }),
  },
  unsubscribe: { data: z.object({ consumerIds: Ids }), reply: Nothing },
  setConsumersPaused: { data: z.object({ consumerIds: Ids, paused: z.boolean() }), reply: Nothing },
  /**
   * What this client shows, all of it, whenever it changes: from then on the server sends what is seen and heard. Before the first one it
   * sends every subscribed publication in full. What is not in the list is not sent. `unknown`: not in the room (any more); the rest holds.
   */
  setView: {
    data: z.object({ publications: z.array(ViewedPublication).check(z.maxLength(MAX_VIEWED)) }),
    reply: z.object({ unknown: z.array(Id) }),
  },
  /** A hint that the person begins to speak, ahead of the measured level that decides. */
  speechBegins: { data: Nothing, reply: Nothing },

  /** Stores and delivers a message; the reply means that it is on disk. A resend gives the first answer. */
  chatSend: {
    data: z.object({ messageId: MessageId, text: MessageText }),
    reply: z.object({ seq: z.int(), sentAtMs: z.number() }),
  },
  /** A page of at most 50 messages with afterSeq < seq < beforeSeq: the oldest after `afterSeq`, else the newest. */
  chatHistory: {
    data: z.object({ afterSeq: z.optional(Seq), beforeSeq: z.optional(Seq) }),
    reply: z.object({ messages: z.array(ChatMessage), hasMore: z.boolean(), tail: ConversationTail }),
  },

  /** What this client measured, cumulative: one that is lost costs nothing. Publications that the seat never saw are skipped. */
  reportQuality: { data: QualityReport, reply: Nothing },

  /** Hosts only. */
  moderatorMute: { data: z.object({ peerId: Id, source: Source }), reply: Nothing },
  moderatorStop: { data: z.object({ peerId: Id, source: Source }), reply: Nothing },
  removePeer: { data: z.object({ peerId: Id }), reply: Nothing },
} satisfies Record<string, { data: z.ZodMiniType; reply: z.ZodMiniType }>;

export type RequestName = keyof typeof requests;
/** Parsed data of a request, as its handler gets it. */
export type RequestData<N extends RequestName> = z.output<(typeof requests)[N]['data']>;
/** What its handler answers. */
export type RequestReply<N extends RequestName> = z.output<(typeof requests)[N]['reply']>;

/** Whether a name is in the table (own properties only: `constructor` is not a request). */
export const isRequestName = (name: string): name is RequestName => Object.hasOwn(requests, name);
