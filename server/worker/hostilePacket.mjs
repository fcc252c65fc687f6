/**
 * Sends a worker the RTP that ends an unmended one: header extensions of length 0, which any guest may send.
 * Needs no WebRTC peer: behind SRTP a PlainTransport's packets go the same way. Used by the worker's check only.
 */
import { createSocket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';

const payloadType = 111;
const ssrc = 6000;
const audioLevelId = 6;

/**
 * Resolves once the worker has taken the packet in and passed on the one after it. A worker that dies of it never answers.
 * @param {import('mediasoup').types.Router} router with Opus
 * @returns {Promise<void>}
 */
export async function sendHostilePacket(router) {
  const transport = await router.createPlainTransport({
    listenInfo: { protocol: 'udp', ip: '127.0.0.1' },
    comedia: true,
  });
  const producer = await transport.produce({
    kind: 'audio',
    rtpParameters: {
      codecs: [{ mimeType: 'audio/opus', payloadType, clockRate: 48000, channels: 2 }],
      headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level', id: audioLevelId }],
      encodings: [{ ssrc }],
    },
  });
  const socket = createSocket('udp4');
  try {
    // Datagrams may be lost, even here: until enough of them are counted.
    for (let sequenceNumber = 1; (await packetsReceived(producer)) < 3; sequenceNumber += 1) {
      socket.send(packetWithEmptyExtension(sequenceNumber), transport.tuple.localPort, '127.0.0.1');
      await delay(10);
    }
  } finally {
    socket.close();
    transport.close();
  }
}

/**
 * @param {import('mediasoup').types.Producer} producer
 * @returns {Promise<number>}
 */
async function packetsReceived(producer) {
  const stats = await producer.getStats();
  return stats.reduce((sum, { packetCount }) => sum + packetCount, 0);
}

/**
 * @param {number} sequenceNumber
 * @returns {Buffer} a two-byte header extension (RFC 8285, 4.3) of one word: an audio level of no bytes, and padding
 */
function packetWithEmptyExtension(sequenceNumber) {
  const packet = Buffer.alloc(24);
  packet.set([0x90, payloadType]);
  packet.writeUInt16BE(sequenceNumber, 2);
  packet.writeUInt32BE(ssrc, 8);
  packet.set([0x10, 0x00, 0, 1, audioLevelId, 0], 12);
  return packet;
}
