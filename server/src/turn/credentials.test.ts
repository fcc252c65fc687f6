/**
 * Checks the TURN credentials against vectors computed by another implementation (openssl dgst -sha1 -hmac | base64).
 * Does not check that coturn takes them: server/test/integration/turn.test.ts does.
 */
import { describe, expect, it } from 'vitest';
import { iceServers, TURN_CREDENTIAL_TTL_S, turnCredentials } from './credentials.ts';

describe('turnCredentials', () => {
  it('gives expiry:user and the base64 HMAC-SHA1 of it', () => {
    expect(turnCredentials('north', 'carol', 1644736502)).toEqual({
      username: '1644736502:carol',
      credential: 'gI0yg/bFw1Fygu5BqXyeY+j9zLw=',
    });
  });
});

describe('iceServers', () => {
  const secret = 'a-shared-secret-of-coturn';

  it('is empty when nothing is configured', () => {
    expect(iceServers({ urls: [], secret: undefined }, 'u1', 0)).toEqual([]);
  });

  it('gives stun addresses without and turn addresses with credentials', () => {
    const turn = { urls: ['stun:t:3478', 'turn:t:3478?transport=udp', 'turns:t:5349'], secret };
    const nowMs = 1_700_000_000_999;
    const expiresAtS = 1_700_000_000 + TURN_CREDENTIAL_TTL_S;
    expect(iceServers(turn, 'u1', nowMs)).toEqual([
      { urls: ['stun:t:3478'] },
      { urls: ['turn:t:3478?transport=udp', 'turns:t:5349'], ...turnCredentials(secret, 'u1', expiresAtS) },
    ]);
  });

  it('never gives a turn address without credentials', () => {
    expect(iceServers({ urls: ['turn:t:3478'], secret: undefined }, 'u1', 0)).toEqual([]);
  });
});
