/**
 * Owns the decision who a `hello` comes from: the session of a resume token, the bearer of a token, or a guest.
 * Does not own the formats (verifyToken, ResumeTokens) nor live sessions (signaling/SessionRegistry).
 */
import { CallError } from '@parley/protocol';
import type { Clock } from '../clock.ts';
import type { Authenticated, Authenticator, Identity } from '../identity.ts';
import { GUEST_TENANT } from '../room/ports.ts';
import { type DerivedIds, newSessionId } from './ids.ts';
import type { ResumeTokens } from './ResumeTokens.ts';
import { usualGrants, type VerifiedToken, verifyToken } from './verifyToken.ts';

/** However often it is resumed: a session ends this long after it was made. */
const SESSION_LIFETIME_MS = 24 * 3_600_000;

/** The parts that it works with. */
export interface SessionAuthenticatorOptions {
  readonly apiKeys: ReadonlyMap<string, string>;
  readonly guests: boolean;
  readonly ids: DerivedIds;
  readonly resumeTokens: ResumeTokens;
  readonly clock: Clock;
}

/** Authenticates every `hello` of this process. */
export class SessionAuthenticator implements Authenticator {
  readonly #options: SessionAuthenticatorOptions;

  constructor(options: SessionAuthenticatorOptions) {
    this.#options = options;
  }

  async authenticate(credentials: { token?: string; resumeToken?: string }): Promise<Authenticated> {
    const { apiKeys, guests, resumeTokens, clock } = this.#options;
    const nowMs = clock.now();
    const resumed =
      credentials.resumeToken === undefined
        ? undefined
        : await resumeTokens.verify(credentials.resumeToken, nowMs);
    // A key that was taken out of the settings, or guests that are no longer let in, end their sessions too.
    const mayResume = resumed && (resumed.identity.guest ? guests : apiKeys.has(resumed.identity.tenant));
    if (credentials.token === undefined) {
      if (mayResume) return { ...resumed, resumed: true };
      if (!guests) {
        throw new CallError('unauthenticated', 'This server needs a token', {
          details: { cause: 'missing' },
        });
      }
      return this.#newGuest(nowMs);
    }
    let token: VerifiedToken;
    try {
      token = await verifyToken(credentials.token, apiKeys, nowMs);
    } catch (error) {
      // A page keeps the token that it was opened with: it may well expire in a call that goes on.
      if (mayResume && isExpiry(error)) return { ...resumed, resumed: true };
      throw error;
    }
    if (mayResume && isSamePerson(resumed.identity, token)) {
      const { sessionEndsAtMs } = resumed.identity;
      return {
        sessionId: resumed.sessionId,
        resumed: true,
        identity: identityOf(token, sessionEndsAtMs),
      };
    }
    return {
      sessionId: newSessionId(),
      resumed: false,
      identity: identityOf(token, nowMs + SESSION_LIFETIME_MS),
    };
  }

  issueResumeToken(sessionId: string, identity: Identity): Promise<string> {
    return this.#options.resumeTokens.issue(sessionId, identity);
  }

  #newGuest(nowMs: number): Authenticated {
    const sessionId = newSessionId();
    return {
      sessionId,
      resumed: false,
      identity: {
        tenant: GUEST_TENANT,
        userId: this.#options.ids.guestUserId(sessionId),
        role: 'speaker',
        grants: usualGrants('speaker'),
        guest: true,
        sessionEndsAtMs: nowMs + SESSION_LIFETIME_MS,
      },
    };
  }
}

const isExpiry = (error: unknown): boolean =>
  error instanceof CallError && error.details?.cause === 'expired';

/** Another room is another session: its seat must not move. */
const isSamePerson = (identity: Identity, token: VerifiedToken): boolean =>
  identity.tenant === token.tenant && identity.userId === token.userId && identity.roomId === token.roomId;

const identityOf = (token: VerifiedToken, sessionEndsAtMs: number): Identity => ({
  tenant: token.tenant,
  userId: token.userId,
  ...(token.displayName !== undefined && { displayName: token.displayName }),
  ...(token.roomId !== undefined && { roomId: token.roomId }),
  role: token.role,
  grants: token.grants,
  ...(token.videoCodecs !== undefined && { videoCodecs: token.videoCodecs }),
  guest: false,
  tokenExpiresAtMs: token.expiresAtMs,
  sessionEndsAtMs,
});
