/**
 * Owns the requests about what a seat publishes.
 * Does not own publications (room log) nor producers (media plane).
 */
import { assertGranted, blaming, type HandlersOf } from './types.ts';

/** Requests about own publications. */
export const publicationHandlers: HandlersOf<'publish' | 'unpublish' | 'setMuted'> = {
  publish({ session, services }, data) {
    const { seat } = session.liveSeat();
    assertGranted(session.identity.grants.publish.includes(data.source), `publish ${data.source}`);
    const published = services.seatMedia.publish(seat, data);
    return blaming('data.rtpParameters', published);
  },

  async unpublish({ session, services }, { source }) {
    await services.seatMedia.unpublish(session.liveSeat().seat, source);
    return {};
  },

  async setMuted({ session, services }, { source, muted }) {
    await services.seatMedia.setMuted(session.liveSeat().seat, source, muted);
    return {};
  },
};
