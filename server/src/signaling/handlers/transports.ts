/**
 * Owns the requests about a seat's transports.
 * Does not own transports: the media plane looks ids up among what the seat owns.
 */
import { CallError } from '@parley/protocol';
import { assertGranted, blaming, type HandlersOf } from './types.ts';

/** Requests about transports. */
export const transportHandlers: HandlersOf<'createTransport' | 'connectTransport' | 'restartIce'> = {
  createTransport({ session, services, liveSeat, requestId }, { direction, rtpCapabilities }) {
    const { seat } = liveSeat();
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
    const options = { transportId, direction, ...(rtpCapabilities && { rtpCapabilities }) };
    return blaming('data.rtpCapabilities', services.seatMedia.createTransport(seat, options));
  },

  async connectTransport({ services, liveSeat }, { transportId, dtlsParameters }) {
    const { seat } = liveSeat();
    const connected = services.seatMedia.connectTransport(seat, transportId, dtlsParameters);
    await blaming('data.dtlsParameters', connected);
    return {};
  },

  async restartIce({ session, services, liveSeat }, { transportId }) {
    const iceParameters = await services.seatMedia.restartIce(liveSeat().seat, transportId);
    return { iceParameters, iceServers: services.iceServers(session.identity) };
  },
};
