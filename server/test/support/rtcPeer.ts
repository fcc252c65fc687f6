/**
 * Owns a small real WebRTC client without a browser: ICE, DTLS and SRTP by node-datachannel, raw RTP in and out.
 * Does not own signaling: it is given a TransportInfo and gives the DTLS parameters to connect with.
 */
import type { DtlsParameters, TransportInfo } from '@parley/protocol';
import { type DescriptionType, PeerConnection, type Track } from 'node-datachannel';
import { isRtcp } from './rtp.ts';
import { dtlsParametersOf, type OfferedMedia, offerSdp } from './sdp.ts';

export class RtcPeer {
  /** What `connectTransport` needs. */
  readonly dtlsParameters: DtlsParameters;
  readonly #connection: PeerConnection;
  readonly #tracks: Map<string, Track>;
  readonly #received: { mid: string; packet: Buffer }[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(connection: PeerConnection, tracks: Map<string, Track>, answer: string) {
    this.#connection = connection;
    this.#tracks = tracks;
    this.dtlsParameters = dtlsParametersOf(answer);
    for (const [mid, track] of tracks) {
      track.onMessage((packet) => {
        if (isRtcp(packet)) return;
        this.#received.push({ mid, packet });
        this.#wake();
      });
    }
    connection.onStateChange(() => this.#wake());
  }

  /** Answers the server's side of a transport; the connection comes up once `connectTransport` was called. */
  static async create(info: TransportInfo, media: readonly OfferedMedia[]): Promise<RtcPeer> {
    const connection = new PeerConnection('test', { iceServers: [], disableAutoNegotiation: true });
    const tracks = new Map<string, Track>();
    connection.onTrack((track) => tracks.set(track.mid(), track));
    const answer = new Promise<string>((resolve) => connection.onLocalDescription((sdp) => resolve(sdp)));
    connection.setRemoteDescription(offerSdp(info, media), 'offer' as DescriptionType);
    connection.setLocalDescription('answer' as DescriptionType);
    return new RtcPeer(connection, tracks, await answer);
  }

  /** Resolves when packets can flow. */
  async connected(limitMs = 10_000): Promise<void> {
    await this.#until(
      () => this.#connection.state() === 'connected',
      limitMs,
      () => this.#connection.state(),
    );
  }

  /** Sends a raw RTP packet on an m-line. */
  send(mid: string, packet: Buffer): void {
    this.#tracks.get(mid)!.sendMessageBinary(packet);
  }

  /** Sends `packet(n)`, unless there is none, every 20 ms, n counting up, until the returned function is called. */
  sendEach(mid: string, packet: (n: number) => Buffer | undefined): () => void {
    let n = 0;
    const timer = setInterval(() => {
      n += 1;
      const isOpen = () => this.#tracks.get(mid)?.isOpen();
      try {
        const next = packet(n);
        if (next && isOpen()) this.send(mid, next);
      } catch (error) {
        // The server may end it at any moment, and the library hears of that on a thread of its own.
        if (isOpen()) throw error;
      }
    }, 20);
    return () => clearInterval(timer);
  }

  /** RTP that arrived so far (no RTCP). */
  get received(): readonly { mid: string; packet: Buffer }[] {
    return this.#received;
  }

  /** The next packet to arrive from now on, on any m-line or the given one. */
  async nextPacket(options: { mid?: string; limitMs?: number } = {}): Promise<Buffer> {
    const { mid, limitMs = 10_000 } = options;
    const from = this.#received.length;
    const next = () => this.#received.slice(from).find((item) => mid === undefined || item.mid === mid);
    await this.#until(
      () => next() !== undefined,
      limitMs,
      () => `${this.#connection.state()}, no RTP`,
    );
    return next()!.packet;
  }

  close(): void {
    this.#connection.close();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  async #until(condition: () => boolean, limitMs: number, state: () => string): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`not within ${limitMs} ms: ${state()}`));
      }, limitMs);
      const look = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }
}
