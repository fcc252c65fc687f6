/**
 * Owns who may ask the HTTP API: an integrator's server, by a short-lived JWT that its API key signed.
 * Does not own tokens of people in calls (verifyToken).
 */
import { CallError } from '@parley/protocol';
import * as z from 'zod/mini';
import { refusedToken, verifySignedClaims } from './verifyToken.ts';

/** What a token of the API may be for. */
export type ApiScope = 'quality:read';

/** A token that leaks is worth something for this long at most, in seconds; two clocks may differ by a few of them. */
const MAX_LIFETIME_S = 3_600 + 5;

const Claims = z.object({ iss: z.string(), exp: z.number(), scope: z.string().check(z.maxLength(512)) });

/**
 * Verifies a token of the API.
 * @param token as in `Authorization: Bearer <token>`.
 * @returns whose API it is.
 * @throws CallError `unauthenticated` as verifyToken does, `forbidden` when it is not for this scope.
 */
export async function verifyApiToken(
  token: string,
  scope: ApiScope,
  apiKeys: ReadonlyMap<string, string>,
  nowMs: number,
): Promise<{ tenant: string }> {
  const payload = await verifySignedClaims(token, apiKeys, nowMs);
  const claims = Claims.safeParse(payload);
  // Above all the tokens of people in calls, which their pages know: they have no scope.
  if (!claims.success || !claims.data.scope.split(' ').includes(scope)) {
    throw new CallError('forbidden', `The token is not for "${scope}"`, { details: { scope } });
  }
  const { iss: tenant, exp } = claims.data;
  if (exp - nowMs / 1000 > MAX_LIFETIME_S) {
    throw refusedToken('bad-claim', 'Claim "exp": at most an hour from now');
  }
  return { tenant };
}
