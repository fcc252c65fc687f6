/**
 * Owns which page an address means, and how to get to another one without a reload.
 * Does not own what the pages show.
 */
import { ROOM_ID_PATTERN } from '@parley/client';
import { useSyncExternalStore } from 'react';

/** The pages of the app. */
export type Route =
  | { readonly page: 'start' }
  | { readonly page: 'room'; readonly roomId: string }
  | { readonly page: 'invalidRoom' }
  | { readonly page: 'notFound' };

/** The page that a path means. Room names are compared in NFC, as the server does. */
export function routeOf(pathname: string): Route {
  if (pathname === '/') return { page: 'start' };
  const encoded = /^\/r\/([^/]+)\/?$/.exec(pathname)?.[1];
  if (encoded === undefined) return { page: 'notFound' };
  try {
    const roomId = decodeURIComponent(encoded).normalize('NFC');
    return ROOM_ID_PATTERN.test(roomId) ? { page: 'room', roomId } : { page: 'invalidRoom' };
  } catch {
    return { page: 'invalidRoom' };
  }
}

/** The path of a room's page. */
export const roomPath = (roomId: string): string => `/r/${encodeURIComponent(roomId)}`;

/** The link to a room, to be sent to others. */
export const roomUrl = (roomId: string): string => new URL(roomPath(roomId), location.origin).href;

/** Goes to another page of the app. */
export function navigate(path: string): void {
  history.pushState(null, '', path);
  dispatchEvent(new PopStateEvent('popstate'));
}

function subscribe(listener: () => void): () => void {
  addEventListener('popstate', listener);
  return () => removeEventListener('popstate', listener);
}

/** The current path; renders again when it changes. */
export const usePathname = (): string => useSyncExternalStore(subscribe, () => location.pathname);
