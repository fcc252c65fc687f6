/**
 * Owns clients that talk and listen through a media plane, as the room engine would let them, and the record of what it told.
 * Does not own the plane.
 */
import type { ConsumerInfo, RtpParameters, Source } from '@parley/protocol';
import { kindOf, publicationIdOf } from '@parley/protocol';
import type { MediaEvents, MediaPeer, MediaPort, RoomKey } from '../../src/room/ports.ts';
import { RtcPeer } from './rtcPeer.ts';
import { opusPacket, opusParameters, vp8KeyFramePacket, vp8Parameters } from './rtp.ts';

type Told = { [K in keyof MediaEvents]: { name: K; args: Parameters<MediaEvents[K]> } }[keyof MediaEvents];

/** What a plane told, and who waits for more. */
export class MediaRecord {
  /** Everything, in order. */
  readonly told: Told[] = [];
  readonly waiting = new Set<() => void>();
  readonly events: MediaEvents = {
    moved: (...args) => this.#tell({ name: 'moved', args }),
    consumersClosed: (...args) => this.#tell({ name: 'consumersClosed', args }),
    activeSpeakers: (...args) => this.#tell({ name: 'activeSpeakers', args }),
    audioPool: (...args) => this.#tell({ name: 'audioPool', args }),
    encodingsWanted: (...args) => this.#tell({ name: 'encodingsWanted', args }),
    quality: (...args) => this.#tell({ name: 'quality', args }),
  };

  #tell(event: Told): void {
    this.told.push(event);
    for (const wake of [...this.waiting]) wake();
  }
}

export class MediaClients {
  readonly #port: MediaPort;
  readonly #record: MediaRecord;
  readonly #peers = new Set<RtcPeer>();
  readonly #stops = new Set<() => void>();
  #names = 0;

  /** @param record of the events of that plane. */
  constructor(port: MediaPort, record: MediaRecord) {
    this.#port = port;
    this.#record = record;
  }

  /** Everything that the plane told, in order. */
  get told(): Told[] {
    return this.#record.told;
  }

  /** A room that no other test uses. */
  room(tenant = 'default'): RoomKey {
    this.#names += 1;
    return { tenant, roomId: `room-${this.#names}` };
  }

  /** Peer ids are issued by the server and never occur twice. */
  peer(room: RoomKey): MediaPeer {
    this.#names += 1;
    return { room, peerId: `peer-${this.#names}` };
  }

  /** The first event of a kind, told or still to come, that fits. */
  async event<K extends keyof MediaEvents>(
    name: K,
    fits: (...args: Parameters<MediaEvents[K]>) => boolean = () => true,
    limitMs = 10_000,
  ): Promise<Parameters<MediaEvents[K]>> {
    const find = () =>
      this.#record.told.flatMap((event) =>
        // TypeScript does not narrow a union by a generic name.
        event.name === name && fits(...(event.args as Parameters<MediaEvents[K]>))
          ? [event.args as Parameters<MediaEvents[K]>]
          : [],
      )[0];
    const found = find();
    if (found) return found;
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#record.waiting.delete(look);
        reject(new Error(`no such ${name} within ${limitMs} ms; told: ${JSON.stringify(this.#record.told)}`));
      }, limitMs);
      const look = () => {
        const args = find();
        if (!args) return;
        clearTimeout(timer);
        this.#record.waiting.delete(look);
        resolve(args);
      };
      this.#record.waiting.add(look);
    });
  }

  /** A peer that publishes a source and sends a packet of it every 20 ms. */
  async publish(
    peer: MediaPeer,
    options: { source?: Source; generation?: number; ssrc?: number; audioLevel?: number } = {},
  ): Promise<{ client: RtcPeer; publicationId: string; rtpParameters: RtpParameters }> {
    const { source = 'mic', generation = 1, ssrc = 1000 + this.#names * 10, audioLevel = 20 } = options;
    const isAudio = kindOf(source) === 'audio';
    const rtpParameters = isAudio ? opusParameters(ssrc) : vp8Parameters(ssrc);
    const { client, publicationId } = await this.publishRaw(peer, rtpParameters, { source, generation });
    const stop = isAudio
      ? client.sendEach('0', (n) => opusPacket(ssrc, n, audioLevel))
      : client.sendEach('1', (n) => vp8KeyFramePacket(ssrc, n));
    this.#stops.add(stop);
    return { client, publicationId, rtpParameters };
  }

  /** A peer that publishes with the given parameters and sends nothing on its own. */
  async publishRaw(
    peer: MediaPeer,
    rtpParameters: RtpParameters,
    options: { source?: Source; generation?: number } = {},
  ): Promise<{ client: RtcPeer; publicationId: string }> {
    const isAudio = rtpParameters.codecs[0]?.mimeType.startsWith('audio/');
    const { source = isAudio ? 'mic' : 'camera', generation = 1 } = options;
    const transportId = `${peer.peerId}-send-${generation}`;
    await this.#port.attach(peer);
    const info = await this.#port.createTransport(peer, { transportId, direction: 'send' });
    const client = await RtcPeer.create(info, [{ kind: kindOf(source), direction: 'send', rtpParameters }]);
    this.#peers.add(client);
    await this.#port.connectTransport(peer, transportId, client.dtlsParameters);
    await this.#port.produce(peer, { transportId, source, generation, rtpParameters, muted: false });
    await client.connected();
    return { client, publicationId: publicationIdOf(peer.peerId, source) };
  }

  /** A peer that consumes publications, connected and (unless told otherwise) resumed. */
  async subscribe(
    peer: MediaPeer,
    publicationIds: readonly string[],
    transportId = `${peer.peerId}-recv`,
    resumed = true,
  ): Promise<{ client: RtcPeer; consumers: ConsumerInfo[]; transportId: string }> {
    const { rtpCapabilities } = await this.#port.attach(peer);
    const info = await this.#port.createTransport(peer, {
      transportId,
      direction: 'recv',
      rtpCapabilities,
    });
    const consumers = await Promise.all(
      publicationIds.map((publicationId) => this.#port.consume(peer, transportId, publicationId)),
    );
    const client = await RtcPeer.create(
      info,
      consumers.map(({ kind, rtpParameters }) => ({ kind, direction: 'recv', rtpParameters })),
    );
    this.#peers.add(client);
    await this.#port.connectTransport(peer, transportId, client.dtlsParameters);
    await client.connected();
    if (resumed) {
      for (const { consumerId } of consumers) await this.#port.setConsumerPaused(peer, consumerId, false);
    }
    return { client, consumers, transportId };
  }

  closeClients(): void {
    for (const stop of this.#stops) stop();
    for (const peer of this.#peers) peer.close();
  }
}
