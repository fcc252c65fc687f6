/**
 * Owns which codecs every router relays, and with which parameters. The same for all workers of a deployment.
 * Does not own header extensions: mediasoup offers a fixed list and each client takes what it knows of it.
 */
import { RtpCapabilities, type VideoCodec, videoCodecOf } from '@parley/protocol';
import type { types } from 'mediasoup';
import { ortc } from 'mediasoup';

/**
 * In the order in which a client that does not care picks: VP8 is what every browser encodes cheapest with simulcast.
 * One profile each for VP9 and H264, because a receiver cannot be sent what it did not list.
 */
export const mediaCodecs: types.RouterRtpCodecCapability[] = [
  {
    kind: 'audio',
    mimeType: 'audio/opus',
    clockRate: 48000,
    channels: 2,
    // In-band FEC mends single losses without a round trip; DTX sends next to nothing in silence.
    parameters: { useinbandfec: 1, usedtx: 1 },
  },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90000 },
  { kind: 'video', mimeType: 'video/VP9', clockRate: 90000, parameters: { 'profile-id': 0 } },
  {
    kind: 'video',
    mimeType: 'video/H264',
    clockRate: 90000,
    // Constrained baseline: the one profile that hardware encoders and Safari of any age share.
    parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
  },
  { kind: 'video', mimeType: 'video/AV1', clockRate: 90000 },
];

/** What each router can do, as it is told to clients; needs no worker. */
export const routerRtpCapabilities = (): RtpCapabilities =>
  // mediasoup adds defaults to the list that it is given.
  RtpCapabilities.parse(ortc.generateRouterRtpCapabilities(structuredClone(mediaCodecs)));

/**
 * Which of the router's codecs a receiving device cannot be sent, VP8 aside.
 * @param rtpCapabilities as mediasoup took them ({@link checkRtpCapabilities}).
 */
export function undecodableCodecs(rtpCapabilities: RtpCapabilities): VideoCodec[] {
  const { codecs = [] } = routerRtpCapabilities();
  const device = structuredClone(rtpCapabilities);
  ortc.validateAndNormalizeRtpCapabilities(device);
  return codecs.flatMap(({ preferredPayloadType: payloadType, ...codec }) => {
    const name = videoCodecOf(codec.mimeType);
    if (name === undefined || name === 'vp8') return [];
    // As if somebody published it: profiles count too.
    const published = { codecs: [{ ...codec, payloadType }] };
    return ortc.canConsume(published, device) ? [] : [name];
  });
}
