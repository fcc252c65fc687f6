/**
 * Owns seeded nonsense: RTP and RTCP that are authentic by their SRTP and broken inside. Does not own who sends them.
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
const everyKind = [
  ['urn:ietf:params:rtp-hdrext:sdes:mid', 1],
  ['http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time', 4],
  ['http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time', 10],
  ['http://www.webrtc.org/experiments/rtp-hdrext/playout-delay', 11],
  ['urn:mediasoup:params:rtp-hdrext:packet-id', 12],
] as const;
const extensions = {
  audio: [...everyKind, ['urn:ietf:params:rtp-hdrext:ssrc-audio-level', 6]],
  video: [
    ...everyKind,
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

/** Lengths at the edges: none, those that extensions really have and their neighbours, the most of either form. */
const HOSTILE_LENGTHS = [0, 0, 0, 1, 2, 3, 4, 8, 15, 16, 17, 255];
const ONE_BYTE = 0xbede;
const TWO_BYTE = 0x1000;

/** Packets of that sender, the same for the same seed: a true RTP header, then nonsense for extensions and payload. */
export function* nonsensePackets(seed: number): Generator<Buffer, never> {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const bytes = (length: number) => Buffer.from(Array.from({ length }, () => below(256)));
  for (let sequenceNumber = 0, timestamp = 0; ; ) {
    // Forward only: the sender's own SRTP refuses what looks like a replay.
    sequenceNumber += random() < 0.05 ? below(3000) : 1;
    timestamp += random() < 0.1 ? below(2 ** 31) : 3000;
    const body = bytes(below(300));
    const kind = random();
    const csrcs = random() < 0.05 ? below(Math.min(16, body.length / 4)) : 0;
    const extension = csrcs > 0 || kind < 0.2 ? undefined : kind < 0.5 ? scrambled() : wellFormed();
    const header = Buffer.alloc(12);
    header[0] = 0x80 | (extension ? 0x10 : 0) | csrcs;
    header[1] = PAYLOAD_TYPE | (random() < 0.3 ? 0x80 : 0);
    header.writeUInt16BE(sequenceNumber & 0xffff, 2);
    header.writeUInt32BE(timestamp % 2 ** 32, 4);
    header.writeUInt32BE(SSRC, 8);
    yield Buffer.concat([header, extension ?? Buffer.alloc(0), body]);

    /** Claims a part of the payload, which then reads as anything. */
    function scrambled(): Buffer {
      return extensionHeader(random() < 0.5 ? ONE_BYTE : TWO_BYTE, below(Math.floor(body.length / 4) + 1));
    }
  }

  /** A list that every parser reads to its end, with lengths that none expects: chance alone hardly ever makes one. */
  function wellFormed(): Buffer {
    const profile = random() < 0.3 ? ONE_BYTE : TWO_BYTE;
    const elements = Array.from({ length: 1 + below(4) }, () => {
      const id = 1 + below(14);
      const length = HOSTILE_LENGTHS[below(HOSTILE_LENGTHS.length)]!;
      if (profile === TWO_BYTE) return Buffer.concat([Buffer.from([id, length]), bytes(length)]);
      // One byte holds the length less one, so 1 to 16 are all there are.
      const nibble = Math.min(Math.max(length, 1), 16) - 1;
      return Buffer.concat([Buffer.from([(id << 4) | nibble]), bytes(nibble + 1)]);
    });
    const list = Buffer.concat(elements);
    const words = Math.ceil(list.length / 4);
    return Buffer.concat([extensionHeader(profile, words), list, Buffer.alloc(words * 4 - list.length)]);
  }
}

/** Feedback formats that mean something: FIR, REMB and the like, transport-wide feedback; the rest is drawn. */
const FEEDBACK_FORMATS = [1, 2, 3, 4, 15, 15];

/**
 * RTCP, the same for the same seed: headers and lengths are true, so that every parser gets to its part, and all behind is drawn.
 * @param ssrcs streams of the transport that it is sent on: only what names one of them goes any further.
 */
export function* nonsenseRtcp(seed: number, ssrcs: readonly number[]): Generator<Buffer, never> {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const word = () => {
    const kind = random();
    if (kind < 0.3) return ssrcs[below(ssrcs.length)]!;
    return kind < 0.5 ? below(4) : kind < 0.6 ? 0xffff_ffff : below(2 ** 32);
  };
  for (;;) {
    yield Buffer.concat(
      Array.from({ length: 1 + below(3) }, () => {
        // Sender report to extended report (RFC 3550, 4585, 3611).
        const type = 200 + below(8);
        const isFeedback = type === 205 || type === 206;
        const format =
          isFeedback && random() < 0.8 ? FEEDBACK_FORMATS[below(FEEDBACK_FORMATS.length)]! : below(32);
        const words = 1 + below(24);
        const packet = Buffer.alloc(4 + words * 4);
        packet.set([0x80 | (random() < 0.05 ? 0x20 : 0) | format, type]);
        packet.writeUInt16BE(words, 2);
        for (let at = 4; at < packet.length; at += 4) packet.writeUInt32BE(word(), at);
        if (isFeedback && words > 1) packet.writeUInt32BE(ssrcs[below(ssrcs.length)]!, 8);
        return packet;
      }),
    );
  }
}

/** The header of a header extension (RFC 3550, 5.3.1). */
function extensionHeader(profile: number, words: number): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16BE(profile, 0);
  header.writeUInt16BE(words, 2);
  return header;
}
