/**
 * Owns the RTP parameters under which a bot publishes a track: simulcast by rid, as browsers do it.
 * Does not own the streams that follow from them (Sender).
 */
import { ortc, type types } from 'mediasoup-client';
import { nativeRtpCapabilities } from './nativeCapabilities.ts';
import type { EncodingSsrcs } from './Sender.ts';

/** The parameters to tell the server, and the SSRCs to send under. */
export interface SendingParameters {
  readonly rtpParameters: types.RtpParameters;
  readonly ssrcs: readonly EncodingSsrcs[];
}

/** @throws when the server knows none of our codecs. */
export function sendingParameters(
  options: Pick<types.HandlerSendOptions, 'track' | 'streamId' | 'encodings' | 'codec'>,
  getExtended: types.HandlerOptions['getSendExtendedRtpCapabilities'],
  mid: string,
  cname: string,
): SendingParameters {
  const { track, streamId = cname, encodings = [{}], codec } = options;
  const kind = track.kind === 'audio' ? 'audio' : 'video';
  const parameters = ortc.getSendingRtpParameters(kind, getExtended(nativeRtpCapabilities()));
  const codecs = ortc.reduceCodecs(parameters.codecs, codec);
  const hasRtx = codecs.length > 1;
  const ssrcs = encodings.map(() => ({ ssrc: randomSsrc(), rtxSsrc: randomSsrc() }));
  const named = encodings.map((encoding, index): types.RtpEncodingParameters => {
    const { ssrc, rtxSsrc } = ssrcs[index] ?? { ssrc: 0, rtxSsrc: 0 };
    // As browsers: layers of simulcast are told apart by rid, and the receiver learns their SSRCs from the packets.
    if (encodings.length > 1) return { ...encoding, rid: `r${index}`, scalabilityMode: 'L1T3' };
    return { ...encoding, ssrc, ...(hasRtx && { rtx: { ssrc: rtxSsrc } }) };
  });
  return {
    rtpParameters: {
      ...parameters,
      mid,
      msid: `${streamId} ${track.id}`,
      codecs,
      encodings: named,
      rtcp: { cname, reducedSize: true, mux: true },
    },
    ssrcs,
  };
}

/** Not 0, which is no SSRC, nor 1, under which we report. */
const randomSsrc = (): number => 2 + Math.floor(Math.random() * (2 ** 32 - 2));
