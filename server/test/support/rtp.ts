/**
 * Owns raw RTP for tests: packets as a client sends them, parsed back as a client gets them, and fitting RTP parameters.
 * Does not own the transport (rtcPeer.ts).
 */
import type { RtpParameters } from '@parley/protocol';

const MID_EXTENSION_ID = 1;
const AUDIO_LEVEL_EXTENSION_ID = 6;

/** What a test packet carries. */
export interface RtpPacket {
  payloadType: number;
  sequenceNumber: number;
  timestamp: number;
  ssrc: number;
  payload: Buffer;
  marker?: boolean;
  mid?: string;
  /** 0 (loudest) to 127 (silence). */
  audioLevel?: number;
}

/** Whether a datagram of a track is RTCP, which shares the path with RTP (RFC 5761). */
export const isRtcp = (packet: Buffer): boolean => packet[1]! >= 192 && packet[1]! <= 223;

/** Serialises a packet; extensions in the one-byte form (RFC 8285). */
function buildRtp(packet: RtpPacket): Buffer {
  const elements: number[] = [];
  if (packet.mid !== undefined) {
    const mid = Buffer.from(packet.mid);
    elements.push((MID_EXTENSION_ID << 4) | (mid.length - 1), ...mid);
  }
  if (packet.audioLevel !== undefined) elements.push(AUDIO_LEVEL_EXTENSION_ID << 4, packet.audioLevel);
  while (elements.length % 4 !== 0) elements.push(0);

  const header = Buffer.alloc(12);
  header[0] = 0x80 | (elements.length > 0 ? 0x10 : 0);
  header[1] = (packet.marker ? 0x80 : 0) | packet.payloadType;
  header.writeUInt16BE(packet.sequenceNumber & 0xffff, 2);
  header.writeUInt32BE(packet.timestamp >>> 0, 4);
  header.writeUInt32BE(packet.ssrc, 8);
  if (elements.length === 0) return Buffer.concat([header, packet.payload]);
  const extension = Buffer.alloc(4);
  extension.writeUInt16BE(0xbede, 0);
  extension.writeUInt16BE(elements.length / 4, 2);
  return Buffer.concat([header, extension, Buffer.from(elements), packet.payload]);
}

/** The fields that tests look at. */
export function parseRtp(
  packet: Buffer,
): Pick<RtpPacket, 'payloadType' | 'ssrc' | 'sequenceNumber' | 'payload'> {
  const csrcs = packet[0]! & 0x0f;
  let offset = 12 + 4 * csrcs;
  if (packet[0]! & 0x10) offset += 4 + 4 * packet.readUInt16BE(offset + 2);
  return {
    payloadType: packet[1]! & 0x7f,
    sequenceNumber: packet.readUInt16BE(2),
    ssrc: packet.readUInt32BE(8),
    payload: packet.subarray(offset),
  };
}

/** What a browser sends for a microphone. */
export const opusParameters = (ssrc: number, mid = '0'): RtpParameters => ({
  mid,
  codecs: [
    {
      mimeType: 'audio/opus',
      payloadType: 111,
      clockRate: 48000,
      channels: 2,
      parameters: { useinbandfec: 1 },
      rtcpFeedback: [],
    },
  ],
  headerExtensions: [
    { uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: MID_EXTENSION_ID },
    { uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level', id: AUDIO_LEVEL_EXTENSION_ID },
  ],
  encodings: [{ ssrc }],
  rtcp: { cname: 'test' },
});

/** What a browser sends for a camera with so many simulcast layers; their SSRCs are `ssrc`, `ssrc + 10`, ... */
export const simulcastParameters = (ssrc: number, layers = 3): RtpParameters => ({
  ...vp8Parameters(ssrc),
  encodings: Array.from({ length: layers }, (_, layer) => ({
    ssrc: ssrc + 10 * layer,
    rtx: { ssrc: ssrc + 10 * layer + 1 },
    scaleResolutionDownBy: 2 ** (layers - 1 - layer),
  })),
});

/** What a browser sends for a camera, without simulcast. */
export const vp8Parameters = (ssrc: number, mid = '1'): RtpParameters => ({
  mid,
  codecs: [
    { mimeType: 'video/VP8', payloadType: 96, clockRate: 90000, rtcpFeedback: [{ type: 'nack' }] },
    { mimeType: 'video/rtx', payloadType: 97, clockRate: 90000, parameters: { apt: 96 } },
  ],
  headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: MID_EXTENSION_ID }],
  encodings: [{ ssrc, rtx: { ssrc: ssrc + 1 } }],
  rtcp: { cname: 'test' },
});

/** An Opus packet as a packet of the given loudness; the payload is no real audio, nobody decodes it here. */
export const opusPacket = (ssrc: number, sequenceNumber: number, audioLevel = 20, mid = '0'): Buffer =>
  buildRtp({
    payloadType: 111,
    sequenceNumber,
    timestamp: sequenceNumber * 960,
    ssrc,
    mid,
    audioLevel,
    payload: Buffer.from(`opus ${ssrc} ${sequenceNumber}`),
  });

/** A VP8 packet that is a key frame (RFC 7741) of up to 255 pixels: a consumer forwards nothing before one. */
export const vp8KeyFramePacket = (ssrc: number, sequenceNumber: number, mid = '1', size = 16): Buffer =>
  buildRtp({
    payloadType: 96,
    sequenceNumber,
    timestamp: sequenceNumber * 3000,
    ssrc,
    mid,
    marker: true,
    // Descriptor (start of partition 0), frame tag with the key frame bit 0, start code, width and height.
    payload: Buffer.from([0x10, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, size, 0x00, size, 0x00]),
  });
