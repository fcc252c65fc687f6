/**
 * Owns tokens as an integrator's server mints them.
 * Does not own their verification.
 */
import { SignJWT } from 'jose';

/** The API key of tests; its secret has the 32 bytes that settings ask for. */
export const testKey = { key: 'acme', secret: 'a-secret-of-tests-with-32-bytes!' };

/** Mints a token. `expiresInS` 0 leaves `exp` out. */
export function mintToken(
  claims: Record<string, unknown>,
  options: { key?: string; secret?: string; expiresInS?: number } = {},
): Promise<string> {
  const { key = testKey.key, secret = testKey.secret, expiresInS = 3600 } = options;
  const token = new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setIssuer(key);
  if (expiresInS !== 0) token.setExpirationTime(Math.floor(Date.now() / 1000) + expiresInS);
  return token.sign(new TextEncoder().encode(secret));
}
