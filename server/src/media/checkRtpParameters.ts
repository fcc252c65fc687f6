/**
 * Owns what we demand of a client's RTP parameters and capabilities beyond their shape and before mediasoup sees them.
 * Does not own the shape (protocol/media.ts) nor codec matching (mediasoup).
 */
import type { RtpCapabilities, RtpParameters } from '@parley/protocol';
import { ortc } from 'mediasoup';
import { invalidRequest, toCallError } from './toCallError.ts';

// Up to three spatial and temporal layers, as in W3C WebRTC-SVC. mediasoup accepts up to 99 of each.
const SCALABILITY_MODE = /^[LS]([1-3])T[1-3]h?(?:_KEY(?:_SHIFT)?)?$/;
const RTX = /^(?:audio|video)\/rtx$/i;
// Codecs that can carry several spatial layers in one stream; in others only temporal ones exist.
const SPATIAL_LAYER_CODECS = new Set(['video/vp9', 'video/av1']);

/**
 * Refuses what is well formed and makes no sense. mediasoup lets much of it pass (it trusts the application), and a
 * worker's assertion would end the calls of everybody on it.
 * @throws CallError `invalid-request`.
 */
export function checkRtpParameters(kind: 'audio' | 'video', parameters: RtpParameters): void {
  const { codecs, encodings = [], headerExtensions = [] } = parameters;
  const foreign = codecs.find(({ mimeType }) => !mimeType.toLowerCase().startsWith(`${kind}/`));
  if (foreign) throw invalidRequest(`${foreign.mimeType} is no ${kind} codec`);

  const mediaCodecs = codecs.filter(({ mimeType }) => !RTX.test(mimeType));
  const [codec] = mediaCodecs;
  if (!codec || mediaCodecs.length > 1 || codecs.length > 2) {
    throw invalidRequest('codecs must hold one media codec and at most its RTX codec');
  }
  demandUnique(
    'payloadType',
    codecs.map(({ payloadType }) => payloadType),
  );
  demandUnique(
    'header extension id',
    headerExtensions.map(({ id }) => id),
  );
  demandUnique(
    'header extension uri',
    headerExtensions.map(({ uri }) => uri),
  );

  if (kind === 'audio' && encodings.length > 1) throw invalidRequest('audio has one encoding');
  demandUnique('ssrc', encodings.flatMap(({ ssrc, rtx }) => [ssrc, rtx?.ssrc]).filter(isGiven));
  demandUnique('rid', encodings.map(({ rid }) => rid).filter(isGiven));
  for (const encoding of encodings) {
    if (encoding.ssrc === 0 || encoding.rtx?.ssrc === 0) throw invalidRequest('ssrc must not be 0');
    if (encoding.codecPayloadType !== undefined && encoding.codecPayloadType !== codec.payloadType) {
      throw invalidRequest('codecPayloadType must be that of the media codec');
    }
    if (encoding.scalabilityMode !== undefined) {
      checkScalabilityMode(kind, codec.mimeType, encoding.scalabilityMode);
    }
  }
}

/**
 * Refuses a receiving device's capabilities that mediasoup would refuse later, with every consumer.
 * @throws CallError `invalid-request`.
 */
export function checkRtpCapabilities(rtpCapabilities: RtpCapabilities | undefined): void {
  if (!rtpCapabilities) throw invalidRequest('rtpCapabilities are required to receive');
  try {
    // It fills in defaults as it checks; the caller's object is not ours to change.
    ortc.validateAndNormalizeRtpCapabilities(structuredClone(rtpCapabilities));
  } catch (error) {
    throw toCallError(error, 'invalid-request');
  }
}

function checkScalabilityMode(kind: string, mimeType: string, scalabilityMode: string): void {
  const spatialLayers = SCALABILITY_MODE.exec(scalabilityMode)?.[1];
  if (kind === 'audio' || !spatialLayers) throw invalidRequest('no such scalabilityMode');
  if (spatialLayers !== '1' && !SPATIAL_LAYER_CODECS.has(mimeType.toLowerCase())) {
    throw invalidRequest(`${mimeType} has no spatial layers within one stream`);
  }
}

/**
 * Whether two senders' parameters cannot stand beside each other on one transport: the worker tells streams apart by
 * `mid` and SSRC.
 */
export function streamsCollide(one: RtpParameters, other: RtpParameters): boolean {
  if (one.mid !== undefined && one.mid === other.mid) return true;
  const ssrcs = new Set(ssrcsOf(one));
  return ssrcsOf(other).some((ssrc) => ssrcs.has(ssrc));
}

const ssrcsOf = ({ encodings = [] }: RtpParameters): number[] =>
  encodings.flatMap(({ ssrc, rtx }) => [ssrc, rtx?.ssrc]).filter(isGiven);

const isGiven = <T>(value: T | undefined): value is T => value !== undefined;

function demandUnique(what: string, values: readonly (string | number)[]): void {
  if (new Set(values).size !== values.length) throw invalidRequest(`${what} is given twice`);
}
