/**
 * Tokens of integrators: every way in which one can be wrong has its own cause.
 */
import { SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { verifyToken } from './verifyToken.ts';

const secret = 'a-secret-of-tests-with-32-bytes!';
const apiKeys = new Map([['acme', secret]]);
const nowMs = 1_700_000_000_000;
const nowS = nowMs / 1000;

const sign = (claims: Record<string, unknown>, key = secret, alg = 'HS256') =>
  new SignJWT({ iss: 'acme', sub: 'u1', exp: nowS + 60, ...claims })
    .setProtectedHeader({ alg })
    .sign(new TextEncoder().encode(key));
const causeOf = async (token: string | Promise<string>) =>
  verifyToken(await token, apiKeys, nowMs).then(
    () => 'accepted',
    (error) => `${error.code}: ${error.details.cause}`,
  );

describe('a sound token', () => {
  test('[TOKEN1] has the usual rights of its role where it says nothing', async () => {
    expect(await verifyToken(await sign({}), apiKeys, nowMs)).toEqual({
      tenant: 'acme',
      userId: 'u1',
      displayName: undefined,
      roomId: undefined,
      role: 'speaker',
      grants: {
        publish: ['mic', 'camera', 'screen', 'screenAudio'],
        subscribe: true,
        chat: true,
        moderate: false,
      },
      videoCodecs: undefined,
      expiresAtMs: nowMs + 65_000,
    });
    const viewer = await verifyToken(await sign({ role: 'viewer' }), apiKeys, nowMs);
    expect(viewer.grants.publish).toEqual([]);
  });

  test.each([
    [{ role: 'host' }, 'host', true],
    [{ role: 'host', grants: { moderate: false } }, 'speaker', false],
    [{ grants: { moderate: true } }, 'host', true],
    [{ role: 'viewer', grants: { moderate: true } }, 'host', true],
  ])('[TOKEN1] %j is a %s', async (claims, role, moderate) => {
    const verified = await verifyToken(await sign(claims), apiKeys, nowMs);
    expect(verified).toMatchObject({ role, grants: { moderate } });
  });

  test('a name and a room are brought into their one form', async () => {
    const claims = { name: '  Ade\u0301le ', room: 'caf\u0065\u0301' };
    expect(await verifyToken(await sign(claims), apiKeys, nowMs)).toMatchObject({
      displayName: 'Adéle',
      roomId: 'café',
    });
  });

  test('[CODEC1] names the codecs of a call, each once', async () => {
    expect(await verifyToken(await sign({ videoCodecs: ['av1', 'vp9'] }), apiKeys, nowMs)).toMatchObject({
      videoCodecs: ['av1', 'vp9'],
    });
    for (const videoCodecs of [[], ['vp9', 'vp9'], ['theora'], 'vp9']) {
      expect(await causeOf(sign({ videoCodecs }))).toBe('unauthenticated: bad-claim');
    }
  });

  test('five seconds between the clocks are tolerated', async () => {
    expect(await causeOf(sign({ exp: nowS - 4 }))).toBe('accepted');
    expect(await causeOf(sign({ nbf: nowS + 4 }))).toBe('accepted');
  });
});

describe('[TOKEN3] a token that does not hold', () => {
  test.each<[string, string | Promise<string>, string]>([
    ['is no token', 'rubbish', 'malformed'],
    ['has no three parts', 'a.b', 'malformed'],
    ['is from nobody we know', sign({ iss: 'nobody' }), 'unknown-key'],
    ['names an inherited property', sign({ iss: 'constructor' }), 'unknown-key'],
    ['names no key', sign({ iss: undefined }), 'unknown-key'],
    ['is signed with another secret', sign({}, 'another-secret-that-has-32-bytes'), 'bad-signature'],
    ['uses another algorithm', sign({}, 'x'.repeat(64), 'HS512'), 'wrong-algorithm'],
    ['has expired', sign({ exp: nowS - 6 }), 'expired'],
    ['never expires', sign({ exp: undefined }), 'missing-exp'],
    ['is not valid yet', sign({ nbf: nowS + 6 }), 'not-yet-valid'],
    ['names nobody', sign({ sub: undefined }), 'bad-claim'],
    ['has a strange identity', sign({ sub: 'a b' }), 'bad-claim'],
    ['has a long identity', sign({ sub: 'a'.repeat(65) }), 'bad-claim'],
    ['has an unknown role', sign({ role: 'owner' }), 'bad-claim'],
    ['never expires, in other words', sign({ exp: 1e308 }), 'bad-claim'],
    ['expires in milliseconds', sign({ exp: nowMs + 60_000 }), 'bad-claim'],
    ['has an invisible name', sign({ name: '\u200B' }), 'bad-claim'],
    ['grants unknown sources', sign({ grants: { publish: ['brain'] } }), 'bad-claim'],
  ])('%s', async (_what, token, cause) => {
    expect(await causeOf(token)).toBe(`unauthenticated: ${cause}`);
  });

  test('is not signed at all', async () => {
    const token = new UnsecuredJWT({ iss: 'acme', sub: 'u1', exp: nowS + 60 }).encode();
    expect(await causeOf(token)).toMatch(/^unauthenticated: (malformed|wrong-algorithm|bad-signature)$/);
  });

  test('is never quoted in the refusal', async () => {
    const token = await sign({ sub: 'a b' });
    const error = await verifyToken(token, apiKeys, nowMs).catch((refusal: Error) => refusal);
    expect(JSON.stringify([error, `${error}`])).not.toContain(token.split('.')[2]);
  });
});
