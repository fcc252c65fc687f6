/**
 * Owns the request by which a client tells what it measured.
 * Does not own what becomes of it (quality/).
 */
import type { HandlersOf } from './types.ts';

/** Requests about quality. */
export const qualityHandlers: HandlersOf<'reportQuality'> = {
  async reportQuality({ session, services, liveSeat }, report) {
    await services.quality.report(liveSeat().seat, session.identity.userId, report);
    return {};
  },
};
