/**
 * Owns the path of one transport: ICE, DTLS and SRTP by node-datachannel, as a pipe for RTP and RTCP of any SSRC.
 * Does not own what flows through it (rtp/) nor when there is one (NativeHandler).
 *
 * The native stack is told of a single m-line, whatever is sent and received: it then hands us every packet (with several it sorts by
 * the SSRCs of the SDP), and nothing ever has to be negotiated again. Few callbacks, because each is one more thing that the event
 * loop looks at in every turn.
 */
import type { types } from 'mediasoup-client';
import { type DescriptionType, PeerConnection, type Track, Video } from 'node-datachannel';

const MID = '0';

/** The server's side of a transport. */
export type RemoteParameters = Pick<
  types.HandlerOptions,
  'iceParameters' | 'iceCandidates' | 'dtlsParameters'
>;

/** What a path tells. */
export interface NativeConnectionEvents {
  /** RTP or RTCP came; the buffer is its own. */
  packet(packet: Buffer): void;
  /** `failed` is final. */
  stateChanged(state: 'connecting' | 'connected' | 'failed'): void;
}

/** One ICE and DTLS path. */
export class NativeConnection {
  /** What the server has to be told for DTLS. */
  readonly dtlsParameters: types.DtlsParameters;
  readonly #connection: PeerConnection;
  readonly #track: Track;
  #isOpen = false;
  #closed = false;

  /** Begins to connect at once. @param localAddress of the sockets; undefined: any. */
  constructor(remote: RemoteParameters, localAddress: string | undefined, events: NativeConnectionEvents) {
    this.#connection = new PeerConnection('bot', {
      iceServers: [],
      disableAutoNegotiation: true,
      ...(localAddress !== undefined && { bindAddress: localAddress }),
    });
    const media = new Video(MID, 'SendRecv');
    media.addVP8Codec(96);
    this.#track = this.#connection.addTrack(media);
    this.#track.onMessage((packet) => {
      if (!this.#closed) events.packet(packet);
    });
    // Without it the native stack keeps the process alive after the end.
    this.#track.onClosed(() => undefined);
    this.#connection.onStateChange((state) => {
      if (this.#closed) return;
      if (state === 'connecting' || state === 'connected') events.stateChanged(state);
      // The native stack knows no ICE restart: a path that is lost is lost.
      else if (state !== 'new') events.stateChanged('failed');
    });
    this.#connection.setRemoteDescription(offerOf(remote), 'offer' as DescriptionType);
    this.#connection.setLocalDescription('answer' as DescriptionType);
    this.dtlsParameters = readDtlsParameters(this.#connection.localDescription()?.sdp ?? '');
  }

  /** Whether packets can be sent. */
  get isOpen(): boolean {
    this.#isOpen ||= !this.#closed && this.#track.isOpen();
    return this.#isOpen;
  }

  /** Sends RTP or RTCP; gives whether the path took it. The buffer can be used again at once. */
  send(packet: Buffer): boolean {
    if (!this.isOpen) return false;
    try {
      return this.#track.sendMessageBinary(packet);
    } catch {
      // It was lost a moment ago; the state change is on its way.
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
}

/** The server as an ICE-lite offer. */
function offerOf({ iceParameters, iceCandidates, dtlsParameters }: RemoteParameters): string {
  const fingerprint = dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256');
  if (!fingerprint) throw new Error('the server has no SHA-256 fingerprint');
  return [
    'v=0',
    'o=- 1 1 IN IP4 0.0.0.0',
    's=-',
    't=0 0',
    'a=ice-lite',
    `a=group:BUNDLE ${MID}`,
    `a=fingerprint:sha-256 ${fingerprint.value}`,
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'c=IN IP4 0.0.0.0',
    `a=mid:${MID}`,
    'a=sendrecv',
    'a=rtcp-mux',
    // The server begins with DTLS, as soon as it knows our fingerprint. If we began, a first packet that comes before that would be
    // repeated only a second later: browsers do it after 50 ms.
    'a=setup:active',
    `a=ice-ufrag:${iceParameters.usernameFragment}`,
    `a=ice-pwd:${iceParameters.password}`,
    'a=rtpmap:96 VP8/90000',
    ...iceCandidates
      .filter(({ protocol }) => protocol === 'udp')
      .map(
        ({ foundation, priority, address, port }) =>
          `a=candidate:${foundation} 1 udp ${priority} ${address} ${port} typ host`,
      ),
    'a=end-of-candidates',
    '',
  ].join('\r\n');
}

function readDtlsParameters(answer: string): types.DtlsParameters {
  const value = /a=fingerprint:sha-256 (\S+)/i.exec(answer)?.[1];
  if (value === undefined) throw new Error('the native WebRTC stack gave no answer');
  const role = /a=setup:passive/.test(answer) ? 'server' : 'client';
  return { role, fingerprints: [{ algorithm: 'sha-256', value }] };
}
