/**
 * Owns the one transport of a direction: made when first needed, ICE restarted when its path breaks, given up when it failed or the
 * server has it no more. Does not own what flows through it (SendMedia, RecvMedia).
 */
import { CallError, type IceServer, type RequestData, type RequestReply } from '@parley/protocol';
import type { Device, types } from 'mediasoup-client';
import { toWireCapabilities } from './rtpTypes.ts';
import { toCallError } from './toCallError.ts';

type MediaRequest =
  | 'createTransport'
  | 'connectTransport'
  | 'restartIce'
  | 'publish'
  | 'unpublish'
  | 'setMuted'
  | 'subscribe'
  | 'unsubscribe'
  | 'setConsumersPaused'
  | 'setView';

/** How media asks the server. */
export type MediaPort = <N extends MediaRequest>(name: N, data: RequestData<N>) => Promise<RequestReply<N>>;

/** What a seat brings for media. */
export interface MediaSeat {
  readonly peerId: string;
  readonly device: Promise<Device>;
  readonly iceServers: IceServer[];
  readonly iceTransportPolicy: RTCIceTransportPolicy | undefined;
}

/** What a link tells. */
export interface MediaLinkEvents {
  /** A fresh transport; nobody uses it yet. */
  opened(transport: types.Transport): void;
  /** The transport is gone with everything on it: make another when it is needed. */
  lost(): void;
  stateChanged(): void;
}

/** The transport of one direction, over all its lives. */
export class MediaLink {
  readonly #direction: 'send' | 'recv';
  readonly #ask: MediaPort;
  readonly #events: MediaLinkEvents;
  #transport: types.Transport | undefined;
  /** Raised with every loss, so that what was begun before notices. */
  #life = 0;
  #restarting = false;

  constructor(direction: 'send' | 'recv', ask: MediaPort, events: MediaLinkEvents) {
    this.#direction = direction;
    this.#ask = ask;
    this.#events = events;
  }

  /** The transport, if there is one now. */
  get transport(): types.Transport | undefined {
    return this.#transport;
  }

  /**
   * The transport, made if needed. Not connected yet: that happens with the first media on it.
   * @throws CallError as the server says, or `unavailable` when it was lost while it was made.
   */
  async ready(seat: MediaSeat): Promise<types.Transport> {
    if (this.#transport) return this.#transport;
    const life = this.#life;
    const info = await this.#create(seat);
    const device = await seat.device;
    if (life !== this.#life) throw new CallError('unavailable', 'The transport was lost while it was made');
    const { transportId: id, ...parameters } = info;
    const { iceServers, iceTransportPolicy } = seat;
    const options = { id, ...parameters, iceServers, ...(iceTransportPolicy && { iceTransportPolicy }) };
    const transport =
      this.#direction === 'send' ? device.createSendTransport(options) : device.createRecvTransport(options);
    transport.on('connect', ({ dtlsParameters }, done) => {
      // ICE may begin while the server hears of it: DTLS packets that come too early are repeated after 50 ms, which is
      // less than waiting for the answer costs on a far network.
      done();
      this.#ask('connectTransport', { transportId: id, dtlsParameters }).catch(() => this.#giveUp(transport));
    });
    transport.on('connectionstatechange', (state) => {
      if (state === 'failed') this.#giveUp(transport);
      else if (state === 'disconnected') void this.#restartIce(transport);
      this.#events.stateChanged();
    });
    this.#transport = transport;
    this.#events.opened(transport);
    return transport;
  }

  /** A join names the transports that still live on the server. */
  handleSeated(liveTransportIds: readonly string[]): void {
    const transport = this.#transport;
    if (!transport) return;
    if (!liveTransportIds.includes(transport.id)) this.#giveUp(transport);
    else if (transport.connectionState === 'disconnected') void this.#restartIce(transport);
  }

  /** The network changed: a path that still looks alive may lead nowhere. */
  handleNetworkChanged(): void {
    const transport = this.#transport;
    if (transport && transport.connectionState !== 'new') void this.#restartIce(transport);
  }

  /** Gives up the transport, and one that is being made. */
  discard(): void {
    this.#life += 1;
    const transport = this.#transport;
    this.#transport = undefined;
    transport?.close();
  }

  /** A request that named the transport failed: if the server does not know it any more, it is given up. */
  handleRefusal(error: unknown, transport: types.Transport): void {
    const { code, details } = toCallError(error);
    if (code === 'not-found' && details?.what === 'transport') this.#giveUp(transport);
  }

  #create(seat: MediaSeat): Promise<RequestReply<'createTransport'>> {
    if (this.#direction === 'send') return this.#ask('createTransport', { direction: 'send' });
    return seat.device.then((device) =>
      this.#ask('createTransport', {
        direction: 'recv',
        rtpCapabilities: toWireCapabilities(device.recvRtpCapabilities),
      }),
    );
  }

  async #restartIce(transport: types.Transport): Promise<void> {
    if (this.#restarting) return;
    this.#restarting = true;
    try {
      const { iceParameters, iceServers } = await this.#ask('restartIce', { transportId: transport.id });
      if (transport.closed) return;
      await transport.updateIceServers({ iceServers });
      await transport.restartIce({ iceParameters });
    } catch (error) {
      // Anything else shows as `failed` soon, and then the transport is made anew.
      this.handleRefusal(error, transport);
    } finally {
      this.#restarting = false;
    }
  }

  #giveUp(transport: types.Transport): void {
    if (transport !== this.#transport) return;
    this.discard();
    this.#events.lost();
  }
}
