/**
 * Owns the SDP that stands for a mediasoup transport: an ICE-lite offer of what the server has, for a WebRTC client that
 * is no mediasoup-client. Does not own the client.
 */
import type { DtlsParameters, RtpParameters, TransportInfo } from '@parley/protocol';

/** One m-line: what the client sends (to be produced) or receives (consumed). */
export interface OfferedMedia {
  kind: 'audio' | 'video';
  /** From the client's view. */
  direction: 'send' | 'recv';
  rtpParameters: RtpParameters;
}

/** The server's offer for a transport and its media. */
export function offerSdp(info: TransportInfo, media: readonly OfferedMedia[]): string {
  const mids = media.map((item, index) => item.rtpParameters.mid ?? String(index));
  const fingerprint = info.dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256')!;
  return [
    'v=0',
    'o=- 1 1 IN IP4 0.0.0.0',
    's=-',
    't=0 0',
    'a=ice-lite',
    `a=group:BUNDLE ${mids.join(' ')}`,
    `a=fingerprint:sha-256 ${fingerprint.value}`,
    'a=msid-semantic: WMS *',
    ...media.flatMap((item, index) => mediaSection(info, item, mids[index]!)),
    '',
  ].join('\r\n');
}

function mediaSection(info: TransportInfo, { kind, direction, rtpParameters }: OfferedMedia, mid: string) {
  const { codecs, headerExtensions = [], encodings = [], rtcp } = rtpParameters;
  return [
    `m=${kind} 7 UDP/TLS/RTP/SAVPF ${codecs.map(({ payloadType }) => payloadType).join(' ')}`,
    'c=IN IP4 127.0.0.1',
    `a=mid:${mid}`,
    `a=${direction === 'send' ? 'recvonly' : 'sendonly'}`,
    'a=rtcp-mux',
    'a=setup:actpass',
    `a=ice-ufrag:${info.iceParameters.usernameFragment}`,
    `a=ice-pwd:${info.iceParameters.password}`,
    ...headerExtensions.map(({ id, uri }) => `a=extmap:${id} ${uri}`),
    ...codecs.flatMap(({ payloadType, mimeType, clockRate, channels, parameters = {} }) => [
      `a=rtpmap:${payloadType} ${mimeType.split('/')[1]}/${clockRate}${channels === 2 ? '/2' : ''}`,
      ...(Object.keys(parameters).length > 0
        ? [
            `a=fmtp:${payloadType} ${Object.entries(parameters)
              .map(([key, value]) => `${key}=${value}`)
              .join(';')}`,
          ]
        : []),
    ]),
    ...(direction === 'recv'
      ? encodings.flatMap(({ ssrc, rtx }) =>
          [ssrc, rtx?.ssrc]
            .filter((value) => value !== undefined)
            .map((value) => `a=ssrc:${value} cname:${rtcp?.cname ?? 'test'}`),
        )
      : []),
    ...info.iceCandidates.map(
      ({ foundation, protocol, priority, address, port, tcpType }) =>
        `a=candidate:${foundation} 1 ${protocol} ${priority} ${address} ${port} typ host${tcpType ? ` tcptype ${tcpType}` : ''}`,
    ),
    'a=end-of-candidates',
  ];
}

/** What the server has to be told of the client's answer. */
export function dtlsParametersOf(answerSdp: string): DtlsParameters {
  const [, algorithm, value] = /a=fingerprint:(\S+) (\S+)/.exec(answerSdp)!;
  const setup = /a=setup:(\S+)/.exec(answerSdp)![1];
  return {
    role: setup === 'active' ? 'client' : 'server',
    fingerprints: [{ algorithm: algorithm!.toLowerCase() as 'sha-256', value: value! }],
  };
}
