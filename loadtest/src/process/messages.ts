/**
 * Owns the ONE table of what the tool asks its bot processes, with the schemas of question and answer; all types follow.
 * Does not own behaviour: BotHost answers, BotProcess asks.
 */
import * as z from 'zod';

/** What a bot of a call publishes and how it speaks. */
const Media = z.object({
  publish: z.object({ audio: z.boolean(), video: z.boolean() }),
  subscribe: z.boolean(),
  /** Absent: every camera in full. */
  view: z.object({ tiles: z.int(), width: z.int(), height: z.int() }).optional(),
  speech: z.object({ seed: z.int(), pattern: z.enum(['continuous', 'turns', 'silent']) }),
});

/** One bot: where it goes, as whom, and when. */
export const BotPlan = z.object({
  /** Unique in a run; its identity with a token. */
  id: z.string(),
  url: z.string(),
  /** Source address; absent: the system chooses. */
  localAddress: z.string().optional(),
  /** Absent: it says hello and stays idle. */
  roomId: z.string().optional(),
  /** Absent: signaling only. */
  media: Media.optional(),
  /** Since the command that starts it. */
  startAfterMs: z.number(),
  /** It is part of the scene: how it came is not measured. */
  isScenery: z.boolean().optional(),
});
export type BotPlan = z.infer<typeof BotPlan>;

/** Something that went wrong for a bot. */
export const Failure = z.object({ what: z.string(), code: z.string(), message: z.string() });
export type Failure = z.infer<typeof Failure>;

/** Milliseconds from the start of a bot to the end of each phase. */
export const JoinPhases = z.object({
  connectMs: z.number(),
  welcomeMs: z.number(),
  joinMs: z.number().optional(),
  mediaMs: z.number().optional(),
  firstFrameMs: z.number().optional(),
});
export type JoinPhases = z.infer<typeof JoinPhases>;

/** Sums that only grow, over all bots that a process ever had. */
export const Counters = z.object({
  sentPackets: z.number(),
  sentBytes: z.number(),
  receivedPackets: z.number(),
  receivedBytes: z.number(),
  lost: z.number(),
  recovered: z.number(),
  freezes: z.number(),
  audioGaps: z.number(),
  messagesSent: z.number(),
  messagesReceived: z.number(),
  socketDrops: z.number(),
});
export type Counters = z.infer<typeof Counters>;

/** How a process and its bots are at the moment. */
export const ProcessSample = z.object({
  /** Since the sample before. */
  elapsedMs: z.number(),
  cpuPercent: z.number(),
  /** Share of the time in which the event loop was busy. */
  loopPercent: z.number(),
  /** Worst lateness of a timer since the sample before. */
  lagMs: z.number(),
  bots: z.int(),
  tracksReceived: z.int(),
  /** As far as the bots know who publishes. */
  tracksExpected: z.int(),
  counters: Counters,
  /** Since the sample before. */
  pingsMs: z.array(z.number()),
  failures: z.array(Failure),
});
export type ProcessSample = z.infer<typeof ProcessSample>;

/** What a writer or reader of a chat has seen, in the order in which it saw it. Times on the clock of the machine. */
export const ChatLog = z.object({
  botId: z.string(),
  roomId: z.string(),
  conversationId: z.string(),
  /** The last message before this bot came. */
  joinedAtSeq: z.int(),
  sent: z.array(
    z.object({
      messageId: z.string(),
      sentAtMs: z.number(),
      /** Absent when it was not acknowledged. */
      stored: z.object({ seq: z.int(), atMs: z.number() }).optional(),
    }),
  ),
  received: z.array(
    z.object({
      messageId: z.string(),
      seq: z.int(),
      atMs: z.number(),
      /** Pushed, or pulled from the history because the push had a hole. */
      live: z.boolean(),
      /** The text is the one that belongs to the message's id. */
      intact: z.boolean(),
    }),
  ),
});
export type ChatLog = z.infer<typeof ChatLog>;

/** What arrived of one publication at one bot; `undefined` fields are absent. */
export const TrackRow = z.object({
  botId: z.string(),
  peerId: z.string(),
  source: z.enum(['mic', 'camera', 'screen', 'screenAudio']),
  packets: z.number(),
  lost: z.number(),
  duplicated: z.number(),
  reordered: z.number(),
  recovered: z.number(),
  jitterMs: z.number(),
  freezes: z.number(),
  frozenMs: z.number(),
  longestFreezeMs: z.number(),
  audioGaps: z.number(),
  longestGapMs: z.number(),
  spatialLayer: z.int().optional(),
  askedSpatialLayer: z.int().optional(),
});
export type TrackRow = z.infer<typeof TrackRow>;

const Nothing = z.object({});

/** name -> schemas of its data and of its reply. */
export const commands = {
  /** First of all. Media is prepared only where bots will need it. */
  setUp: {
    data: z.object({
      tokenKey: z.object({ key: z.string(), secret: z.string() }).optional(),
      media: z.boolean(),
    }),
    reply: Nothing,
  },
  /** Answered when every one of these bots is in or has failed. */
  start: { data: z.object({ bots: z.array(BotPlan) }), reply: z.object({ failures: z.array(Failure) }) },
  /** Begins the next interval: only the recorder asks. */
  sample: { data: Nothing, reply: ProcessSample },
  /** How things stand, without beginning anything. */
  standing: {
    data: Nothing,
    reply: z.object({ bots: z.int(), tracksReceived: z.int(), socketDrops: z.int() }),
  },
  /** All that are in, or these. */
  leave: { data: z.object({ ids: z.array(z.string()).optional() }), reply: Nothing },
  /** Cuts all sockets at once, without a word to the server; answered when all are back or the time is over. */
  cut: {
    data: z.object({ limitMs: z.number() }),
    reply: z.object({ backMs: z.array(z.number()), resumed: z.int(), missing: z.int() }),
  },
  /** Bots whose ids are given write to their rooms; answered when the last message is acknowledged or refused. */
  write: {
    data: z.object({
      ids: z.array(z.string()),
      perSecond: z.number(),
      bytes: z.int(),
      seconds: z.number(),
      seed: z.int(),
    }),
    reply: Nothing,
  },
  /** Asks the server for what the bots may have missed, then answers. */
  catchUp: { data: Nothing, reply: Nothing },
  /** One room at a time, so that the logs of a long run never lie in memory together. */
  chatLogs: { data: z.object({ roomId: z.string() }), reply: z.object({ logs: z.array(ChatLog) }) },
  /** Of all bots that ever joined. */
  joins: { data: Nothing, reply: z.object({ joins: z.array(JoinPhases) }) },
  /** Of all bots that are in. */
  tracks: { data: Nothing, reply: z.object({ tracks: z.array(TrackRow) }) },
} satisfies Record<string, { data: z.ZodType; reply: z.ZodType }>;

export type CommandName = keyof typeof commands;
export type CommandData<N extends CommandName> = z.infer<(typeof commands)[N]['data']>;
export type CommandReply<N extends CommandName> = z.infer<(typeof commands)[N]['reply']>;

const commandNames = Object.keys(commands) as [CommandName, ...CommandName[]];

/** Tool -> bot process. `data` goes through the command's own schema. */
export const CommandFrame = z.object({ id: z.int(), name: z.enum(commandNames), data: z.unknown() });
/** Bot process -> tool, one per command. */
export const AnswerFrame = z.union([
  z.object({ id: z.int(), error: z.string() }),
  z.object({ id: z.int(), ok: z.unknown() }),
]);
export type AnswerFrame = z.infer<typeof AnswerFrame>;
