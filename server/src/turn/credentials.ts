/**
 * Owns the ICE servers that a joining peer gets, with time-limited TURN credentials (draft-uberti-behave-turn-rest-00).
 * Does not own the TURN server: turn/ generates its configuration from the same settings.
 */
import { createHmac } from 'node:crypto';
import type { IceServer } from '@parley/protocol';
import type { Config } from '../config.ts';

/**
 * How long a credential may open allocations. coturn checks the time when an allocation is made, not when it is refreshed, so
 * a call outlives it; what needs a fresh one is an allocation on a new network path (ICE restart). An hour keeps most of
 * those working even where the client did not fetch new credentials first, and the peers that a credential can reach are the media nodes
 * only.
 */
export const TURN_CREDENTIAL_TTL_S = 3600;

/** `username` and `credential` as coturn's `use-auth-secret` expects them: HMAC-SHA1, because that is what the draft names. */
export function turnCredentials(
  secret: string,
  userId: string,
  expiresAtS: number,
): { username: string; credential: string } {
  const username = `${expiresAtS}:${userId}`;
  return { username, credential: createHmac('sha1', secret).update(username).digest('base64') };
}

/**
 * The ICE servers for one user. `stun:` addresses come without credentials.
 * @param userId the server's own id of the user: coturn counts quotas by it.
 */
export function iceServers(turn: Config['turn'], userId: string, nowMs: number): IceServer[] {
  const stunUrls = turn.urls.filter((url) => url.startsWith('stun:'));
  const turnUrls = turn.urls.filter((url) => !url.startsWith('stun:'));
  const servers: IceServer[] = [];
  if (stunUrls.length > 0) servers.push({ urls: stunUrls });
  if (turnUrls.length > 0 && turn.secret !== undefined) {
    const expiresAtS = Math.floor(nowMs / 1000) + TURN_CREDENTIAL_TTL_S;
    servers.push({ urls: turnUrls, ...turnCredentials(turn.secret, userId, expiresAtS) });
  }
  return servers;
}
