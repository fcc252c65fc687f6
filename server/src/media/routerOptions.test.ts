/**
 * What devices cannot be sent, by their capabilities.
 */
import type { RtpCapabilities } from '@parley/protocol';
import { expect, test } from 'vitest';
import { routerRtpCapabilities, undecodableCodecs } from './routerOptions.ts';

const without = (...names: string[]): RtpCapabilities => {
  const { codecs = [], ...rest } = routerRtpCapabilities();
  return { ...rest, codecs: codecs.filter(({ mimeType }) => !names.includes(mimeType)) };
};

test('[CODEC2] a device that can receive everything excludes nothing', () => {
  expect(undecodableCodecs(routerRtpCapabilities())).toEqual([]);
});

test('[CODEC2] a device without a codec, or only with another profile of it, excludes it', () => {
  expect(undecodableCodecs(without('video/AV1', 'video/VP9'))).toEqual(['vp9', 'av1']);
  const { codecs = [] } = routerRtpCapabilities();
  const highProfile = codecs.map((codec) =>
    codec.mimeType === 'video/H264'
      ? { ...codec, parameters: { ...codec.parameters, 'profile-level-id': '640c1f' } }
      : codec,
  );
  expect(undecodableCodecs({ codecs: highProfile })).toEqual(['h264']);
});

test('[CODEC2] VP8 is what is left when nothing else is: it is never excluded', () => {
  expect(undecodableCodecs(without('video/VP8'))).toEqual([]);
  expect(undecodableCodecs({})).toEqual(['vp9', 'h264', 'av1']);
});
