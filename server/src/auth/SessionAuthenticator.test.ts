/**
 * Who a hello comes from, when it brings a token, a resume token, both or nothing.
 */
import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../test/support/FakeClock.ts';
import { DerivedIds } from './ids.ts';
import { ResumeTokens } from './ResumeTokens.ts';
import { SessionAuthenticator } from './SessionAuthenticator.ts';

const key = Buffer.alloc(32, 7);
const secret = 's'.repeat(32);
const HOUR_MS = 3_600_000;

function setUp(options: { guests?: boolean; apiKeys?: ReadonlyMap<string, string>; clock?: FakeClock } = {}) {
  const { guests = true, apiKeys = new Map([['acme', secret]]), clock = new FakeClock() } = options;
  const auth = new SessionAuthenticator({
    apiKeys,
    guests,
    clock,
    ids: new DerivedIds(key),
    resumeTokens: new ResumeTokens(key),
  });
  return { auth, clock };
}

const mint = (clock: FakeClock, claims: Record<string, unknown>, validMs = HOUR_MS) =>
  new SignJWT({ iss: 'acme', exp: Math.floor((clock.now() + validMs) / 1000), ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));

describe('guests', () => {
  test('get a session and an identity of their own', async () => {
    const { auth } = setUp();
    const [a, b] = [await auth.authenticate({}), await auth.authenticate({})];
    expect(a).toMatchObject({
      resumed: false,
      identity: { tenant: 'default', guest: true, role: 'speaker' },
    });
    expect(a.sessionId).not.toBe(b.sessionId);
    expect(a.identity.userId).toMatch(/^guest-/);
    expect(a.identity.userId).not.toBe(b.identity.userId);
    expect(a.identity.userId).not.toContain(a.sessionId.slice(2));
  });

  test('[TOKEN2] stay out where guests are off, with an old resume token too', async () => {
    const { auth, clock } = setUp();
    const guest = await auth.authenticate({});
    const resumeToken = await auth.issueResumeToken(guest.sessionId, guest.identity);
    const closed = setUp({ guests: false, clock }).auth;
    for (const credentials of [{}, { resumeToken }]) {
      await expect(closed.authenticate(credentials)).rejects.toMatchObject({
        code: 'unauthenticated',
        details: { cause: 'missing' },
      });
    }
  });
});

describe('resume tokens', () => {
  test('[RESUME9] bring back the same session and identity', async () => {
    const { auth } = setUp();
    const guest = await auth.authenticate({});
    const resumeToken = await auth.issueResumeToken(guest.sessionId, guest.identity);
    expect(await auth.authenticate({ resumeToken })).toEqual({ ...guest, resumed: true });
  });

  test('[RESUME9] last as long as their session, which is a day however often it is resumed', async () => {
    const { auth, clock } = setUp();
    const { sessionId, identity } = await auth.authenticate({});
    let resumeToken = await auth.issueResumeToken(sessionId, identity);
    for (let hour = 0; hour < 23; hour += 1) {
      clock.advance(HOUR_MS);
      const again = await auth.authenticate({ resumeToken });
      expect(again).toMatchObject({ sessionId, resumed: true });
      resumeToken = await auth.issueResumeToken(sessionId, again.identity);
    }
    clock.advance(HOUR_MS);
    expect((await auth.authenticate({ resumeToken })).sessionId).not.toBe(sessionId);

    const quiet = await auth.authenticate({});
    const onlyToken = await auth.issueResumeToken(quiet.sessionId, quiet.identity);
    clock.advance(23 * HOUR_MS);
    expect(await auth.authenticate({ resumeToken: onlyToken })).toMatchObject({
      sessionId: quiet.sessionId,
      resumed: true,
    });
  });

  test('of another deployment, or changed, are as good as none', async () => {
    const { auth } = setUp();
    const { sessionId, identity } = await auth.authenticate({});
    const foreign = await new ResumeTokens(Buffer.alloc(32, 8)).issue(sessionId, identity);
    const own = await auth.issueResumeToken(sessionId, identity);
    const [header, payload, signature] = own.split('.');
    const changed = Buffer.from(payload!, 'base64url').toString().replace('"guest":true', '"guest":false');
    const forged = `${header}.${Buffer.from(changed).toString('base64url')}.${signature}`;
    for (const resumeToken of [foreign, forged, 'rubbish']) {
      expect((await auth.authenticate({ resumeToken })).sessionId).not.toBe(sessionId);
    }
  });

  test('end with the API key of their token', async () => {
    const { auth, clock } = setUp();
    const member = await auth.authenticate({ token: await mint(clock, { sub: 'u1' }) });
    const resumeToken = await auth.issueResumeToken(member.sessionId, member.identity);
    expect((await auth.authenticate({ resumeToken })).resumed).toBe(true);
    const without = setUp({ apiKeys: new Map(), clock }).auth;
    expect((await without.authenticate({ resumeToken })).identity.tenant).toBe('default');
  });

  test('with a token of the same person the session goes on with what the token says now', async () => {
    const { auth, clock } = setUp();
    const first = await auth.authenticate({ token: await mint(clock, { sub: 'u1', role: 'host' }) });
    const resumeToken = await auth.issueResumeToken(first.sessionId, first.identity);
    const token = await mint(clock, { sub: 'u1', role: 'viewer' });
    const again = await auth.authenticate({ token, resumeToken });
    expect(again).toMatchObject({ sessionId: first.sessionId, resumed: true, identity: { role: 'viewer' } });
    expect(again.identity.sessionEndsAtMs).toBe(first.identity.sessionEndsAtMs);
  });

  test('with a token of somebody else, or for another room, a new session begins', async () => {
    const { auth, clock } = setUp();
    const first = await auth.authenticate({ token: await mint(clock, { sub: 'u1' }) });
    const resumeToken = await auth.issueResumeToken(first.sessionId, first.identity);
    for (const claims of [{ sub: 'u2' }, { sub: 'u1', room: 'lab' }]) {
      const other = await auth.authenticate({ token: await mint(clock, claims), resumeToken });
      expect(other.resumed).toBe(false);
      expect(other.sessionId).not.toBe(first.sessionId);
    }
  });

  test('a token that has merely expired does not end the session; one with a wrong signature is refused', async () => {
    const { auth, clock } = setUp();
    const token = await mint(clock, { sub: 'u1' }, 60_000);
    const first = await auth.authenticate({ token });
    const resumeToken = await auth.issueResumeToken(first.sessionId, first.identity);
    clock.advance(HOUR_MS);
    expect(await auth.authenticate({ token, resumeToken })).toMatchObject({ sessionId: first.sessionId });
    await expect(auth.authenticate({ token })).rejects.toMatchObject({ details: { cause: 'expired' } });
    const wrong = `${token.slice(0, -4)}AAAA`;
    await expect(auth.authenticate({ token: wrong, resumeToken })).rejects.toMatchObject({
      details: { cause: 'bad-signature' },
    });
  });
});
