/**
 * Owns the path of one of Janus' peer connections: ICE, DTLS and SRTP by node-datachannel, as a pipe for RTP and RTCP of any SSRC.
 * As src/bot's NativeConnection, for a server that is no ICE-lite one and has to be told where we are. Does not own signaling.
 */
import { type DescriptionType, PeerConnection, type Track, Video } from 'node-datachannel';
import { type PathDescription, pathSdp, readPath } from './sdp.ts';

const MID = '0';
const GATHERING_LIMIT_MS = 5000;

export class JanusPath {
  readonly #connection: PeerConnection;
  readonly #track: Track;
  readonly #gathered: Promise<void>;
  #isOpen = false;
  #closed = false;

  constructor(localAddress: string, onPacket: (packet: Buffer) => void) {
    this.#connection = new PeerConnection('bench', {
      iceServers: [],
      disableAutoNegotiation: true,
      bindAddress: localAddress,
    });
    const media = new Video(MID, 'SendRecv');
    media.addVP8Codec(96);
    this.#track = this.#connection.addTrack(media);
    this.#track.onMessage((packet) => {
      if (!this.#closed) onPacket(packet);
    });
    // Without it the native stack keeps the process alive after the end.
    this.#track.onClosed(() => undefined);
    this.#gathered = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no ICE candidates')), GATHERING_LIMIT_MS);
      this.#connection.onGatheringStateChange((state) => {
        if (state !== 'complete') return;
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Our side, when we speak first. */
  async offer(): Promise<PathDescription> {
    this.#connection.setLocalDescription('offer' as DescriptionType);
    return await this.#local();
  }

  /** The other side's answer. */
  accept(remote: PathDescription): void {
    this.#connection.setRemoteDescription(pathSdp(remote, MID), 'answer' as DescriptionType);
  }

  /** Our side, as an answer. */
  async answer(remote: PathDescription): Promise<PathDescription> {
    this.#connection.setRemoteDescription(pathSdp(remote, MID), 'offer' as DescriptionType);
    this.#connection.setLocalDescription('answer' as DescriptionType);
    return await this.#local();
  }

  get isOpen(): boolean {
    this.#isOpen ||= !this.#closed && this.#track.isOpen();
    return this.#isOpen;
  }

  /** Gives whether the path took it. */
  send(packet: Buffer): boolean {
    if (!this.isOpen) return false;
    try {
      return this.#track.sendMessageBinary(packet);
    } catch {
      this.#isOpen = false;
      return false;
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#isOpen = false;
    this.#track.close();
    this.#connection.close();
  }

  async #local(): Promise<PathDescription> {
    await this.#gathered;
    return readPath(this.#connection.localDescription()?.sdp ?? '');
  }
}
