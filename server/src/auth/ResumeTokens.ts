/**
 * Owns resume tokens: a session written down and signed with a key of the deployment, so that any process can go on with it.
 * Does not own whether the session may still go on (SessionAuthenticator).
 */
import { Grants, Id, Role, RoomId, VideoCodecs } from '@parley/protocol';
import { jwtVerify, SignJWT } from 'jose';
import * as z from 'zod/mini';
import type { Identity } from '../identity.ts';

/** Keeps these apart from anything else that might be signed with the same key one day. */
const AUDIENCE = 'parley-resume';

const Claims = z.object({
  sid: Id,
  tenant: Id,
  userId: Id,
  displayName: z.optional(z.string()),
  roomId: z.optional(RoomId),
  role: Role,
  grants: Grants,
  videoCodecs: z.optional(VideoCodecs),
  guest: z.boolean(),
  tokenExpiresAtMs: z.optional(z.number()),
  sessionEndsAtMs: z.number(),
});

/** Signs and verifies resume tokens. */
export class ResumeTokens {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /**
   * A token for a session, valid until the session ends: a socket that drops late in a long call must come back as who it was,
   * and the last `hello` may have been hours ago.
   */
  issue(sessionId: string, identity: Identity): Promise<string> {
    return new SignJWT({ sid: sessionId, ...identity })
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience(AUDIENCE)
      .setExpirationTime(Math.floor(identity.sessionEndsAtMs / 1000))
      .sign(this.#key);
  }

  /** What a token says; undefined when it is not ours, or no longer valid. */
  async verify(
    token: string,
    nowMs: number,
  ): Promise<{ readonly sessionId: string; readonly identity: Identity } | undefined> {
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: ['HS256'],
        audience: AUDIENCE,
        requiredClaims: ['exp'],
        currentDate: new Date(nowMs),
      });
      const { sid: sessionId, ...identity } = Claims.parse(payload);
      return { sessionId, identity };
    } catch {
      // Whatever is wrong with it: the session starts anew, from the token or as a guest.
      return undefined;
    }
  }
}
