/**
 * Owns mediasoup-client's handler seam over a native WebRTC stack: one transport of a bot, what it sends and what it receives.
 * Does not own ICE, DTLS and SRTP (NativeConnection), RTP (rtp/), nor the figures' meaning (account/).
 */
import { enhancedEvents, parseScalabilityMode, type types } from 'mediasoup-client';
import { BotTrack } from './BotTrack.ts';
import { NativeConnection, type RemoteParameters } from './NativeConnection.ts';
import { NativeSender } from './NativeSender.ts';
import { nativeRtpCapabilities } from './nativeCapabilities.ts';
import { IncomingStream } from './rtp/IncomingStream.ts';
import { ReceiveSession } from './rtp/ReceiveSession.ts';
import { extensionIdsOf } from './rtp/rtpHeader.ts';
import { SendSession } from './rtp/SendSession.ts';
import { Sender } from './Sender.ts';
import { sendingParameters } from './sendingParameters.ts';
import type { PreparedMedia } from './source/prepareMedia.ts';
import type { Speech } from './types.ts';

/** What the bot wants to know of its transports. */
export interface HandlerObserver {
  /** ICE and DTLS of a transport stand. */
  connected(): void;
  sendSession(session: SendSession): void;
  receiveSession(session: ReceiveSession): void;
  /** A consumer was opened; its packets go to `stream`. */
  streamOpened(track: MediaStreamTrack, stream: IncomingStream): void;
}

/** What all transports of a bot share. */
export interface HandlerContext {
  readonly media: PreparedMedia;
  readonly speech: Speech;
  readonly localAddress: string | undefined;
  readonly observer: HandlerObserver;
}

const NAME = 'Native';
/** When a session first looks whether it has something to report. */
const SESSION_STARTS_MS = 20;

/** Makes handlers of one bot. */
export const nativeHandlerFactory = (context: HandlerContext): types.HandlerFactory => ({
  name: NAME,
  factory: (options) => new NativeHandler(options, context),
  getNativeRtpCapabilities: () => Promise.resolve(nativeRtpCapabilities()),
});

interface Receiver {
  readonly stream: IncomingStream;
  readonly track: BotTrack;
}

class NativeHandler
  extends enhancedEvents.EnhancedEventEmitter<types.HandlerEvents>
  implements types.HandlerInterface
{
  readonly name = NAME;
  readonly #context: HandlerContext;
  readonly #remote: RemoteParameters;
  readonly #getExtended: types.HandlerOptions['getSendExtendedRtpCapabilities'];
  readonly #cname = crypto.randomUUID().slice(0, 16);
  readonly #senders = new Map<string, Sender>();
  readonly #receivers = new Map<string, Receiver>();
  /** One of them, by direction. */
  readonly #sending: SendSession | undefined;
  readonly #receiving: ReceiveSession | undefined;
  /** Opened with the first track: a bot that publishes nothing has no send path. */
  #connection: NativeConnection | undefined;
  #count = 0;
  #closed = false;

  constructor(options: types.HandlerOptions, context: HandlerContext) {
    super();
    const { iceParameters, iceCandidates, dtlsParameters, getSendExtendedRtpCapabilities } = options;
    this.#context = context;
    this.#remote = { iceParameters, iceCandidates, dtlsParameters };
    this.#getExtended = getSendExtendedRtpCapabilities;
    const { media, observer } = context;
    const send = (packet: Buffer): boolean => this.#connection?.send(packet) ?? false;
    if (options.direction === 'send') {
      this.#sending = new SendSession(media.scratch, send);
      observer.sendSession(this.#sending);
    } else {
      this.#receiving = new ReceiveSession(media.scratch, send);
      observer.receiveSession(this.#receiving);
    }
  }

  override close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const sender of this.#senders.values()) sender.close();
    for (const { track } of this.#receivers.values()) track.stop();
    this.#sending?.close();
    this.#receiving?.close();
    this.#connection?.close();
    this.emit('@close');
    super.close();
  }

  updateIceServers(): Promise<void> {
    return Promise.resolve();
  }

  /** The native stack cannot; a path that is really lost becomes `failed`, and then the SDK makes another transport. */
  restartIce(): Promise<void> {
    return Promise.resolve();
  }

  getTransportStats(): Promise<RTCStatsReport> {
    return Promise.resolve(new Map());
  }

  async send(options: types.HandlerSendOptions): Promise<types.HandlerSendResult> {
    const session = this.#sending;
    if (!session) throw new Error('this transport receives');
    const localId = String(this.#count);
    this.#count += 1;
    const { rtpParameters, ssrcs } = sendingParameters(options, this.#getExtended, localId, this.#cname);
    const connection = await this.#connect(session);
    const { media, speech } = this.#context;
    const context = { media, speech, session, isOpen: () => connection.isOpen };
    const sender = new Sender(context, rtpParameters, ssrcs);
    this.#senders.set(localId, sender);
    return { localId, rtpParameters, rtpSender: new NativeSender(sender, ssrcs.length) };
  }

  async stopSending(localId: string): Promise<void> {
    this.#senders.get(localId)?.close();
    this.#senders.delete(localId);
  }

  async pauseSending(localId: string): Promise<void> {
    this.#sender(localId).setRunning(false);
  }

  async resumeSending(localId: string): Promise<void> {
    this.#sender(localId).setRunning(true);
  }

  async replaceTrack(localId: string, track: MediaStreamTrack | null): Promise<void> {
    this.#sender(localId).setRunning(track !== null);
  }

  async setMaxSpatialLayer(localId: string, spatialLayer: number): Promise<void> {
    this.#sender(localId).setMaxLayer(spatialLayer);
  }

  async setRtpEncodingParameters(
    localId: string,
    { active }: Partial<RTCRtpEncodingParameters>,
  ): Promise<void> {
    if (active !== undefined) this.#sender(localId).setActive(active);
  }

  async getSenderStats(): Promise<RTCStatsReport> {
    return new Map();
  }

  async receive(optionsList: types.HandlerReceiveOptions[]): Promise<types.HandlerReceiveResult[]> {
    const session = this.#receiving;
    if (!session) throw new Error('this transport sends');
    await this.#connect(session);
    return optionsList.map((options) => this.#receive(session, options));
  }

  async stopReceiving(localIds: string[]): Promise<void> {
    for (const localId of localIds) {
      const receiver = this.#receivers.get(localId);
      if (receiver) this.#receiving?.remove(receiver.stream);
      this.#receivers.delete(localId);
    }
  }

  /** The server pauses; nobody here plays anything that could go on. */
  async pauseReceiving(): Promise<void> {}

  async resumeReceiving(): Promise<void> {}

  async getReceiverStats(): Promise<RTCStatsReport> {
    return new Map();
  }

  sendDataChannel(): Promise<types.HandlerSendDataChannelResult> {
    return Promise.reject(new Error('bots have no data channels'));
  }

  receiveDataChannel(): Promise<types.HandlerReceiveDataChannelResult> {
    return Promise.reject(new Error('bots have no data channels'));
  }

  getDataChannelMaxMessageSize(): undefined {
    return undefined;
  }

  #receive(
    session: ReceiveSession,
    { trackId, kind, rtpParameters }: types.HandlerReceiveOptions,
  ): types.HandlerReceiveResult {
    const localId = rtpParameters.mid ?? trackId;
    const track = new BotTrack(kind, { id: trackId, muted: true });
    // The server probes for bandwidth under this name: arrival times are all that counts of it.
    if (trackId === 'probator') return { localId, track };
    const { encodings, codecs, headerExtensions } = rtpParameters;
    const encoding = encodings?.[0];
    const stream = new IncomingStream({
      kind,
      ssrc: encoding?.ssrc ?? 0,
      rtxSsrc: encoding?.rtx?.ssrc,
      clockRate: codecs[0]?.clockRate ?? 90_000,
      spatialLayers: parseScalabilityMode(encoding?.scalabilityMode).spatialLayers,
      onFirstPacket: () => track.unmute(),
    });
    this.#receivers.set(localId, { stream, track });
    session.add(stream, extensionIdsOf(headerExtensions).transportSequence);
    this.#context.observer.streamOpened(track, stream);
    return { localId, track };
  }

  /** The path, opened if needed; the server hears of it at once. */
  async #connect(session: SendSession | ReceiveSession): Promise<NativeConnection> {
    if (this.#closed) throw new Error('the transport is closed');
    if (this.#connection) return this.#connection;
    const { localAddress, media, observer } = this.#context;
    const connection = new NativeConnection(this.#remote, localAddress, {
      packet: (packet) => session.handlePacket(packet),
      stateChanged: (state) => {
        if (state === 'connected') observer.connected();
        this.emit('@connectionstatechange', state);
      },
    });
    this.#connection = connection;
    media.wheel.add(session, SESSION_STARTS_MS);
    const { dtlsParameters } = connection;
    await new Promise<void>((resolve, reject) => {
      this.safeEmit('@connect', { dtlsParameters }, resolve, reject);
    });
    return connection;
  }

  #sender(localId: string): Sender {
    const sender = this.#senders.get(localId);
    if (!sender) throw new Error(`nothing is sent as ${localId}`);
    return sender;
  }
}
