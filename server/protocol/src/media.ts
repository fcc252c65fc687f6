/**
 * Owns the wire shapes of RTP, ICE and DTLS parameters: mediasoup's names, every list and string bounded.
 * Does not own their meaning: mediasoup validates what passed here (and maps its refusals to `invalid-request`).
 */
import * as z from 'zod/mini';
import { Id, Source } from './ids.ts';

const text = (max: number) => z.string().check(z.maxLength(max));
const uint32 = z.int().check(z.gte(0), z.lte(0xffffffff));
const Kind = z.enum(['audio', 'video']);
const MimeType = z.string().check(z.regex(/^(audio|video)\/[A-Za-z0-9._-]{1,32}$/));
const PayloadType = z.int().check(z.gte(0), z.lte(127));

const CodecParameters = z
  .record(text(64), z.union([text(512), z.number()]))
  .check(z.refine((parameters) => Object.keys(parameters).length <= 32, 'at most 32 codec parameters'));
const RtcpFeedback = z.object({ type: text(32), parameter: z.optional(text(64)) });

const HeaderExtensionUri = z.enum([
  'urn:ietf:params:rtp-hdrext:sdes:mid',
  'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'urn:3gpp:video-orientation',
  'urn:ietf:params:rtp-hdrext:toffset',
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time',
  'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
  'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
  'urn:mediasoup:params:rtp-hdrext:packet-id',
]);

/** What a device or router can do. */
export const RtpCapabilities = z.object({
  codecs: z.optional(
    z
      .array(
        z.object({
          kind: Kind,
          mimeType: MimeType,
          preferredPayloadType: PayloadType,
          clockRate: uint32,
          channels: z.optional(z.int().check(z.gte(1), z.lte(8))),
          parameters: z.optional(CodecParameters),
          rtcpFeedback: z.optional(z.array(RtcpFeedback).check(z.maxLength(16))),
        }),
      )
      .check(z.maxLength(64)),
  ),
  headerExtensions: z.optional(
    z
      .array(
        z.object({
          kind: Kind,
          uri: HeaderExtensionUri,
          preferredId: z.int().check(z.gte(1), z.lte(255)),
          preferredEncrypt: z.optional(z.boolean()),
          direction: z.optional(z.enum(['sendrecv', 'sendonly', 'recvonly', 'inactive'])),
        }),
      )
      .check(z.maxLength(64)),
  ),
});
export type RtpCapabilities = z.infer<typeof RtpCapabilities>;

/** What one producer or consumer sends. */
export const RtpParameters = z.object({
  mid: z.optional(text(32)),
  msid: z.optional(text(128)),
  codecs: z
    .array(
      z.object({
        mimeType: MimeType,
        payloadType: PayloadType,
        clockRate: uint32,
        channels: z.optional(z.int().check(z.gte(1), z.lte(8))),
        parameters: z.optional(CodecParameters),
        rtcpFeedback: z.optional(z.array(RtcpFeedback).check(z.maxLength(16))),
      }),
    )
    .check(z.minLength(1), z.maxLength(16)),
  headerExtensions: z.optional(
    z
      .array(
        z.object({
          uri: HeaderExtensionUri,
          id: z.int().check(z.gte(1), z.lte(255)),
          encrypt: z.optional(z.boolean()),
          parameters: z.optional(CodecParameters),
        }),
      )
      .check(z.maxLength(32)),
  ),
  encodings: z.optional(
    z
      .array(
        z.object({
          ssrc: z.optional(uint32),
          rid: z.optional(text(16)),
          codecPayloadType: z.optional(PayloadType),
          rtx: z.optional(z.object({ ssrc: uint32 })),
          dtx: z.optional(z.boolean()),
          scalabilityMode: z.optional(text(16)),
          scaleResolutionDownBy: z.optional(z.number().check(z.gte(1), z.lte(64))),
          maxBitrate: z.optional(uint32),
          active: z.optional(z.boolean()),
        }),
      )
      .check(z.maxLength(4)),
  ),
  rtcp: z.optional(
    z.object({
      cname: z.optional(text(128)),
      reducedSize: z.optional(z.boolean()),
      mux: z.optional(z.boolean()),
    }),
  ),
});
export type RtpParameters = z.infer<typeof RtpParameters>;

/** ICE parameters of the server's side (RFC 8445); the server is ICE lite. */
const IceParameters = z.object({
  usernameFragment: text(256),
  password: text(256),
  iceLite: z.optional(z.boolean()),
});
export type IceParameters = z.infer<typeof IceParameters>;

const IceCandidate = z.object({
  foundation: text(64),
  priority: uint32,
  ip: text(256),
  address: text(256),
  protocol: z.enum(['udp', 'tcp']),
  port: z.int().check(z.gte(0), z.lte(65535)),
  type: z.enum(['host', 'srflx', 'prflx', 'relay']),
  tcpType: z.optional(z.enum(['active', 'passive', 'so'])),
});

/** DTLS role and certificate fingerprints; at least one, because an empty list has killed workers (mediasoup#537). */
export const DtlsParameters = z.object({
  role: z.optional(z.enum(['auto', 'client', 'server'])),
  fingerprints: z
    .array(
      z.object({
        algorithm: z.enum(['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512']),
        value: z.string().check(z.regex(/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){19,63}$/)),
      }),
    )
    .check(z.minLength(1), z.maxLength(8)),
});
export type DtlsParameters = z.infer<typeof DtlsParameters>;

/** Everything a client needs to set up one WebRtcTransport. */
export const TransportInfo = z.object({
  transportId: Id,
  iceParameters: IceParameters,
  iceCandidates: z.array(IceCandidate),
  dtlsParameters: DtlsParameters,
});
export type TransportInfo = z.infer<typeof TransportInfo>;

/** One subscribed publication, as the receiver has to consume it. A picture is created paused: resume it when the track is in place. */
export const ConsumerInfo = z.object({
  consumerId: Id,
  publicationId: Id,
  peerId: Id,
  source: Source,
  /** Generation of the producer behind it; a newer one in the log closes this consumer. */
  generation: z.int(),
  kind: Kind,
  rtpParameters: RtpParameters,
});
export type ConsumerInfo = z.infer<typeof ConsumerInfo>;

/** How much a tile matters when the network does not carry all of them; a pinned one is `high`. */
export const ViewPriority = z.enum(['low', 'normal', 'high']);
export type ViewPriority = z.infer<typeof ViewPriority>;

const MAX_TILE_PIXELS = 8192;
const tilePixels = z.int().check(z.gte(0), z.lte(MAX_TILE_PIXELS));

/**
 * What a client shows of a publication. Video: how large it is drawn, in device pixels. Audio: that it is to be heard whoever else
 * speaks (sizes are 0).
 */
export const ViewedPublication = z.object({
  publicationId: Id,
  width: tilePixels,
  height: tilePixels,
  /** false: nothing is sent, but it comes at once when it is shown (the page next to the one that is looked at). */
  visible: z.boolean(),
  priority: ViewPriority,
});
export type ViewedPublication = z.infer<typeof ViewedPublication>;

/** As RTCIceServer in W3C WebRTC; TURN credentials are time-limited. */
export const IceServer = z.object({
  urls: z.array(z.string()),
  username: z.optional(z.string()),
  credential: z.optional(z.string()),
});
export type IceServer = z.infer<typeof IceServer>;
