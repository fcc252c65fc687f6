/**
 * Owns the requests about what a seat receives.
 * Does not own consumers: the media plane looks ids up among what the seat owns.
 */
import { assertGranted, type HandlersOf } from './types.ts';

/** Requests about subscriptions. */
export const subscriptionHandlers: HandlersOf<
  'subscribe' | 'unsubscribe' | 'setConsumersPaused' | 'setView'
> = {
  subscribe({ session, services, liveSeat }, { transportId, publicationIds }) {
    const { seat } = liveSeat();
    assertGranted(session.identity.grants.subscribe, 'subscribe');
    return services.seatMedia.subscribe(seat, transportId, publicationIds);
  },

  async unsubscribe({ services, liveSeat }, { consumerIds }) {
    await services.seatMedia.unsubscribe(liveSeat().seat, consumerIds);
    return {};
  },

  async setConsumersPaused({ services, liveSeat }, { consumerIds, paused }) {
    await services.seatMedia.setConsumersPaused(liveSeat().seat, consumerIds, paused);
    return {};
  },

  async setView({ session, services, liveSeat }, { publications }) {
    const { seat } = liveSeat();
    assertGranted(session.identity.grants.subscribe, 'subscribe');
    return { unknown: await services.seatMedia.setView(seat, publications) };
  },
};
