/**
 * Owns the little SDP that speaking with Janus takes: reading what it offers, writing what we offer and answer.
 * Does not own who sends it when (janusPeer.ts).
 */
import type { types } from 'mediasoup-client';

/** One side of a path. */
export interface PathDescription {
  readonly usernameFragment: string;
  readonly password: string;
  /** SHA-256. */
  readonly fingerprint: string;
  readonly setup: string;
  /** Whole lines, `a=` included. */
  readonly candidates: readonly string[];
}

/** A stream that we are offered. */
export interface OfferedStream {
  readonly kind: 'audio' | 'video';
  readonly ssrc: number;
  readonly rtxSsrc: number | undefined;
  readonly clockRate: number;
  readonly transportSequenceId: number | undefined;
}

const TRANSPORT_SEQUENCE = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';

/** @throws when something is missing. */
export function readPath(sdp: string): PathDescription {
  const value = (pattern: RegExp): string => {
    const found = pattern.exec(sdp)?.[1];
    if (found === undefined) throw new Error(`the SDP has nothing like ${pattern}`);
    return found;
  };
  return {
    usernameFragment: value(/^a=ice-ufrag:(\S+)/m),
    password: value(/^a=ice-pwd:(\S+)/m),
    fingerprint: value(/^a=fingerprint:sha-256 (\S+)/im),
    setup: value(/^a=setup:(\S+)/m),
    // Each m-line repeats them.
    candidates: [...new Set([...sdp.matchAll(/^a=candidate:.*$/gm)].map(([line]) => line.trim()))],
  };
}

/** Lines that say how to reach us, for every m-line. */
const pathLines = ({
  usernameFragment,
  password,
  fingerprint,
  setup,
  candidates,
}: PathDescription): string[] => [
  `a=ice-ufrag:${usernameFragment}`,
  `a=ice-pwd:${password}`,
  `a=fingerprint:sha-256 ${fingerprint}`,
  `a=setup:${setup}`,
  ...candidates,
];

const session = (mids: readonly string[]): string[] => [
  'v=0',
  'o=- 1 1 IN IP4 0.0.0.0',
  's=-',
  't=0 0',
  `a=group:BUNDLE ${mids.join(' ')}`,
];

const text = (lines: readonly string[]): string => `${lines.join('\r\n')}\r\n`;

/** The other side as the native stack gets to see it: one m-line that carries everything. */
export const pathSdp = (path: PathDescription, mid: string): string =>
  text([
    ...session([mid]),
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'c=IN IP4 0.0.0.0',
    `a=mid:${mid}`,
    'a=sendrecv',
    'a=rtcp-mux',
    'a=rtpmap:96 VP8/90000',
    ...pathLines(path),
  ]);

/** An offer of what is sent under these parameters; simulcast by rid, best layer first as browsers list it. */
export function publisherOffer(tracks: readonly types.RtpParameters[], path: PathDescription): string {
  return text([
    ...session(tracks.map(({ mid }) => mid ?? '')),
    ...tracks.flatMap((track) => publishedLines(track, path)),
  ]);
}

function publishedLines(track: types.RtpParameters, path: PathDescription): string[] {
  const { mid, codecs, headerExtensions = [], encodings = [] } = track;
  const kind = codecs[0]?.mimeType.split('/')[0];
  const rids = encodings.flatMap(({ rid }) => rid ?? []).toReversed();
  const [encoding] = encodings;
  return [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${codecs.map(({ payloadType }) => payloadType).join(' ')}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${mid}`,
    'a=sendonly',
    'a=rtcp-mux',
    ...pathLines(path),
    ...codecs.flatMap(
      ({ mimeType, payloadType, clockRate, channels, parameters = {}, rtcpFeedback = [] }) => [
        `a=rtpmap:${payloadType} ${mimeType.split('/')[1]}/${clockRate}${channels === undefined || channels === 1 ? '' : `/${channels}`}`,
        ...(Object.keys(parameters).length > 0
          ? [
              `a=fmtp:${payloadType} ${Object.entries(parameters)
                .map(([key, value]) => `${key}=${value}`)
                .join(';')}`,
            ]
          : []),
        ...rtcpFeedback.map(
          ({ type, parameter }) => `a=rtcp-fb:${payloadType} ${type}${parameter ? ` ${parameter}` : ''}`,
        ),
      ],
    ),
    ...headerExtensions.map(({ id, uri }) => `a=extmap:${id} ${uri}`),
    ...(rids.length > 0
      ? [...rids.map((rid) => `a=rid:${rid} send`), `a=simulcast:send ${rids.join(';')}`]
      : [`a=ssrc:${encoding?.ssrc} cname:bench`]),
  ];
}

/** The m-lines of an SDP, the session's own lines left out. */
const sections = (sdp: string): string[] => sdp.split(/^(?=m=)/m).slice(1);

/** What an offer would send us. */
export function offeredStreams(offer: string): OfferedStream[] {
  return sections(offer).flatMap((section) => {
    const kind = /^m=(audio|video)/.exec(section)?.[1];
    const group = /^a=ssrc-group:FID (\d+) (\d+)/m.exec(section);
    const ssrc = group?.[1] ?? /^a=ssrc:(\d+)/m.exec(section)?.[1];
    if ((kind !== 'audio' && kind !== 'video') || ssrc === undefined) return [];
    const extension = [...section.matchAll(/^a=extmap:(\d+)\S* (\S+)/gm)].find(
      ([, , uri]) => uri === TRANSPORT_SEQUENCE,
    );
    return [
      {
        kind,
        ssrc: Number(ssrc),
        rtxSsrc: group ? Number(group[2]) : undefined,
        clockRate: kind === 'audio' ? 48_000 : 90_000,
        transportSequenceId: extension ? Number(extension[1]) : undefined,
      },
    ];
  });
}

/** Takes an offer as it is: every m-line, its codecs and extensions, received only. */
export function receiverAnswer(offer: string, path: PathDescription): string {
  const own = /^a=(ice-|fingerprint|setup|candidate|end-of-candidates|ssrc|msid|sendonly|sendrecv|rtcp:)/;
  const mids = [...offer.matchAll(/^a=mid:(\S+)/gm)].map(([, mid]) => mid ?? '');
  const answered = sections(offer).flatMap((section) => [
    ...section.split(/\r?\n/).filter((line) => line !== '' && !own.test(line)),
    'a=recvonly',
    ...pathLines(path),
  ]);
  return text([...session(mids), ...answered]);
}
