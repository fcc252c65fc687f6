/**
 * Owns what this client publishes: brings producers, tracks and mute states into line with what is wanted, over every transport
 * that it takes; and tells a host's mute or stop from the echo of its own. Does not own devices (LocalMedia).
 */
import {
  kindOf,
  type NotificationData,
  type Publication,
  publicationIdOf,
  type RequestReply,
  type RoomEvent,
  type Source,
  sources,
  type VideoCodec,
} from '@parley/protocol';
import type { types } from 'mediasoup-client';
import { produceSettings } from './encodings.ts';
import { MediaLink, type MediaPort, type MediaSeat } from './MediaLink.ts';
import { OwnEchoes } from './OwnEchoes.ts';
import type { StreamIdentity } from './quality/readStats.ts';
import { Reconciler } from './Reconciler.ts';
import { toWireParameters } from './rtpTypes.ts';
import { SenderEncodings } from './SenderEncodings.ts';
import { toCallError } from './toCallError.ts';
import { chooseCodec, type EncoderCheck } from './videoCodecs.ts';

/** A local source as it should be published. */
export interface LocalSource {
  /** null: the device is off, the publication stays. */
  readonly track: MediaStreamTrack | null;
  readonly muted: boolean;
}

/** What publishing tells. */
export interface SendMediaEvents {
  /** A host muted this source: it is muted locally already, show it and stop the device. */
  mutedByHost(source: Source): void;
  /** A host stopped this source. */
  stoppedByHost(source: Source): void;
  /** The server does not take this source; it is not tried again until it is set anew. */
  refused(source: Source, error: unknown): void;
  stateChanged(): void;
}

interface Published {
  readonly producer: types.Producer;
  /** undefined for sound. */
  readonly codec: VideoCodec | undefined;
  readonly encodings: SenderEncodings;
  /** Undefined until the server has answered. */
  generation: number | undefined;
  muted: boolean;
}

/** Which encodings of a publication somebody watches. */
type EncodingsWanted = NotificationData<'encodingsWanted'>;

/** Publishing of one call. */
export class SendMedia {
  readonly #ask: MediaPort;
  readonly #events: SendMediaEvents;
  readonly #sendsWell: EncoderCheck;
  readonly #link: MediaLink;
  readonly #reconciler: Reconciler;
  readonly #wanted = new Map<Source, LocalSource>();
  readonly #published = new Map<Source, Published>();
  readonly #echoes = new OwnEchoes();
  /** The newest word on each source; it holds for one generation only. */
  readonly #watched = new Map<Source, EncodingsWanted>();
  /** Own publications as the room shows them. */
  #shown: ReadonlyMap<Source, Publication> = new Map();
  /** The room's order of preference. */
  #videoCodecs: readonly VideoCodec[] = [];
  #seat: MediaSeat | undefined;
  #turn: Promise<void> | undefined;
  #count = 0;

  constructor(ask: MediaPort, events: SendMediaEvents, sendsWell: EncoderCheck = async () => true) {
    this.#ask = ask;
    this.#events = events;
    this.#sendsWell = sendsWell;
    this.#reconciler = new Reconciler(() => this.#pass());
    this.#link = new MediaLink('send', ask, {
      opened: (transport) => this.#handleTransport(transport),
      lost: () => this.#reconciler.poke(),
      stateChanged: () => this.#events.stateChanged(),
    });
  }

  /** The transport, for its state and stats. */
  get transport(): types.Transport | undefined {
    return this.#link.transport;
  }

  /** The source behind a stream of the transport's stats. */
  sourceOf({ mid, trackId }: StreamIdentity): Source | undefined {
    for (const [source, { producer }] of this.#published) {
      const isSame = mid !== undefined ? producer.rtpParameters.mid === mid : producer.track?.id === trackId;
      if (isSame) return source;
    }
    return undefined;
  }

  /** What to publish for a source; undefined ends the publication. */
  setSource(source: Source, local: LocalSource | undefined): void {
    if (local) this.#wanted.set(source, local);
    else this.#wanted.delete(source);
    this.#reconciler.poke();
  }

  /**
   * The seat is taken (again).
   * @param turn publishing begins when it resolves; the transport is made meanwhile.
   */
  handleSeated(seat: MediaSeat, liveTransportIds: readonly string[], turn?: Promise<void>): void {
    this.#seat = seat;
    this.#turn = turn;
    this.#link.handleSeated(liveTransportIds);
    this.#reconciler.poke();
  }

  /** The media behind the transport is gone. */
  handleMoved(): void {
    this.#link.discard();
    this.#reconciler.poke();
  }

  /**
   * The room changed.
   * @param shown own publications now.
   * @param events what changed them; undefined when the room was replaced by a snapshot.
   */
  handleRoom(shown: ReadonlyMap<Source, Publication>, events: readonly RoomEvent[] | undefined): void {
    const seat = this.#seat;
    this.#shown = shown;
    if (!seat) return;
    if (!events) {
      this.#echoes.forget();
      for (const [source, { muted }] of shown) {
        const published = this.#published.get(source);
        if (muted && published?.muted === false && !this.#echoes.isWriting(source)) this.#muteByHost(source);
      }
      return;
    }
    for (const event of events) this.#handleEvent(event, seat.peerId);
  }

  /** The room's order of preference. What is sent in a codec that is no longer in it is published anew, in another. */
  setVideoCodecs(order: readonly VideoCodec[]): void {
    if (
      order.length === this.#videoCodecs.length &&
      order.every((codec, at) => codec === this.#videoCodecs[at])
    )
      return;
    this.#videoCodecs = order;
    this.#reconciler.poke();
  }

  /** What nobody watches is not encoded; with the next generation all begins anew. */
  handleEncodingsWanted(wanted: EncodingsWanted): void {
    this.#watched.set(wanted.source, wanted);
    this.#applyWatched(wanted.source);
  }

  /** The network changed. */
  handleNetworkChanged(): void {
    this.#link.handleNetworkChanged();
  }

  /** Resolves when everything wanted has been tried. */
  settled(): Promise<void> {
    return this.#reconciler.settled();
  }

  /** Ends all publishing; tracks are not stopped. Idempotent. */
  close(): void {
    this.#reconciler.stop();
    this.#link.discard();
  }

  #handleEvent(event: RoomEvent, peerId: string): void {
    // When a seat ends, its publications go with it, without anybody having stopped them.
    const seatEnded = event.patches.some(
      (patch) => patch.entity === 'peer' && patch.id === peerId && 'delete' in patch,
    );
    for (const patch of event.patches) {
      const source = sources.find((name) => publicationIdOf(peerId, name) === patch.id);
      if (patch.entity !== 'publication' || !source) continue;
      if ('delete' in patch) {
        const own = this.#echoes.takeUnpublished(source);
        if (!own && !seatEnded && this.#wanted.has(source)) this.#stopByHost(source);
      } else if (typeof patch.set.muted === 'boolean') {
        const own = this.#echoes.takeMuted(source, patch.set.muted);
        if (!own && patch.set.muted && this.#wanted.get(source)?.muted === false) this.#muteByHost(source);
      }
    }
  }

  #muteByHost(source: Source): void {
    const wanted = this.#wanted.get(source);
    const published = this.#published.get(source);
    if (published) published.muted = true;
    if (wanted) this.#wanted.set(source, { ...wanted, muted: true });
    this.#events.mutedByHost(source);
  }

  #stopByHost(source: Source): void {
    this.#wanted.delete(source);
    this.#published.get(source)?.producer.close();
    this.#published.delete(source);
    this.#events.stoppedByHost(source);
  }

  async #pass(): Promise<void> {
    if (!this.#seat) return;
    await Promise.all([this.#link.ready(this.#seat), this.#turn]);
    // The same one, unless it was lost during the wait.
    const transport = await this.#link.ready(this.#seat);
    const answers: Promise<unknown>[] = [];
    // One after the other, because each changes the same session description; the answers come in side by side.
    for (const source of sources) await this.#sync(transport, source, answers);
    const failed = (await Promise.allSettled(answers)).find((answer) => answer.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** @param answers gets what the server is still to say; nothing of the next source waits for it. */
  async #sync(transport: types.Transport, source: Source, answers: Promise<unknown>[]): Promise<void> {
    const wanted = this.#wanted.get(source);
    const published = this.#published.get(source);
    if (!wanted) {
      if (!published && !this.#shown.has(source)) return;
      this.#published.delete(source);
      published?.producer.close();
      answers.push(this.#echoes.unpublishing(source, this.#ask('unpublish', { source })));
      return;
    }
    if (wanted.track?.readyState === 'ended') return; // its owner is about to say what follows
    if (wanted.track && (!published || !this.#isUnderstood(published))) {
      await this.#produce(transport, source, wanted.track, wanted.muted, answers);
      return;
    }
    if (published && published.producer.track !== wanted.track) await published.producer.replaceTrack(wanted);
    const known = published ?? this.#shown.get(source);
    if (known && known.muted !== wanted.muted) answers.push(this.#setMuted(source, published, wanted.muted));
  }

  /** Whether all in the room can decode it, as far as the room says. */
  #isUnderstood({ codec }: Published): boolean {
    return codec === undefined || codec === 'vp8' || this.#videoCodecs.includes(codec);
  }

  /** The server's word may come before its answer that names the generation. */
  #applyWatched(source: Source): void {
    const watched = this.#watched.get(source);
    const published = this.#published.get(source);
    if (!watched || published?.generation !== watched.generation) return;
    published.encodings.setActive(watched.active);
  }

  async #setMuted(source: Source, published: Published | undefined, muted: boolean): Promise<void> {
    if (published) published.muted = muted;
    try {
      await this.#echoes.muting(source, muted, this.#ask('setMuted', { source, muted }));
    } catch (error) {
      if (published) published.muted = !muted;
      throw error;
    }
  }

  async #produce(
    transport: types.Transport,
    source: Source,
    track: MediaStreamTrack,
    muted: boolean,
    answers: Promise<unknown>[],
  ): Promise<void> {
    let answer: Promise<RequestReply<'publish'>> | undefined;
    const publish = (parameters: types.RtpParameters): void => {
      const rtpParameters = toWireParameters(parameters);
      const request = this.#ask('publish', { transportId: transport.id, source, rtpParameters, muted });
      answer = this.#echoes.muting(source, muted, request);
      // Awaited below, but only after the producer stands; until then a refusal is no unhandled one.
      answer.catch(() => undefined);
    };
    const chosen = kindOf(source) === 'video' ? await this.#chooseCodec() : undefined;
    const producer = await transport.produce({
      track,
      ...produceSettings(source, track, chosen?.codec ?? 'vp8'),
      ...(chosen && { codec: chosen.capability }),
      stopTracks: false,
      disableTrackOnPause: false,
      appData: { publish },
    });
    const before = this.#published.get(source)?.producer;
    const encodings = new SenderEncodings(producer.rtpSender);
    const published = { producer, encodings, codec: chosen?.codec, generation: undefined, muted };
    this.#published.set(source, published);
    // The one before goes on until the server has the new one.
    answers.push(this.#confirm(transport, source, published, answer).finally(() => before?.close()));
  }

  async #chooseCodec(): ReturnType<typeof chooseCodec> {
    const device = await this.#seat?.device;
    return device && chooseCodec(this.#videoCodecs, device.sendRtpCapabilities, this.#sendsWell);
  }

  async #confirm(
    transport: types.Transport,
    source: Source,
    published: Published,
    answer: Promise<RequestReply<'publish'>> | undefined,
  ): Promise<void> {
    try {
      published.generation = (await answer)?.generation;
      this.#applyWatched(source);
    } catch (error) {
      if (this.#published.get(source) === published) this.#published.delete(source);
      published.producer.close();
      this.#link.handleRefusal(error, transport);
      const { code } = toCallError(error);
      if (code !== 'forbidden' && code !== 'invalid-request' && code !== 'unsupported') throw error;
      this.#wanted.delete(source);
      this.#events.refused(source, error);
    }
  }

  #handleTransport(transport: types.Transport): void {
    this.#published.clear();
    transport.on('produce', ({ rtpParameters, appData }, done) => {
      if (typeof appData.publish === 'function') appData.publish(rtpParameters);
      // mediasoup-client wants an id that no other producer has; the server's name for it is the publication's.
      this.#count += 1;
      done({ id: String(this.#count) });
    });
  }
}
