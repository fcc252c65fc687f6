/**
 * Owns the quality reports that a page sends, as seen on its sockets. Does not own what becomes of them.
 */
import type { Page } from 'playwright-core';

/** The part of a report that tests look at. */
export interface SeenReport {
  readonly phases: Readonly<Record<string, number>>;
  readonly sendPath?: string;
  readonly recvPath?: string;
  readonly trouble?: string;
}

/** Reports as they are sent from now on; sockets that are open already are not seen. */
export function watchReports(page: Page): readonly SeenReport[] {
  const reports: SeenReport[] = [];
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => {
      const frame = JSON.parse(payload.toString());
      if (frame.name === 'reportQuality') reports.push(frame.data);
    });
  });
  return reports;
}
