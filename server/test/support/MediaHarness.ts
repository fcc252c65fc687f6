/**
 * Owns a media plane with real workers for tests, what it told, and clients that talk and listen through it.
 * Does not own signaling: tests call the plane as the room engine would.
 */
import type { ConsumerInfo, RtpParameters, Source } from '@parley/protocol';
import { kindOf, publicationIdOf } from '@parley/protocol';
import { createLogger } from '../../src/log.ts';
import { MediaPlane, type MediaPlaneOptions } from '../../src/media/MediaPlane.ts';
import type { MediaEvents, MediaPeer, RoomKey } from '../../src/room/ports.ts';
import { RtcPeer } from './rtcPeer.ts';
import { opusPacket, opusParameters, vp8KeyFramePacket, vp8Parameters } from './rtp.ts';
import { workerBin } from './workerBin.ts';

type Told = { [K in keyof MediaEvents]: { name: K; args: Parameters<MediaEvents[K]> } }[keyof MediaEvents];

export class MediaHarness {
  readonly plane: MediaPlane;
  /** Everything that the plane told, in order. */
  readonly told: Told[];
  readonly #waiting: Set<() => void>;
  readonly #peers = new Set<RtcPeer>();
  readonly #stops = new Set<() => void>();
  #names = 0;

  private constructor(plane: MediaPlane, told: Told[], waiting: Set<() => void>) {
    this.plane = plane;
    this.told = told;
    this.#waiting = waiting;
  }

  static async start(options: Partial<MediaPlaneOptions> = {}): Promise<MediaHarness> {
    const told: Told[] = [];
    const waiting = new Set<() => void>();
    const tell = (event: Told) => {
      told.push(event);
      for (const wake of [...waiting]) wake();
    };
    const plane = await MediaPlane.create({
      workerBin: await workerBin(),
      workers: 1,
      mediaPort: 0,
      announcedAddress: undefined,
      host: '127.0.0.1',
      log: createLogger(process.env.PARLEY_TEST_LOG_LEVEL ?? 'silent'),
      events: {
        moved: (...args) => tell({ name: 'moved', args }),
        consumersClosed: (...args) => tell({ name: 'consumersClosed', args }),
        activeSpeakers: (...args) => tell({ name: 'activeSpeakers', args }),
        audioPool: (...args) => tell({ name: 'audioPool', args }),
        encodingsWanted: (...args) => tell({ name: 'encodingsWanted', args }),
        quality: (...args) => tell({ name: 'quality', args }),
      },
      ...options,
    });
    return new MediaHarness(plane, told, waiting);
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
      this.told.flatMap((event) =>
        // TypeScript does not narrow a union by a generic name.
        event.name === name && fits(...(event.args as Parameters<MediaEvents[K]>))
          ? [event.args as Parameters<MediaEvents[K]>]
          : [],
      )[0];
    const found = find();
    if (found) return found;
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`no such ${name} within ${limitMs} ms; told: ${JSON.stringify(this.told)}`));
      }, limitMs);
      const look = () => {
        const args = find();
        if (!args) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(args);
      };
      this.#waiting.add(look);
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
    const info = await this.plane.createTransport(peer, { transportId, direction: 'send' });
    const client = await RtcPeer.create(info, [{ kind: kindOf(source), direction: 'send', rtpParameters }]);
    this.#peers.add(client);
    await this.plane.connectTransport(peer, transportId, client.dtlsParameters);
    await this.plane.produce(peer, { transportId, source, generation, rtpParameters, muted: false });
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
    const info = await this.plane.createTransport(peer, {
      transportId,
      direction: 'recv',
      rtpCapabilities: this.plane.rtpCapabilities(),
    });
    const consumers = await Promise.all(
      publicationIds.map((publicationId) => this.plane.consume(peer, transportId, publicationId)),
    );
    const client = await RtcPeer.create(
      info,
      consumers.map(({ kind, rtpParameters }) => ({ kind, direction: 'recv', rtpParameters })),
    );
    this.#peers.add(client);
    await this.plane.connectTransport(peer, transportId, client.dtlsParameters);
    await client.connected();
    if (resumed) {
      for (const { consumerId } of consumers) await this.plane.setConsumerPaused(peer, consumerId, false);
    }
    return { client, consumers, transportId };
  }

  /** Reports of the workers once they fit. */
  async inspected(
    fits: (reports: Awaited<ReturnType<MediaPlane['inspect']>>) => boolean,
    limitMs = 10_000,
  ): Promise<Awaited<ReturnType<MediaPlane['inspect']>>> {
    const end = performance.now() + limitMs;
    for (;;) {
      const reports = await this.plane.inspect();
      if (fits(reports)) return reports;
      if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${JSON.stringify(reports)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    for (const peer of this.#peers) peer.close();
    await this.plane.close();
  }
}
