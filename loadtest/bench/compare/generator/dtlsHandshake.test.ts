import { describe, expect, it } from 'vitest';
import { srtpProfileOf } from './dtlsHandshake.ts';

const uint16 = (value: number): number[] => [value >> 8, value & 0xff];

/** A DTLS 1.2 record with a handshake message. */
function record(type: number, body: readonly number[], epoch = 0): number[] {
  const message = [type, 0, ...uint16(body.length), 0, 0, 0, 0, 0, 0, ...uint16(body.length), ...body];
  return [22, 0xfe, 0xfd, ...uint16(epoch), 0, 0, 0, 0, 0, 0, ...uint16(message.length), ...message];
}

function serverHello(extensions: readonly number[]): number[] {
  const sessionId = [4, 1, 2, 3, 4];
  return [
    0xfe,
    0xfd,
    ...new Array(32).fill(7),
    ...sessionId,
    0xc0,
    0x2b,
    0,
    ...uint16(extensions.length),
    ...extensions,
  ];
}

const useSrtp = (profile: number): number[] => [...uint16(14), ...uint16(5), 0, 2, ...uint16(profile), 0];
const other = [...uint16(23), 0, 0];

describe('SRTP profile of a DTLS handshake', () => {
  it('is the one in the hello of the server', () => {
    const hello = record(2, serverHello([...other, ...useSrtp(7)]));
    expect(srtpProfileOf(Uint8Array.from(hello))).toBe('AEAD_AES_128_GCM');
    expect(srtpProfileOf(Uint8Array.from(record(2, serverHello(useSrtp(1)))))).toBe('AES128_CM_HMAC_SHA1_80');
    expect(srtpProfileOf(Uint8Array.from(record(2, serverHello(useSrtp(0x99)))))).toBe('0x99');
  });

  it('is found behind another record of the same datagram', () => {
    const datagram = [...record(3, [0]), ...record(2, serverHello(useSrtp(8)))];
    expect(srtpProfileOf(Uint8Array.from(datagram))).toBe('AEAD_AES_256_GCM');
  });

  it('is not there in other packets, nor in a hello without it', () => {
    expect(srtpProfileOf(Uint8Array.from(record(1, serverHello(useSrtp(7)))))).toBeUndefined();
    expect(srtpProfileOf(Uint8Array.from(record(2, serverHello(other))))).toBeUndefined();
    expect(srtpProfileOf(Uint8Array.from([0x80, 96, 0, 1]))).toBeUndefined();
    expect(srtpProfileOf(Uint8Array.from(record(2, serverHello(useSrtp(7)), 1)))).toBeUndefined();
  });

  it('survives every cut', () => {
    const hello = Uint8Array.from(record(2, serverHello(useSrtp(7))));
    for (let length = 0; length < hello.length; length += 1) {
      expect(srtpProfileOf(hello.subarray(0, length))).toBeUndefined();
    }
  });
});
