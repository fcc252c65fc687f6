/**
 * Owns the media of a seat: the mediasoup Device, sending and receiving, their common state, and what is measured of it.
 * Does not own devices and tracks of this machine (LocalMedia) nor the room (RoomReplica).
 */
import {
  type Grants,
  getEntity,
  listEntities,
  type NotificationData,
  type OwnTrouble,
  type Publication,
  publicationIdOf,
  type RequestReply,
  ROOM_ENTITY_ID,
  type RoomEvent,
  type RoomState,
  type Source,
  sources,
} from '@parley/protocol';
import type { Device, types } from 'mediasoup-client';
import { browserDevices, type DeviceFactory } from './deviceFactory.ts';
import type { MediaPort } from './MediaLink.ts';
import { QualityMeter, type TransportStats } from './quality/QualityMeter.ts';
import type { StreamIdentity } from './quality/readStats.ts';
import { RecvMedia } from './RecvMedia.ts';
import { toDeviceCapabilities } from './rtpTypes.ts';
import { type LocalSource, SendMedia, type SendMediaEvents } from './SendMedia.ts';
import { Subscriptions } from './Subscriptions.ts';
import type { CallSnapshot, Participant, ViewTile } from './types.ts';
import { ViewReporter } from './ViewReporter.ts';

/** A newcomer's publishing waits at most this long for what it came to see. */
const PUBLISH_WITHIN_MS = 1000;

/** What media tells. */
export interface MediaSessionEvents extends SendMediaEvents {
  /** {@link MediaSession.state} may have changed. */
  stateChanged(): void;
  /** A remote publication has a track to show (null: none any more). */
  trackChanged(publicationId: string, track: MediaStreamTrack | null): void;
  /** How good the own connection is. */
  qualityChanged(quality: Participant['quality']): void;
  /** See QualityMeter. */
  troublesMeasured(own: OwnTrouble | undefined, weakPeerIds: ReadonlySet<string>): void;
  /** {@link MediaSession.quality} has something to tell the server. */
  reportDue(): void;
}

/** Choices of a media session. */
export interface MediaSessionOptions {
  /** false: receives nobody. Default: true. */
  readonly subscribe?: boolean | undefined;
  readonly iceTransportPolicy?: RTCIceTransportPolicy | undefined;
  /** Tests bring devices with a fake handler. */
  readonly devices?: DeviceFactory;
}

type Joined = Pick<RequestReply<'join'>, 'peerId' | 'rtpCapabilities' | 'iceServers' | 'transportIds'>;

/** Media of one call, over all seats' and transports' lives. */
export class MediaSession {
  readonly #options: MediaSessionOptions;
  readonly #events: MediaSessionEvents;
  readonly #send: SendMedia;
  readonly #recv: RecvMedia;
  readonly #subscriptions: Subscriptions;
  readonly #view: ViewReporter;
  readonly #devices: DeviceFactory;
  /** How the call goes, and how its join went. */
  readonly quality: QualityMeter;
  #device: Promise<Device> | undefined;
  #deviceFailed = false;
  #peerId: string | undefined;

  constructor(ask: MediaPort, events: MediaSessionEvents, options: MediaSessionOptions = {}) {
    this.#options = options;
    this.#devices = options.devices ?? browserDevices();
    this.#events = events;
    const own: MediaSessionEvents = {
      ...events,
      stateChanged: () => {
        if (this.state === 'connected') this.quality.times.mark('transportMs');
        events.stateChanged();
      },
      trackChanged: (publicationId, track) => {
        this.quality.handleTrack(track);
        events.trackChanged(publicationId, track);
      },
    };
    this.#send = new SendMedia(ask, own, this.#devices.sendsWell);
    this.#recv = new RecvMedia(ask, own);
    const publicationOf = (direction: 'sent' | 'received', identity: StreamIdentity): string | undefined =>
      direction === 'sent' ? this.#sentPublication(identity) : this.#recv.publicationOf(identity);
    this.quality = new QualityMeter({ getStats: () => this.getStats(), publicationOf }, events);
    this.#subscriptions = new Subscriptions(() => this.#receive());
    this.#view = new ViewReporter(ask);
  }

  /** How the media path stands: the worse of the two directions that are in use. */
  get state(): CallSnapshot['media'] {
    const states = [this.#send.transport, this.#recv.transport].map(
      (transport) => transport?.connectionState ?? 'new',
    );
    if (this.#deviceFailed || states.includes('failed')) return 'failed';
    if (states.includes('connecting') || states.includes('disconnected')) return 'connecting';
    return states.includes('connected') ? 'connected' : 'new';
  }

  /** Does ahead of a join what needs no server. */
  warmUp(): void {
    this.#devices.warmUp();
  }

  /** The seat is taken (again): makes or keeps transports. Before {@link handleRoom}. */
  handleSeated(joined: Joined, grants: Grants): void {
    const { peerId, rtpCapabilities, iceServers, transportIds } = joined;
    const device = this.#device ?? this.#load(rtpCapabilities);
    if (device !== this.#device) {
      this.#device = device;
      this.#watchDevice(device);
    }
    const { iceTransportPolicy, subscribe = true } = this.#options;
    const seat = { peerId, device, iceServers, iceTransportPolicy };
    const isNewcomer = this.#peerId === undefined;
    this.#peerId = peerId;
    if (grants.subscribe && subscribe) {
      this.#recv.handleSeated(seat, transportIds);
      this.#view.handleSeated();
    }
    // A newcomer sees the others first: offers and encoders beside it delay the first picture by a third of a second on two cores
    // (measured). Later (a restarted server, say) everybody waits for everybody: both directions at once.
    const turn = isNewcomer ? Promise.race([this.#recv.showing(), delay(PUBLISH_WITHIN_MS)]) : undefined;
    if (grants.publish.length > 0) this.#send.handleSeated(seat, transportIds, turn);
    this.quality.start();
  }

  /** The room changed; see SendMedia.handleRoom for `events`. */
  handleRoom(state: RoomState, events: readonly RoomEvent[] | undefined): void {
    const peerId = this.#peerId;
    if (peerId === undefined) return;
    const others = new Map<string, Publication>();
    for (const [publicationId, publication] of listEntities(state, 'publication')) {
      if (publication.peerId !== peerId) others.set(publicationId, publication);
    }
    this.#subscriptions.setPublications(others);
    this.#receive();
    const shown = sources.flatMap((source) => {
      const publication = getEntity(state, 'publication', publicationIdOf(peerId, source));
      return publication ? [[source, publication] as const] : [];
    });
    const { videoCodecs = [] } = getEntity(state, 'room', ROOM_ENTITY_ID) ?? {};
    this.#send.handleRoom(new Map(shown), events);
    this.#send.setVideoCodecs(videoCodecs);
  }

  /** The server moved this seat's media: everything is made anew. */
  handleMoved(): void {
    this.#send.handleMoved();
    this.#recv.handleMoved();
    this.#view.handleMoved();
    this.#events.stateChanged();
  }

  /** The network changed: both paths are looked for anew. */
  handleNetworkChanged(): void {
    this.#send.handleNetworkChanged();
    this.#recv.handleNetworkChanged();
  }

  /** The server ended consumers. */
  handleConsumersClosed(consumerIds: readonly string[]): void {
    this.#recv.handleConsumersClosed(consumerIds);
  }

  /** What the app shows; see CallApi.setView. */
  setView(tiles: readonly ViewTile[]): void {
    this.#subscriptions.setTiles(tiles);
    this.#receive();
  }

  /** The microphones worth hearing, most recent speaker first. */
  handleAudioPool(publicationIds: readonly string[]): void {
    this.#subscriptions.setPool(publicationIds);
    this.#receive();
  }

  /** Which encodings of an own publication somebody watches. */
  handleEncodingsWanted(wanted: NotificationData<'encodingsWanted'>): void {
    this.#send.handleEncodingsWanted(wanted);
  }

  /** What to publish for a source; undefined ends the publication. */
  setSource(source: Source, local: LocalSource | undefined): void {
    this.#send.setSource(source, local);
  }

  /** Raw stats of both transports. */
  async getStats(): Promise<TransportStats> {
    const stats = (transport: types.Transport | undefined) =>
      transport && !transport.closed ? transport.getStats() : undefined;
    const [send, recv] = await Promise.all([stats(this.#send.transport), stats(this.#recv.transport)]);
    return { send, recv };
  }

  /** Resolves when everything wanted has been tried. */
  async settled(): Promise<void> {
    await Promise.all([this.#send.settled(), this.#recv.settled()]);
  }

  /** Ends all media; local tracks are not stopped. Idempotent. */
  close(): void {
    this.quality.close();
    this.#send.close();
    this.#recv.close();
    this.#subscriptions.close();
    this.#view.close();
  }

  #receive(): void {
    this.#recv.setWanted(this.#subscriptions.wanted(), this.#subscriptions.publications);
    this.#view.set(this.#subscriptions.viewed());
  }

  async #load(rtpCapabilities: Joined['rtpCapabilities']): Promise<Device> {
    const device = this.#devices.createDevice();
    await device.load({ routerRtpCapabilities: toDeviceCapabilities(rtpCapabilities) });
    return device;
  }

  /** Whether media is possible at all shows in the state; after a failure the next join tries with another device. */
  #watchDevice(device: Promise<Device>): void {
    const settled = (failed: boolean) => {
      if (failed) this.#device = undefined;
      this.#deviceFailed = failed;
      this.#events.stateChanged();
    };
    device.then(
      () => settled(false),
      () => settled(true),
    );
  }

  #sentPublication(identity: StreamIdentity): string | undefined {
    const source = this.#send.sourceOf(identity);
    return source && this.#peerId !== undefined ? publicationIdOf(this.#peerId, source) : undefined;
  }
}

const delay = (timeMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, timeMs));
