/**
 * Owns the tokens of bots: minted for each hello, as an integrator's server would.
 * Does not own the key (`--token-key`) nor what a server makes of a token.
 */
import { SignJWT } from 'jose';

/** A key of `PARLEY_API_KEYS`. */
export interface TokenKey {
  readonly key: string;
  readonly secret: string;
}

/** Longer than any socket lives without a new hello. */
const LIFETIME_S = 24 * 3600;

/** Mints tokens; without a key there are none, and bots are guests. */
export function tokenMint(tokenKey: TokenKey | undefined): (identity: string) => Promise<string | undefined> {
  if (!tokenKey) return async () => undefined;
  const secret = new TextEncoder().encode(tokenKey.secret);
  return (identity) =>
    new SignJWT({ name: identity })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(tokenKey.key)
      .setSubject(identity)
      .setExpirationTime(Math.floor(Date.now() / 1000) + LIFETIME_S)
      .sign(secret);
}
