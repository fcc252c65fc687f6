/**
 * Owns where a session waits while its page is away: sessionStorage, only while the tab is hidden or unloading. A reload finds it and
 * takes its seat back; a tab duplicated from a visible one finds nothing and gets a seat of its own.
 * Does not own when pages come and go (pageLifecycle.ts).
 */

/** The signaling address of the server that the page came from. */
export const defaultUrl = (): string => {
  const url = new URL('/ws', globalThis.location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
};

const keyOf = (url: string, roomId: string): string => `parley.session ${url} ${roomId}`;

// Storage throws where the person forbids it and in sandboxed frames: then a reload is simply a new seat.
function attempt<T>(use: (storage: Storage) => T): T | undefined {
  try {
    return use(globalThis.sessionStorage);
  } catch {
    return undefined;
  }
}

/** Whether a session of this tab waits for this room: then joining again is going on with a call (the page was reloaded). */
export const hasStoredSession = (roomId: string, url: string = defaultUrl()): boolean =>
  (attempt((storage) => storage.getItem(keyOf(url, roomId))) ?? null) !== null;

/** Takes the waiting session's resume token out, if there is one. */
export function takeStoredSession(url: string, roomId: string): string | undefined {
  return attempt((storage) => {
    const token = storage.getItem(keyOf(url, roomId));
    storage.removeItem(keyOf(url, roomId));
    return token ?? undefined;
  });
}

/** Leaves the session where the next page of this tab finds it. */
export function storeSession(url: string, roomId: string, resumeToken: string): void {
  attempt((storage) => storage.setItem(keyOf(url, roomId), resumeToken));
}
