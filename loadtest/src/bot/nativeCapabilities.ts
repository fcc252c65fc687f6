/**
 * Owns what a bot says that it can send and receive: what a browser says, less all codecs but Opus and VP8.
 * Does not own how it does that (rtp/).
 */
import type { types } from 'mediasoup-client';
import { extensionUris } from './rtp/rtpHeader.ts';

const headerExtension = (
  kind: 'audio' | 'video',
  uri: keyof typeof extensionUris,
  preferredId: number,
): types.RtpHeaderExtension => ({ kind, uri: extensionUris[uri], preferredId });

/** Fresh objects each time: mediasoup-client writes into what it gets. */
export function nativeRtpCapabilities(): types.RtpCapabilities {
  return {
    codecs: [
      {
        kind: 'audio',
        mimeType: 'audio/opus',
        preferredPayloadType: 111,
        clockRate: 48_000,
        channels: 2,
        parameters: { minptime: 10, useinbandfec: 1 },
        rtcpFeedback: [{ type: 'transport-cc' }, { type: 'nack' }],
      },
      {
        kind: 'video',
        mimeType: 'video/VP8',
        preferredPayloadType: 96,
        clockRate: 90_000,
        rtcpFeedback: [
          { type: 'transport-cc' },
          { type: 'ccm', parameter: 'fir' },
          { type: 'nack' },
          { type: 'nack', parameter: 'pli' },
        ],
      },
      {
        kind: 'video',
        mimeType: 'video/rtx',
        preferredPayloadType: 97,
        clockRate: 90_000,
        parameters: { apt: 96 },
      },
    ],
    headerExtensions: [
      headerExtension('audio', 'audioLevel', 1),
      headerExtension('audio', 'absSendTime', 2),
      headerExtension('audio', 'transportSequence', 3),
      headerExtension('audio', 'mid', 4),
      headerExtension('video', 'absSendTime', 2),
      headerExtension('video', 'transportSequence', 3),
      headerExtension('video', 'mid', 4),
      headerExtension('video', 'rid', 10),
      headerExtension('video', 'repairedRid', 11),
    ],
  };
}
