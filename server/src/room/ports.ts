/**
 * Owns what the room engine needs from outside, as interfaces in domain words: the log and the media plane.
 * Does not own any implementation: cluster/ has the logs, media/ the mediasoup side; main.ts puts them together.
 */
import type {
  ConsumerInfo,
  Decision,
  DtlsParameters,
  IceParameters,
  Patch,
  RoomEvent,
  RoomState,
  RtpCapabilities,
  RtpParameters,
  Source,
  TransportInfo,
  VideoCodec,
  ViewedPublication,
} from '@parley/protocol';

/** Names a room: ids are unique within a tenant only. */
export interface RoomKey {
  readonly tenant: string;
  readonly roomId: string;
}

/** The tenant of guests: nobody holds a key to it. */
export const GUEST_TENANT = 'default';

/** `tenant/roomId`; neither contains a slash. For maps and log lines. */
export const roomKeyText = (key: RoomKey): string => `${key.tenant}/${key.roomId}`;

/** A conditional append: all or nothing. */
export interface Commit extends Decision {
  /** `<sessionId>:<requestId>` of the request behind it; kept 2 minutes, so that a retry gets the first answer. */
  readonly requestKey?: string;
  /** What the retry of that request is answered with. */
  readonly reply?: unknown;
}

export type CommitResult =
  /** Appended (or nothing to append): the state after it. */
  | { readonly status: 'committed'; readonly state: RoomState; readonly event: RoomEvent | undefined }
  /** Another commit changed what this one read: decide again on the newer state. */
  | { readonly status: 'conflict'; readonly state: RoomState }
  /** A limit would be exceeded. */
  | { readonly status: 'full'; readonly entity: string }
  /** The request was committed before. */
  | { readonly status: 'repeated'; readonly reply: unknown };

/** What to give a reader that holds a cursor. */
export type EventsSince = { readonly events: readonly RoomEvent[] } | { readonly trimmed: true };

/**
 * The versioned log of all rooms. Invariants, held by every twin (contract suite server/test/contract/roomLog):
 * versions of an epoch are gapless from 1; a commit sees exactly the versions it names; a new epoch is never equal to an old one.
 */
export interface RoomLog {
  /** The current state; a room that nobody touched is an empty state under a new epoch. */
  read(key: RoomKey): Promise<RoomState>;
  /**
   * The state as this node has heard it, where it has subscribers: all that was committed here, and what others committed a moment ago at the
   * latest (3 s when messages are lost). Also while the storage behind is gone. Undefined elsewhere, and until it is known.
   */
  held(key: RoomKey): RoomState | undefined;
  commit(key: RoomKey, commit: Commit): Promise<CommitResult>;
  /** Events after a cursor; trimmed when the epoch differs or the log no longer holds them (1,000 events, 10 minutes). */
  eventsSince(key: RoomKey, cursor: { epoch: string; version: number }): Promise<EventsSince>;
  /**
   * Calls back after each commit, in order, on each node that holds members, with the state after it. Returns the way to stop.
   * @param onReset is called instead where the steps between cannot be told: the storage lost the room and the nodes restored it under a
   * new epoch, or this node was away for longer than the log reaches back. What follows goes on from the given state.
   */
  subscribe(
    key: RoomKey,
    listener: (event: RoomEvent, state: RoomState) => void,
    onReset?: (state: RoomState) => void,
  ): () => void;
  /**
   * Forgets a room whose call has ended: the next read starts a new epoch. Unexpired bans with a time are carried over.
   * @param seen only if nothing has happened since this state: somebody may come back, on another node too.
   */
  endCall(key: RoomKey, seen?: RoomState): Promise<void>;
  /**
   * Resolves once the room's bars and its host are where the next process finds them.
   * Fails with a CallError as the storage behind fails; asking again tries again.
   */
  flush(key: RoomKey): Promise<void>;
  close(): Promise<void>;
}

/** What is kept of a room, as the patches that make it again. */
export interface KeptRoom {
  readonly key: RoomKey;
  readonly patches: readonly Patch[];
}

/** Where a log of one process keeps the little that must outlive it. Calls fail with a CallError. */
export interface RoomKeeper {
  /** Replaces what is kept of a room; no patches: nothing. Calls for one room take effect in their order. */
  keepRoom(room: KeptRoom): Promise<void>;
  keptRooms(): Promise<KeptRoom[]>;
}

/** A seat as the media plane knows it. */
export interface MediaPeer {
  readonly room: RoomKey;
  readonly peerId: string;
}

/** Which encodings of a publication somebody watches, lowest first. */
export interface WantedEncodings {
  readonly source: Source;
  readonly generation: number;
  readonly active: readonly boolean[];
}

/** What the media plane tells the room engine, unasked. */
export interface MediaEvents {
  /** The worker behind these seats is gone, their transports with it; a replacement takes them as soon as they ask. */
  moved(peers: readonly MediaPeer[]): void;
  /** Consumers of a seat that ended because what they carried ended. */
  consumersClosed(peer: MediaPeer, consumerIds: readonly string[]): void;
  /** Who speaks in a room, loudest first. */
  activeSpeakers(room: RoomKey, peerIds: readonly string[]): void;
  /** The microphones of a room worth subscribing to, most recent speaker first, when they are others than before. */
  audioPool(room: RoomKey, publicationIds: readonly string[]): void;
  /** Which encodings of a seat's publication somebody watches, when that changed. */
  encodingsWanted(peer: MediaPeer, wanted: WantedEncodings): void;
  /** Score 0-10 of what a seat sends, when it changed; at most one call a second per room. */
  quality(room: RoomKey, scores: ReadonlyMap<string, number>): void;
}

/** What a seat finds when its session comes. */
export interface SeatStanding {
  readonly rtpCapabilities: RtpCapabilities;
  readonly transportIds: readonly string[];
}

/** What is worth subscribing to and sending, as of now. */
export interface SeatOutlook {
  /** The microphones of the room worth subscribing to, most recent speaker first. */
  readonly audioPool: readonly string[];
  /** Of each video publication of the seat. */
  readonly encodingsWanted: readonly WantedEncodings[];
}

/** Which media node a room is on. */
export interface MediaHomes {
  /** As this node knows it; undefined: on none yet. */
  homeOf(room: RoomKey): Promise<string | undefined>;
  /** Puts the room on a node, if it is on none or on `instead`. Gives where it is then. Fails with a CallError. */
  place(room: RoomKey, nodeId: string, instead: string | undefined): Promise<string>;
  /** Calls back when the room has gone to another node. Returns the way to stop. */
  watch(room: RoomKey, listener: (nodeId: string | undefined) => void): () => void;
}

/**
 * The media plane in domain words. Every id is looked up among what the given seat owns: a foreign one is `not-found`.
 * All calls fail with a CallError: `not-found`, `invalid-request` (mediasoup refused the parameters), `invalid-state`
 * (connected with other parameters, a later generation stands), `unsupported` (this device cannot decode it), `capacity`,
 * `unavailable` (worker lost, nothing can be placed) or `timeout`.
 */
export interface MediaPort {
  /**
   * The seat's session is here, or here again: what is told about the seat and its room comes here from now on.
   * Gives what every router can do, and the live transports of the seat (none for a new one).
   */
  attach(peer: MediaPeer): Promise<SeatStanding>;
  /** What the seat's client has to know of the media as soon as it hears what follows. */
  outlook(peer: MediaPeer): Promise<SeatOutlook>;
  /** What a device with these capabilities, which a transport of the seat was made with, cannot be sent, VP8 aside: that is never avoided. */
  undecodable(peer: MediaPeer, rtpCapabilities: RtpCapabilities): Promise<VideoCodec[]>;
  /**
   * Makes the seat's transport of a direction. An earlier one is closed; one that carries publications, as soon as they are
   * published again or ended. The same id again gives the same transport.
   */
  createTransport(
    peer: MediaPeer,
    options: { transportId: string; direction: 'send' | 'recv'; rtpCapabilities?: RtpCapabilities },
  ): Promise<TransportInfo>;
  /** Idempotent for the same parameters. */
  connectTransport(peer: MediaPeer, transportId: string, dtlsParameters: DtlsParameters): Promise<void>;
  restartIce(peer: MediaPeer, transportId: string): Promise<IceParameters>;
  /** Produces the next generation of a publication; an earlier generation ends once this one stands, and stays if it does not. */
  produce(
    peer: MediaPeer,
    options: {
      transportId: string;
      source: Source;
      generation: number;
      rtpParameters: RtpParameters;
      muted: boolean;
    },
  ): Promise<void>;
  setProducerPaused(peer: MediaPeer, source: Source, paused: boolean): Promise<void>;
  /** Nothing happens when the source is not published. */
  closeProducer(peer: MediaPeer, source: Source): Promise<void>;
  /** Consumes one publication of the same room, paused. Consuming again gives the consumer that is there. */
  consume(peer: MediaPeer, transportId: string, publicationId: string): Promise<ConsumerInfo>;
  closeConsumer(peer: MediaPeer, consumerId: string): Promise<void>;
  setConsumerPaused(peer: MediaPeer, consumerId: string, paused: boolean): Promise<void>;
  /**
   * What the seat shows from now on, all of it; holds for consumers made later too, and when its media moves. Before the first view all that it
   * consumes is sent in full, but of microphones only the loudest.
   */
  setView(peer: MediaPeer, publications: readonly ViewedPublication[]): Promise<void>;
  /** The seat says that it begins to speak. Fails with `invalid-state` when it has no open microphone. */
  speechBegins(peer: MediaPeer): Promise<void>;
  /** Ends everything of a seat. */
  closePeer(peer: MediaPeer): Promise<void>;
  /** Whether calls can be placed now (at least one worker lives). */
  ready(): boolean;
  close(): Promise<void>;
}
