/**
 * Owns the requests about what a seat receives.
 * Does not own consumers: the media plane looks ids up among what the seat owns.
 */
import { assertGranted, type HandlersOf } from './types.ts';

/** Requests about subscriptions. */
export const subscriptionHandlers: HandlersOf<'subscribe' | 'unsubscribe' | 'setConsumersPaused'> = {
  subscribe({ session, services }, { transportId, publicationIds }) {
    const { seat } = session.liveSeat();
    assertGranted(session.identity.grants.subscribe, 'subscribe');
    return services.seatMedia.subscribe(seat, transportId, publicationIds);
  },

  async unsubscribe({ session, services }, { consumerIds }) {
    await services.seatMedia.unsubscribe(session.liveSeat().seat, consumerIds);
    return {};
  },

  async setConsumersPaused({ session, services }, { consumerIds, paused }) {
    await services.seatMedia.setConsumersPaused(session.liveSeat().seat, consumerIds, paused);
    return {};
  },
};
