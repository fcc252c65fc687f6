/**
 * Owns the requests about what a seat publishes.
 * Does not own publications (room log) nor producers (media plane).
 */
import { assertGranted, blaming, type HandlersOf } from './types.ts';

/** Requests about own publications. */
export const publicationHandlers: HandlersOf<'publish' | 'unpublish' | 'setMuted' | 'speechBegins'> = {
  publish({ session, services, liveSeat }, data) {
    const { seat } = liveSeat();
    assertGranted(session.identity.grants.publish.includes(data.source), `publish ${data.source}`);
    const published = services.seatMedia.publish(seat, data);
    return blaming('data.rtpParameters', published);
  },

  async unpublish({ services, liveSeat }, { source }) {
    await services.seatMedia.unpublish(liveSeat().seat, source);
    return {};
  },

  async setMuted({ services, liveSeat }, { source, muted }) {
    await services.seatMedia.setMuted(liveSeat().seat, source, muted);
    return {};
  },

  async speechBegins({ services, liveSeat }) {
    await services.seatMedia.speechBegins(liveSeat().seat);
    return {};
  },
};
