/**
 * Owns one participant of a load: the public SDK's call on a native WebRTC stack, and what it got of it.
 * Does not own many bots (run/), nor media, RTP and figures themselves (source/, rtp/, account/).
 */
import { Call, type CallEnvironment, type CallSnapshot } from '@parley/client';
import { sources } from '@parley/protocol';
import { Device } from 'mediasoup-client';
import { WebSocket } from 'ws';
import { BotTrack } from './BotTrack.ts';
import { nativeHandlerFactory } from './NativeHandler.ts';
import { ReceivedPublication } from './ReceivedPublication.ts';
import type { IncomingStream } from './rtp/IncomingStream.ts';
import type { ReceiveSession } from './rtp/ReceiveSession.ts';
import type { SendSession } from './rtp/SendSession.ts';
import type { BotOptions, BotSample, JoinPhases, TrackReport } from './types.ts';

/** What the SDK takes as the width of a camera with three simulcast layers. */
const CAMERA_WIDTH = 1280;

/** What is noted as it happens; the first frame is asked of the streams. */
type NotedPhases = { -readonly [K in Exclude<keyof JoinPhases, 'firstFrameMs'>]: JoinPhases[K] };

/** A bot in a call. */
export class Bot {
  readonly #options: BotOptions;
  readonly #call: Call;
  readonly #startedMs = performance.now();
  readonly #phases: NotedPhases = {
    connectMs: 0,
    welcomeMs: 0,
    joinMs: 0,
    mediaMs: undefined,
  };
  readonly #sendSessions: SendSession[] = [];
  readonly #receiveSessions: ReceiveSession[] = [];
  readonly #publications = new Map<string, ReceivedPublication>();
  readonly #streams = new WeakMap<MediaStreamTrack, IncomingStream>();
  readonly #unsubscribe: () => void;

  private constructor(options: BotOptions) {
    this.#options = options;
    const { url, roomId, displayName, token, publish, subscribe } = options;
    const environment: CallEnvironment = {
      connect: (address) => this.#connect(address),
      devices: this.#devices(),
      openers: {
        openDevice: async (source) =>
          source === 'mic' ? new BotTrack('audio') : new BotTrack('video', { width: CAMERA_WIDTH }),
        openScreen: async () => ({ screen: new BotTrack('video', { width: CAMERA_WIDTH }) }),
      },
    };
    this.#call = new Call(
      {
        url: signalingUrl(url),
        roomId,
        displayName,
        subscribe,
        micEnabled: publish.audio,
        cameraEnabled: publish.video,
        ...(token !== undefined && { token }),
      },
      environment,
    );
    this.#unsubscribe = this.#call.subscribe(() => this.#follow(this.#call.getSnapshot()));
  }

  /**
   * Joins; media follows by itself.
   * @throws CallError as the SDK's `join`.
   */
  static async join(options: BotOptions): Promise<Bot> {
    const bot = new Bot(options);
    await bot.#call.join();
    bot.#phases.joinMs = bot.#sinceStart();
    return bot;
  }

  /** How its join went so far. */
  get phases(): JoinPhases {
    const firstFrames = [...this.#publications.values()].flatMap(({ firstFrameMs }) => firstFrameMs ?? []);
    const firstFrameMs = firstFrames.length > 0 ? Math.min(...firstFrames) - this.#startedMs : undefined;
    return { ...this.#phases, firstFrameMs };
  }

  /** How the call stands. */
  get status(): CallSnapshot['status'] {
    return this.#call.getSnapshot().status;
  }

  /** The SDK's call, for what a scenario does besides media. */
  get call(): Call {
    return this.#call;
  }

  sample(): BotSample {
    const nowMs = performance.now();
    const publications = [...this.#publications.values()];
    const expected = publications.filter(({ isExpected }) => isExpected);
    const sum = <T>(items: readonly T[], count: (item: T) => number): number =>
      items.reduce((total, item) => total + count(item), 0);
    return {
      sentPackets: sum(this.#sendSessions, ({ packets }) => packets),
      sentBytes: sum(this.#sendSessions, ({ bytes }) => bytes),
      retransmitted: sum(this.#sendSessions, ({ retransmitted }) => retransmitted),
      sentLost: sum(this.#sendSessions, ({ lost }) => lost),
      receivedPackets: sum(this.#receiveSessions, ({ packets }) => packets),
      receivedBytes: sum(this.#receiveSessions, ({ bytes }) => bytes),
      lost: sum(publications, ({ lost }) => lost),
      recovered: sum(publications, ({ recovered }) => recovered),
      freezes: sum(publications, (publication) => publication.freezes(nowMs)),
      audioGaps: sum(publications, ({ audioGaps }) => audioGaps),
      tracksReceived: expected.filter(({ isReceived }) => isReceived).length,
      tracksExpected: expected.length,
    };
  }

  /** What came of each publication that there was. */
  tracks(): TrackReport[] {
    const nowMs = performance.now();
    return [...this.#publications.values()].map((publication) => publication.report(nowMs));
  }

  /** Idempotent. */
  async leave(): Promise<void> {
    this.#unsubscribe();
    await this.#call.leave();
  }

  #sinceStart(): number {
    return performance.now() - this.#startedMs;
  }

  #connect(address: string): WebSocket {
    const { localAddress } = this.#options;
    const socket = new WebSocket(address, { localAddress, perMessageDeflate: false });
    // What went wrong shows as a close, which always follows; without a listener it would end the process.
    socket.on('error', () => undefined);
    if (this.#phases.connectMs === 0) {
      socket.once('open', () => {
        this.#phases.connectMs = this.#sinceStart();
      });
      // The first frame of every socket answers `hello`.
      socket.once('message', () => {
        this.#phases.welcomeMs = this.#sinceStart();
      });
    }
    return socket;
  }

  #devices(): NonNullable<CallEnvironment['devices']> {
    const { media, speech, localAddress } = this.#options;
    const handlerFactory = nativeHandlerFactory({
      media,
      speech,
      localAddress,
      observer: {
        connected: () => {
          this.#phases.mediaMs ??= this.#sinceStart();
        },
        sendSession: (session) => this.#sendSessions.push(session),
        receiveSession: (session) => this.#receiveSessions.push(session),
        streamOpened: (track, stream) => this.#streams.set(track, stream),
      },
    });
    return { warmUp: () => undefined, createDevice: () => new Device({ handlerFactory }) };
  }

  /** Brings what comes into line with what the room says that there is. */
  #follow({ participants }: CallSnapshot): void {
    if (!this.#options.subscribe) return;
    const nowMs = performance.now();
    const gone = new Set(this.#publications.values());
    for (const { peerId, isLocal, media } of participants) {
      if (isLocal) continue;
      for (const source of sources) {
        const state = media[source];
        if (!state) continue;
        const publication = this.#publication(peerId, source, nowMs);
        gone.delete(publication);
        publication.setMuted(state.muted, nowMs);
        const stream = state.track ? this.#streams.get(state.track) : undefined;
        if (stream && !publication.has(stream)) publication.addStream(stream, nowMs);
      }
    }
    for (const publication of gone) publication.setMuted(true, nowMs);
  }

  #publication(peerId: string, source: TrackReport['source'], nowMs: number): ReceivedPublication {
    const key = `${peerId}.${source}`;
    const known = this.#publications.get(key);
    if (known) return known;
    const publication = new ReceivedPublication(peerId, source, nowMs);
    this.#publications.set(key, publication);
    return publication;
  }
}

/** The signaling address of a server that is named by its web address. */
function signalingUrl(url: string): string {
  if (/^wss?:/i.test(url)) return url;
  const address = new URL('/ws', url);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  return address.href;
}
