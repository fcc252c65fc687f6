/**
 * Owns reading the SRTP profile out of a DTLS 1.2 handshake: the server's hello says in the clear which one it took (RFC 5764).
 * Does not own where the packets come from (DtlsRelay).
 */

/** IANA's names, as far as WebRTC uses them. */
const PROFILES: Readonly<Record<number, string>> = {
  1: 'AES128_CM_HMAC_SHA1_80',
  2: 'AES128_CM_HMAC_SHA1_32',
  7: 'AEAD_AES_128_GCM',
  8: 'AEAD_AES_256_GCM',
};

const HANDSHAKE = 22;
const SERVER_HELLO = 2;
const USE_SRTP = 14;
const RECORD_HEADER = 13;
const HANDSHAKE_HEADER = 12;

/** The profile that a datagram's server hello names; undefined when it has none. */
export function srtpProfileOf(datagram: Uint8Array): string | undefined {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  for (let at = 0; at + RECORD_HEADER <= datagram.length; ) {
    const end = at + RECORD_HEADER + view.getUint16(at + 11);
    if (end > datagram.length || view.getUint8(at) !== HANDSHAKE) return undefined;
    const body = at + RECORD_HEADER;
    // Later records may be encrypted and look like anything; a first flight has epoch 0.
    if (view.getUint16(at + 3) === 0 && body < end && view.getUint8(body) === SERVER_HELLO) {
      return profileOfHello(new DataView(datagram.buffer, datagram.byteOffset + body, end - body));
    }
    at = end;
  }
  return undefined;
}

function profileOfHello(hello: DataView): string | undefined {
  // Version, random; session id; cipher suite, compression.
  let at = HANDSHAKE_HEADER + 2 + 32;
  if (at >= hello.byteLength) return undefined;
  at += 1 + hello.getUint8(at) + 2 + 1;
  if (at + 2 > hello.byteLength) return undefined;
  const end = Math.min(hello.byteLength, at + 2 + hello.getUint16(at));
  at += 2;
  while (at + 4 <= end) {
    const length = hello.getUint16(at + 2);
    if (hello.getUint16(at) === USE_SRTP && length >= 4 && at + 8 <= end) {
      const profile = hello.getUint16(at + 6);
      return PROFILES[profile] ?? `0x${profile.toString(16)}`;
    }
    at += 4 + length;
  }
  return undefined;
}
