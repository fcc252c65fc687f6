/**
 * Owns what a token of an integrator says: HS256 JWTs, checked by signature, times and schema.
 * Does not own sessions, nor what the rights are used for.
 */
import {
  CallError,
  DisplayName,
  Grants,
  Role,
  RoomId,
  type Source,
  sources,
  type VideoCodec,
  VideoCodecs,
} from '@parley/protocol';
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import * as z from 'zod/mini';

/** Two machines' clocks differ by this much at most, in seconds. */
const CLOCK_TOLERANCE_S = 5;

/** The end of the year 9999, in seconds. What lies beyond it is a mistake (milliseconds, for one) or does not survive JSON. */
const LATEST_EXP_S = 253_402_300_799;

const Claims = z.object({
  iss: z.string(),
  sub: z
    .string()
    .check(z.regex(/^[A-Za-z0-9_.:-]{1,64}$/, 'must have 1-64 characters of A-Z a-z 0-9 _ . : -')),
  exp: z.number().check(z.lte(LATEST_EXP_S, 'must be in seconds, before the year 10000')),
  name: z.optional(DisplayName),
  room: z.optional(RoomId),
  role: z.optional(Role),
  grants: z.optional(z.partial(Grants)),
  videoCodecs: z.optional(VideoCodecs),
});

/** What a verified token grants; rights that it leaves out have the role's usual values. */
export interface VerifiedToken {
  readonly tenant: string;
  readonly userId: string;
  readonly displayName: string | undefined;
  readonly roomId: string | undefined;
  readonly role: Role;
  readonly grants: Grants;
  /** The order of preference of a call that begins with this token. */
  readonly videoCodecs: readonly VideoCodec[] | undefined;
  /** Until when it is accepted, the tolerance included. */
  readonly expiresAtMs: number;
}

/** Why a token was refused; `details.cause` of the error. */
export type TokenProblem =
  | 'malformed'
  | 'unknown-key'
  | 'wrong-algorithm'
  | 'bad-signature'
  | 'missing-exp'
  | 'expired'
  | 'not-yet-valid'
  | 'bad-claim';

/**
 * Verifies a token.
 * @param apiKeys key -> secret; the key stands in `iss`.
 * @throws CallError `unauthenticated`, whose `details.cause` is a {@link TokenProblem} (never the token itself).
 */
export async function verifyToken(
  token: string,
  apiKeys: ReadonlyMap<string, string>,
  nowMs: number,
): Promise<VerifiedToken> {
  const payload = await verifySignedClaims(token, apiKeys, nowMs);
  const claims = Claims.safeParse(payload);
  if (!claims.success) {
    const issue = claims.error.issues[0];
    throw refusedToken('bad-claim', `Claim "${issue?.path.join('.')}": ${issue?.message}`);
  }
  const { iss: tenant, sub: userId, exp, name: displayName, room: roomId, videoCodecs } = claims.data;
  const given = claims.data.grants ?? {};
  const asked = claims.data.role ?? 'speaker';
  const moderate = given.moderate ?? asked === 'host';
  // One right, two ways to write it: afterwards a host is who may moderate, and nobody else.
  const role = moderate ? 'host' : asked === 'host' ? 'speaker' : asked;
  const grants = { ...usualGrants(asked), ...given, moderate };
  const expiresAtMs = (exp + CLOCK_TOLERANCE_S) * 1000;
  return { tenant, userId, displayName, roomId, role, grants, videoCodecs, expiresAtMs };
}

/**
 * Verifies who signed, and the times. What the claims mean is the caller's.
 * @throws CallError as {@link verifyToken}.
 */
export async function verifySignedClaims(
  token: string,
  apiKeys: ReadonlyMap<string, string>,
  nowMs: number,
): Promise<JWTPayload> {
  const secret = apiKeys.get(issuerOf(token));
  if (secret === undefined) throw refusedToken('unknown-key', 'The key in "iss" is not one of this server');
  try {
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), {
      algorithms: ['HS256'],
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(nowMs),
    });
    return payload;
  } catch (error) {
    throw toRefusal(error);
  }
}

/** What a role may do when nothing else is said. */
export const usualGrants = (role: Role): Grants => ({
  publish: role === 'viewer' ? ([] satisfies Source[]) : [...sources],
  subscribe: true,
  chat: true,
  moderate: role === 'host',
});

function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch {
    throw refusedToken('malformed', 'This is not a JSON Web Token');
  }
}

function toRefusal(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return refusedToken('expired', 'The token has expired');
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return refusedToken('bad-signature', 'The signature does not fit the secret of this key');
  }
  if (error instanceof errors.JOSEAlgNotAllowed)
    return refusedToken('wrong-algorithm', 'Only HS256 is accepted');
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'exp') return refusedToken('missing-exp', 'The claim "exp" is required, in seconds');
    if (error.claim === 'nbf') return refusedToken('not-yet-valid', 'The token is not valid yet ("nbf")');
    return refusedToken('bad-claim', `Claim "${error.claim}": ${error.reason}`);
  }
  if (error instanceof errors.JOSEError)
    return refusedToken('malformed', 'This is not a signed JSON Web Token');
  return error;
}

/** The refusal of a token, with its cause for developers. */
export const refusedToken = (cause: TokenProblem, message: string): CallError =>
  new CallError('unauthenticated', message, { details: { cause } });
