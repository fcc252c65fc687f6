/**
 * Owns seeded nonsense: RTP that is authentic by its SRTP and broken inside. Does not own who sends it.
 */
import type { RtpParameters } from '@parley/protocol';

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SSRC = 99;
const PAYLOAD_TYPE = 100;
const extensions = {
  audio: [
    ['urn:ietf:params:rtp-hdrext:sdes:mid', 1],
    ['http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time', 4],
    ['urn:ietf:params:rtp-hdrext:ssrc-audio-level', 6],
  ],
  video: [
    ['urn:ietf:params:rtp-hdrext:sdes:mid', 1],
    ['http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time', 4],
    ['http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01', 5],
    ['https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension', 7],
    ['urn:3gpp:video-orientation', 8],
    ['urn:ietf:params:rtp-hdrext:toffset', 9],
  ],
} as const;

/** Parameters of a sender of nonsense: every header extension that the worker parses, and layers where the codec has them. */
export function nonsenseParameters(mimeType: string): RtpParameters {
  const kind = mimeType.startsWith('audio/') ? 'audio' : 'video';
  const isOpus = mimeType === 'audio/opus';
  const spatialLayers = /VP9|AV1/.test(mimeType) ? 3 : 1;
  return {
    mid: '0',
    codecs: [
      {
        mimeType,
        payloadType: PAYLOAD_TYPE,
        clockRate: isOpus ? 48000 : 90000,
        ...(isOpus ? { channels: 2 } : {}),
        ...(mimeType === 'video/H264'
          ? { parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f' } }
          : {}),
      },
    ],
    headerExtensions: extensions[kind].map(([uri, id]) => ({ uri, id })),
    encodings: [{ ssrc: SSRC, ...(isOpus ? {} : { scalabilityMode: `L${spatialLayers}T3` }) }],
  };
}

/** Packets of that sender, the same for the same seed: a true RTP header, then random extensions and a random payload. */
export function* nonsensePackets(seed: number): Generator<Buffer, never> {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  for (let sequenceNumber = 0, timestamp = 0; ; ) {
    // Forward only: the sender's own SRTP refuses what looks like a replay.
    sequenceNumber += random() < 0.05 ? below(3000) : 1;
    timestamp += random() < 0.1 ? below(2 ** 31) : 3000;
    const body = Buffer.from(Array.from({ length: below(300) }, () => below(256)));
    const hasExtension = random() < 0.8;
    const header = Buffer.alloc(hasExtension ? 16 : 12);
    const csrcs = random() < 0.05 ? below(Math.min(16, body.length / 4)) : 0;
    header[0] = 0x80 | (hasExtension && csrcs === 0 ? 0x10 : 0) | csrcs;
    header[1] = PAYLOAD_TYPE | (random() < 0.3 ? 0x80 : 0);
    header.writeUInt16BE(sequenceNumber & 0xffff, 2);
    header.writeUInt32BE(timestamp % 2 ** 32, 4);
    header.writeUInt32BE(SSRC, 8);
    if (hasExtension) {
      header.writeUInt16BE(random() < 0.5 ? 0xbede : 0x1000, 12);
      header.writeUInt16BE(below(Math.floor(body.length / 4) + 1), 14);
    }
    yield Buffer.concat([header, body]);
  }
}
