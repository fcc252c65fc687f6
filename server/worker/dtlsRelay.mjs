/**
 * A loopback UDP relay between one WebRTC peer and one worker port that reads, from the worker's DTLS 1.2 ServerHello
 * passing by, which SRTP protection profile was chosen (RFC 5764, 4.1.1). Used by the worker's check only.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const useSrtpExtension = 14;
const serverHello = 2;
const handshakeRecord = 22;
const recordHeaderBytes = 13;

/**
 * @param {number} workerPort on 127.0.0.1
 * @returns {Promise<{port: number, srtpProfile: Promise<number>, close: () => void}>} `srtpProfile` resolves with the
 *   profile's number, or 0 when the ServerHello agrees to none
 */
export async function relayUdp(workerPort) {
  const outside = createSocket('udp4');
  const inside = createSocket('udp4');
  outside.bind(0, '127.0.0.1');
  inside.bind(0, '127.0.0.1');
  await Promise.all([once(outside, 'listening'), once(inside, 'listening')]);
  /** @type {import('node:dgram').RemoteInfo | undefined} */
  let peer;
  outside.on('message', (packet, from) => {
    peer = from;
    inside.send(packet, workerPort, '127.0.0.1');
  });
  const srtpProfile = new Promise((resolve) => {
    inside.on('message', (packet) => {
      const profile = chosenSrtpProfile(packet);
      if (profile !== undefined) resolve(profile);
      if (peer) outside.send(packet, peer.port, peer.address);
    });
  });
  return {
    port: outside.address().port,
    srtpProfile,
    close: () => {
      outside.close();
      inside.close();
    },
  };
}

/**
 * @param {Buffer} packet a datagram
 * @returns {number | undefined} undefined when it holds no ServerHello
 */
function chosenSrtpProfile(packet) {
  for (let at = 0; at + recordHeaderBytes <= packet.length; ) {
    const start = at + recordHeaderBytes;
    const end = start + packet.readUInt16BE(at + 11);
    if (end > packet.length) return undefined;
    if (packet[at] === handshakeRecord && packet[start] === serverHello) {
      return srtpProfileOf(packet.subarray(start, end));
    }
    at = end;
  }
  return undefined;
}

/**
 * @param {Buffer} hello a ServerHello handshake message, unfragmented
 * @returns {number}
 */
function srtpProfileOf(hello) {
  // 12 bytes of handshake header, 2 of version, 32 random, the session id, cipher suite 2, compression 1.
  const sessionIdAt = 12 + 2 + 32;
  const extensionsAt = sessionIdAt + 1 + (hello[sessionIdAt] ?? 0) + 2 + 1 + 2;
  for (let at = extensionsAt; at + 4 <= hello.length; ) {
    const type = hello.readUInt16BE(at);
    const length = hello.readUInt16BE(at + 2);
    // Its body: the length of the list (2), then the one chosen profile (2).
    if (type === useSrtpExtension && at + 8 <= hello.length) return hello.readUInt16BE(at + 6);
    at += 4 + length;
  }
  return 0;
}
