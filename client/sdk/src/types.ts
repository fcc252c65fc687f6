/**
 * Owns the public shapes of the SDK: what an app sees of a call. Snapshots are immutable; a changed part is a new object.
 * Does not own behaviour: Call.ts, devices.ts.
 */
import type {
  ChatMessage,
  ErrorCode,
  Grants,
  Role,
  Source,
  TroubleCode,
  ViewPriority,
} from '@parley/protocol';

/** Where the call stands. A union, so that no impossible mixture exists. */
export type CallStatus =
  | { readonly phase: 'idle' }
  | { readonly phase: 'joining' }
  | { readonly phase: 'joined' }
  /** The socket is gone; media may still flow. `attempt` counts from 1. */
  | { readonly phase: 'reconnecting'; readonly attempt: number; readonly nextAttemptAtMs: number }
  | {
      readonly phase: 'left';
      readonly reason: 'left' | 'removed' | 'replaced' | 'error';
      readonly error?: CallFailure;
    };

/** A code with what a developer wants to know; people get a text chosen by code. */
export interface CallFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** One published source of a participant, local or remote. */
export interface MediaState {
  readonly source: Source;
  readonly muted: boolean;
  /** Live track to attach; null while it is not there yet, or muted video. */
  readonly track: MediaStreamTrack | null;
}

/** Somebody in the call, in the order of joining; the local one too. */
export interface Participant {
  readonly peerId: string;
  readonly userId: string;
  readonly displayName: string;
  /** displayName, with " (2)" and so on for further people of the same name. */
  readonly label: string;
  readonly isLocal: boolean;
  readonly isHost: boolean;
  readonly role: Role;
  readonly connection: 'online' | 'reconnecting';
  readonly media: Readonly<Partial<Record<Source, MediaState>>>;
  readonly speaking: boolean;
  /** What others get of this participant: good, poor, bad; unknown until measured. */
  readonly quality: 'unknown' | 'good' | 'poor' | 'bad';
  /** What keeps this participant's call from being good, when it lasts: own codes for the local one, `their-network` for others. */
  readonly trouble: TroubleCode | undefined;
}

/** Why the call is bad just now, and on whose side. */
export interface Trouble {
  readonly code: TroubleCode;
  readonly peerId: string;
}

/** A chat message as shown: stored, on its way, or failed (offer `retryMessage`). */
export interface ChatEntry extends Pick<ChatMessage, 'messageId' | 'senderId' | 'senderName' | 'text'> {
  /** undefined until stored. */
  readonly seq: number | undefined;
  readonly sentAtMs: number;
  readonly state: 'sending' | 'sent' | 'failed';
  readonly isLocal: boolean;
}

/** All an app needs to draw a call. */
export interface CallSnapshot {
  readonly status: CallStatus;
  readonly roomId: string;
  readonly callStartedAtMs: number | undefined;
  /** Who is listed. Viewers are not, but for the local one. */
  readonly participants: readonly Participant[];
  /** How many only watch, the local one included if it does. */
  readonly viewerCount: number;
  /** The participant who speaks, or spoke last; undefined before anybody did. */
  readonly activeSpeakerId: string | undefined;
  /** What most concerns this person: the own trouble, else that of somebody else, the speaker's first. */
  readonly trouble: Trouble | undefined;
  readonly chat: {
    readonly entries: readonly ChatEntry[];
    /** Older messages exist: `loadOlderMessages`. */
    readonly hasOlder: boolean;
    readonly enabled: boolean;
  };
  /** Rights of the local participant; publish/moderate decide which controls are shown. */
  readonly grants: Grants;
  /** Local devices in use. `wanted` is the intent and survives a missing device. */
  readonly local: {
    readonly mic: LocalDeviceState;
    readonly camera: LocalDeviceState;
    readonly screen: 'off' | 'starting' | 'on';
  };
  /** Media path of this client: connecting, connected, or failed (the SDK goes on trying). */
  readonly media: 'new' | 'connecting' | 'connected' | 'failed';
}

/** A microphone or camera as intended and as it is. */
export interface LocalDeviceState {
  readonly enabled: boolean;
  readonly busy: boolean;
  /** device-denied, device-missing, device-busy, or unsupported (no secure context). */
  readonly problem: ErrorCode | undefined;
}

/** Options of a call. */
export interface CallOptions {
  /** `wss://host/ws`; default: the page's own origin. */
  readonly url?: string;
  readonly roomId: string;
  readonly displayName: string;
  /** JWT of the integrator's server; absent for guests. */
  readonly token?: string;
  /** Tracks from the prejoin screen, used instead of opening the devices again; the call owns and stops them. */
  readonly tracks?: { readonly mic?: MediaStreamTrack; readonly camera?: MediaStreamTrack };
  readonly devices?: { readonly micId?: string; readonly cameraId?: string };
  /** Start muted or with the camera off. Default: both on when a track or device is there. */
  readonly micEnabled?: boolean;
  readonly cameraEnabled?: boolean;
  /** false: receives nobody, whatever the grants (a recorder's source, a load test's publisher). Default: true. */
  readonly subscribe?: boolean;
  /** `relay` forces TURN (tests, strict networks). */
  readonly iceTransportPolicy?: RTCIceTransportPolicy;
}

/** What a prejoin screen lets people choose, after {@link CallApi.prepare} has connected already. */
export type JoinChoice = Partial<
  Pick<CallOptions, 'displayName' | 'tracks' | 'devices' | 'micEnabled' | 'cameraEnabled'>
>;

/** What an app shows of one published source. */
export interface ViewTile {
  readonly peerId: string;
  readonly source: Source;
  /** As drawn, in device pixels: CSS pixels x devicePixelRatio. 0 for sound. */
  readonly width: number;
  readonly height: number;
  /** false: nothing is sent for it, but it comes at once when it is shown (a page next to the one that is looked at). */
  readonly visible: boolean;
  /** Who is served first when the network does not carry all: `high` for whom the person looks at. Who speaks, the server knows itself. */
  readonly priority: ViewPriority;
}

/**
 * A call. Framework-free: `subscribe` + `getSnapshot` fit React's useSyncExternalStore.
 * Methods reject with a CallError; nothing else is thrown.
 */
export interface CallApi {
  getSnapshot(): CallSnapshot;
  /** Calls back after each change of the snapshot (batched per microtask). Returns the way to stop. */
  subscribe(listener: () => void): () => void;
  /** Connects and says hello ahead of `join` (while the person looks at the prejoin), so that joining is quick. Optional. */
  prepare(): void;
  /** Resolves when the seat is taken (media follows by itself). */
  join(choice?: JoinChoice): Promise<void>;
  leave(): Promise<void>;
  setMicEnabled(enabled: boolean): Promise<void>;
  setCameraEnabled(enabled: boolean): Promise<void>;
  /** Chooses another device; takes effect at once when the source is on. */
  setMicDevice(deviceId: string): Promise<void>;
  setCameraDevice(deviceId: string): Promise<void>;
  /** Opens the browser's chooser, with tab audio where it offers that. Rejects with device-denied when dismissed. */
  startScreenShare(): Promise<void>;
  stopScreenShare(): Promise<void>;
  /**
   * Says what is shown, all of it, whenever that changes; call it as often as you like, the SDK tells the server at most five times a
   * second. From the first call on only these videos are received, each as large as it is drawn; what is left out goes after a few
   * seconds. Tiles of nobody who publishes, and one's own, are passed over. Of microphones the server sends the loudest anyway: list
   * one (`visible`, size 0) to hear it whoever else speaks. An app that never calls this receives every video in full.
   */
  setView(tiles: readonly ViewTile[]): void;
  sendMessage(text: string): Promise<void>;
  retryMessage(messageId: string): Promise<void>;
  loadOlderMessages(): Promise<void>;
  moderatorMute(peerId: string, source: Source): Promise<void>;
  moderatorStop(peerId: string, source: Source): Promise<void>;
  removePeer(peerId: string): Promise<void>;
  /** Raw stats of both transports, for diagnosis and tests. */
  getStats(): Promise<{ send: RTCStatsReport | undefined; recv: RTCStatsReport | undefined }>;
}
