/**
 * Owns the requests about a seat's transports.
 * Does not own transports: the media plane looks ids up among what the seat owns.
 */
import { CallError } from '@parley/protocol';
import { assertGranted, type HandlersOf } from './types.ts';

/** Requests about transports. */
export const transportHandlers: HandlersOf<'createTransport' | 'connectTransport' | 'restartIce'> = {
  createTransport({ session, services, requestId }, { direction, rtpCapabilities }) {
    const { seat } = session.liveSeat();
    const { grants } = session.identity;
    if (direction === 'send') assertGranted(grants.publish.length > 0, 'publish');
    else {
      assertGranted(grants.subscribe, 'subscribe');
      if (!rtpCapabilities) {
        throw new CallError('invalid-request', 'Required to receive', {
          details: { path: 'data.rtpCapabilities' },
        });
      }
    }
    const transportId = services.ids.transportId(session.id, requestId);
    return services.seatMedia.createTransport(seat, {
      transportId,
      direction,
      ...(rtpCapabilities && { rtpCapabilities }),
    });
  },

  async connectTransport({ session, services }, { transportId, dtlsParameters }) {
    await services.seatMedia.connectTransport(session.liveSeat().seat, transportId, dtlsParameters);
    return {};
  },

  async restartIce({ session, services }, { transportId }) {
    return { iceParameters: await services.seatMedia.restartIce(session.liveSeat().seat, transportId) };
  },
};
