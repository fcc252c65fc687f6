/**
 * Owns one participant of a load: the public SDK's call on a native WebRTC stack, and what it got of it.
 * Does not own many bots (run/), nor media, RTP and figures themselves (source/, rtp/, account/).
 */
import { Call, type CallEnvironment, type CallSnapshot, type Participant } from '@parley/client';
import { kindOf, sources } from '@parley/protocol';
import { Device } from 'mediasoup-client';
import { WebSocket } from 'ws';
import { BotTrack } from './BotTrack.ts';
import { HEARD } from './heard.ts';
import { nativeHandlerFactory } from './NativeHandler.ts';
import { ReceivedPublication } from './ReceivedPublication.ts';
import type { IncomingStream } from './rtp/IncomingStream.ts';
import type { ReceiveSession } from './rtp/ReceiveSession.ts';
import type { SendSession } from './rtp/SendSession.ts';
import type { BotOptions, BotSample, JoinPhases, TrackReport } from './types.ts';

/** What the SDK takes as the width of a camera with three simulcast layers. */
const CAMERA_WIDTH = 1280;

/** Noted as it happens. */
type NotedPhases = { -readonly [K in keyof JoinPhases]: JoinPhases[K] };

/** A seat is kept at least this long; who is back by then was never away, only unreachable. */
const COMES_BACK_MS = 60_000;

const pastSums = ['lost', 'recovered', 'freezes', 'audioGaps'] as const;

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
    firstFrameMs: undefined,
  };
  readonly #sendSessions: SendSession[] = [];
  readonly #receiveSessions: ReceiveSession[] = [];
  readonly #publications = new Map<string, ReceivedPublication>();
  /** Publications of who left, and their sums. */
  readonly #past: TrackReport[] = [];
  readonly #pastSums = { lost: 0, recovered: 0, freezes: 0, audioGaps: 0 };
  /** What the room showed of each of the others last. */
  readonly #shown = new Map<string, Participant['media']>();
  /** Whose cameras are shown; undefined: everybody's. */
  #viewed: ReadonlySet<string> | undefined;
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
    if (options.view) this.#show([]);
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
    this.#noteFirstFrame(this.#publications.values());
    return this.#phases;
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
    this.#foldGone(nowMs);
    const past = this.#pastSums;
    const publications = [...this.#publications.values()];
    const expected = publications.filter(({ isExpected }) => isExpected);
    const [mics, others] = [
      expected.filter(({ source }) => source === 'mic'),
      expected.filter(({ source }) => source !== 'mic'),
    ];
    // Which of the microphones it hears is the server's choice, and changes.
    const heard = Math.min(HEARD, mics.length);
    const received = (items: typeof expected) => items.filter(({ isReceived }) => isReceived).length;
    const sum = <T>(items: readonly T[], count: (item: T) => number): number =>
      items.reduce((total, item) => total + count(item), 0);
    return {
      sentPackets: sum(this.#sendSessions, ({ packets }) => packets),
      sentBytes: sum(this.#sendSessions, ({ bytes }) => bytes),
      retransmitted: sum(this.#sendSessions, ({ retransmitted }) => retransmitted),
      sentLost: sum(this.#sendSessions, ({ lost }) => lost),
      receivedPackets: sum(this.#receiveSessions, ({ packets }) => packets),
      receivedBytes: sum(this.#receiveSessions, ({ bytes }) => bytes),
      lost: past.lost + sum(publications, ({ lost }) => lost),
      recovered: past.recovered + sum(publications, ({ recovered }) => recovered),
      freezes: past.freezes + sum(publications, (publication) => publication.freezes(nowMs)),
      audioGaps: past.audioGaps + sum(publications, ({ audioGaps }) => audioGaps),
      tracksReceived: received(others) + Math.min(heard, received(mics)),
      tracksExpected: others.length + heard,
    };
  }

  /** What came of each publication that there was. */
  tracks(): TrackReport[] {
    const nowMs = performance.now();
    return [
      ...this.#past,
      ...[...this.#publications.values()].map((publication) => publication.report(nowMs)),
    ];
  }

  /** Idempotent. */
  async leave(): Promise<void> {
    this.#unsubscribe();
    await this.#call.leave();
  }

  #noteFirstFrame(publications: Iterable<ReceivedPublication>): void {
    for (const { firstFrameMs } of publications) {
      if (firstFrameMs === undefined) continue;
      const before = this.#phases.firstFrameMs ?? Number.POSITIVE_INFINITY;
      this.#phases.firstFrameMs = Math.min(before, firstFrameMs - this.#startedMs);
    }
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

  /**
   * Brings what comes into line with what the room says that there is. A snapshot comes with every word that somebody says: only what
   * is another object than before is looked at.
   */
  #follow({ participants }: CallSnapshot): void {
    if (!this.#options.subscribe) return;
    this.#look(participants);
    const nowMs = performance.now();
    let others = 0;
    for (const { peerId, isLocal, media } of participants) {
      if (isLocal) continue;
      others += 1;
      if (this.#shown.get(peerId) === media) continue;
      this.#shown.set(peerId, media);
      this.#followPeer(peerId, media, nowMs);
    }
    if (this.#shown.size === others) return;
    const present = new Set(participants.map(({ peerId }) => peerId));
    for (const peerId of this.#shown.keys()) {
      if (present.has(peerId)) continue;
      this.#shown.delete(peerId);
      for (const source of sources) this.#publications.get(keyOf(peerId, source))?.setGone(nowMs);
    }
  }

  /** Shows the next few that have a camera, counted from the own seat: so every camera is watched by as many. */
  #look(participants: readonly Participant[]): void {
    const { view } = this.#options;
    if (!view) return;
    const own = participants.findIndex(({ isLocal }) => isLocal);
    const others = [...participants.slice(own + 1), ...participants.slice(0, Math.max(0, own))];
    const peerIds = others.filter(({ media }) => media.camera).map(({ peerId }) => peerId);
    const shown = peerIds.slice(0, view.tiles);
    const before = this.#viewed ?? new Set<string>();
    if (shown.length === before.size && shown.every((peerId) => before.has(peerId))) return;
    // Whether media of these is expected has to be looked at again.
    for (const peerId of [...before, ...shown]) this.#shown.delete(peerId);
    this.#show(shown);
  }

  #show(peerIds: readonly string[]): void {
    const { width, height } = this.#options.view ?? { width: 0, height: 0 };
    this.#viewed = new Set(peerIds);
    const looks = { source: 'camera', visible: true, priority: 'normal' } as const;
    this.#call.setView(peerIds.map((peerId) => ({ peerId, width, height, ...looks })));
  }

  #followPeer(peerId: string, media: Participant['media'], nowMs: number): void {
    for (const source of sources) {
      const state = media[source];
      if (!state) {
        // Who comes back comes without media first, and publishes it again then.
        const before = this.#publications.get(keyOf(peerId, source));
        if (before?.goneSinceMs === undefined) before?.setMuted(true, nowMs);
        continue;
      }
      const publication = this.#publication(peerId, source, nowMs);
      const isShown = kindOf(source) === 'audio' || (this.#viewed?.has(peerId) ?? true);
      publication.setMuted(state.muted || !isShown, nowMs);
      const stream = state.track ? this.#streams.get(state.track) : undefined;
      if (stream && !publication.has(stream)) publication.addStream(stream, nowMs);
    }
  }

  /** Who left is remembered by figures only: hours of coming and going must not fill the memory. */
  #foldGone(nowMs: number): void {
    for (const [key, publication] of this.#publications) {
      const { goneSinceMs = nowMs } = publication;
      if (nowMs - goneSinceMs < COMES_BACK_MS) continue;
      this.#noteFirstFrame([publication]);
      this.#publications.delete(key);
      const report = publication.report(nowMs);
      this.#past.push(report);
      for (const name of pastSums) this.#pastSums[name] += report[name];
    }
  }

  #publication(peerId: string, source: TrackReport['source'], nowMs: number): ReceivedPublication {
    const key = keyOf(peerId, source);
    const known = this.#publications.get(key);
    if (known) return known;
    const publication = new ReceivedPublication(peerId, source, nowMs, this.#options.view?.width);
    this.#publications.set(key, publication);
    return publication;
  }
}

const keyOf = (peerId: string, source: TrackReport['source']): string => `${peerId}.${source}`;

/** The signaling address of a server that is named by its web address. */
function signalingUrl(url: string): string {
  if (/^wss?:/i.test(url)) return url;
  const address = new URL('/ws', url);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  return address.href;
}
