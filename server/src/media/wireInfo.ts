/**
 * Owns how transports and consumers are described to their client. Does not own them.
 */
import { type ConsumerInfo, RtpParameters, type TransportInfo } from '@parley/protocol';
import type { types } from 'mediasoup';
import type { Publication } from './seatModel.ts';

/** Everything a client needs to connect; `transportId` is ours, mediasoup's own id stays inside. */
export function transportInfo(transportId: string, transport: types.WebRtcTransport): TransportInfo {
  const { iceParameters, dtlsParameters } = transport;
  // Several interfaces behind one announced address give the same candidate several times.
  const candidates = new Map(
    transport.iceCandidates
      .toReversed()
      .map((candidate) => [`${candidate.protocol} ${candidate.address} ${candidate.port}`, candidate]),
  );
  return { transportId, iceParameters, dtlsParameters, iceCandidates: [...candidates.values()].toReversed() };
}

/** What a client needs to receive a consumer. */
export const consumerInfo = (publication: Publication, consumer: types.Consumer): ConsumerInfo => ({
  consumerId: consumer.id,
  publicationId: publication.id,
  peerId: publication.seat.peer.peerId,
  source: publication.source,
  generation: publication.generation,
  kind: consumer.kind,
  rtpParameters: RtpParameters.parse(consumer.rtpParameters),
});
