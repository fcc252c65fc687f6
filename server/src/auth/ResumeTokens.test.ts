/**
 * Resume tokens: what the signature alone does not say.
 */
import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import type { Identity } from '../identity.ts';
import { ResumeTokens } from './ResumeTokens.ts';
import { usualGrants } from './verifyToken.ts';

const key = Buffer.alloc(32, 7);
const nowMs = 1_700_000_000_000;
const identity: Identity = {
  tenant: 'default',
  userId: 'guest-1',
  role: 'speaker',
  grants: usualGrants('speaker'),
  guest: true,
  sessionEndsAtMs: nowMs + 60_000,
};
const resumeTokens = new ResumeTokens(key);

/** The same claims under the same key, signed for something else. */
const sign = (audience: string | undefined) => {
  const token = new SignJWT({ sid: 's_1', ...identity })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(nowMs / 1000 + 60);
  if (audience !== undefined) token.setAudience(audience);
  return token.sign(key);
};

test('[RESUME9] what was signed with the same key for another purpose is no resume token', async () => {
  const issued = await resumeTokens.issue('s_1', identity);
  expect(await resumeTokens.verify(issued, nowMs)).toEqual({ sessionId: 's_1', identity });
  for (const audience of [undefined, 'something-else']) {
    expect(await resumeTokens.verify(await sign(audience), nowMs)).toBeUndefined();
  }
  // The only difference is the audience.
  expect(await resumeTokens.verify(await sign('parley-resume'), nowMs)).toMatchObject({ sessionId: 's_1' });
});

test('[RESUME9] ends with its session', async () => {
  const issued = await resumeTokens.issue('s_1', identity);
  expect(await resumeTokens.verify(issued, identity.sessionEndsAtMs)).toBeUndefined();
});
