/**
 * Owns how each source is encoded: simulcast layers, bit rates, Opus options.
 * Does not own capture (openDevices.ts, LocalMedia.ts) nor which layer whom is sent (the server).
 */
import type { Source, VideoCodec } from '@parley/protocol';
import type { types } from 'mediasoup-client';
import { layeredModes } from './videoCodecs.ts';

type Encoding = Pick<types.RtpEncodingParameters, 'scaleResolutionDownBy' | 'maxBitrate' | 'scalabilityMode'>;

const layer = (scaleResolutionDownBy: number, maxBitrate: number): Encoding => ({
  scaleResolutionDownBy,
  maxBitrate,
  scalabilityMode: 'L1T3',
});

/** Layers where a viewer gains by them: below 640 pixels the small ones would be smaller than any tile. */
function cameraEncodings(width: number, codec: VideoCodec): Encoding[] {
  const scalabilityMode = layeredModes[codec];
  const maxBitrate = width >= 1280 ? 1_700_000 : 900_000;
  // All layers in one stream: what simulcast sends twice is sent once.
  if (width >= 640 && scalabilityMode) return [{ scalabilityMode, maxBitrate }];
  if (width >= 640) return [layer(4, 120_000), layer(2, 400_000), layer(1, maxBitrate)];
  if (width >= 480 && !scalabilityMode) return [layer(2, 150_000), layer(1, 500_000)];
  // No scalabilityMode on a single encoding: mediasoup would take temporal layers for SVC, whose first key frame it drops
  // until it has chosen a layer; the next one comes a second later (measured: 1.6 s to the first frame, 0.45 s without).
  return [{ maxBitrate: width >= 480 ? 500_000 : 300_000 }];
}

/** What `produce` needs beside the track. */
export type ProduceSettings = Pick<types.ProducerOptions, 'encodings' | 'codecOptions'>;

/** Settings of a source; `track` decides how many layers a camera gets, the codec in which form (without meaning for sound). */
export function produceSettings(source: Source, track: MediaStreamTrack, codec: VideoCodec): ProduceSettings {
  switch (source) {
    case 'mic':
      return { codecOptions: { opusStereo: false, opusDtx: true, opusFec: true } };
    case 'screenAudio':
      // Music as often as speech: no silence detection, and both channels.
      return {
        codecOptions: { opusStereo: true, opusDtx: false, opusFec: true, opusMaxAverageBitrate: 128_000 },
      };
    case 'camera':
      return {
        encodings: cameraEncodings(track.getSettings().width ?? 1280, codec),
        codecOptions: { videoGoogleStartBitrate: 1000 },
      };
    case 'screen':
      // One full picture: a reader of text gains nothing from a smaller one.
      return { encodings: [{ maxBitrate: 2_500_000 }], codecOptions: { videoGoogleStartBitrate: 1500 } };
  }
}
