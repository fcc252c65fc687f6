/**
 * Owns the token in a room's link: taken out of the address before anything else looks at it, kept in memory only.
 * Does not own whether it is valid: the server checks it.
 */

/** What the page does with a token. */
export interface EntryToken {
  readonly token: string;
  /** The name in it, unverified: only to fill in the form. */
  readonly displayName: string | undefined;
}

/**
 * Reads `#token=...` of the current address and removes the fragment from the address and from the history.
 * @returns undefined when there is none.
 */
export function takeEntryToken(): EntryToken | undefined {
  const token = tokenInAddress();
  if (token === null) return undefined;
  history.replaceState(history.state, '', location.pathname + location.search);
  return token === '' ? undefined : { token, displayName: displayNameIn(token) };
}

/** A link with a token, opened in a tab that shows the room already, changes nothing but the fragment: load the page anew with it. */
export function startOverWithToken(): void {
  if (tokenInAddress() !== null) location.reload();
}

const tokenInAddress = (): string | null => new URLSearchParams(location.hash.slice(1)).get('token');

/** The `name` claim of a JWT, without any check; undefined when there is none to be read. */
export function displayNameIn(token: string): string | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const binary = atob(payload.replace(/-/g, '+').replace(/_/g, '/'));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof claims !== 'object' || claims === null || !('name' in claims)) return undefined;
    return typeof claims.name === 'string' ? claims.name : undefined;
  } catch {
    return undefined;
  }
}
