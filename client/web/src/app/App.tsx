/**
 * Owns which page is shown for the address. Does not own the pages.
 */

import { StartPage } from '../start/StartPage.tsx';
import type { EntryToken } from './entryToken.ts';
import { MessagePage } from './MessagePage.tsx';
import { RoomPage } from './RoomPage.tsx';
import { routeOf, usePathname } from './route.ts';

/** The app: one page per address. */
export function App({ entryToken }: { entryToken: EntryToken | undefined }) {
  const route = routeOf(usePathname());
  switch (route.page) {
    case 'start':
      return <StartPage />;
    case 'room':
      return <RoomPage key={route.roomId} roomId={route.roomId} entryToken={entryToken} />;
    case 'invalidRoom':
    case 'notFound':
      return <MessagePage kind={route.page} />;
  }
}
