/**
 * Owns how a WebRtcTransport is described to its client. Does not own the transport.
 */
import type { TransportInfo } from '@parley/protocol';
import type { types } from 'mediasoup';

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
