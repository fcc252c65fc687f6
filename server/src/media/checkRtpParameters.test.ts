/** Tests: which RTP parameters are refused before mediasoup sees them. */
import type { RtpParameters } from '@parley/protocol';
import { expect, test } from 'vitest';
import { checkRtpParameters, streamsCollide } from './checkRtpParameters.ts';

const vp8 = { mimeType: 'video/VP8', payloadType: 96, clockRate: 90000 };
const rtx = { mimeType: 'video/rtx', payloadType: 97, clockRate: 90000, parameters: { apt: 96 } };
const camera = (change: Partial<RtpParameters> = {}): RtpParameters => ({
  mid: '0',
  codecs: [vp8, rtx],
  headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 1 }],
  encodings: [{ ssrc: 1, rtx: { ssrc: 2 } }],
  ...change,
});
const refusal = (parameters: RtpParameters, kind: 'audio' | 'video' = 'video') => {
  try {
    checkRtpParameters(kind, parameters);
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid-request' });
    return error instanceof Error ? error.message : undefined;
  }
};

test.each([
  ['one encoding', camera()],
  ['simulcast by rid', camera({ encodings: [{ rid: 'q' }, { rid: 'h' }, { rid: 'f' }] })],
  [
    'simulcast with temporal layers',
    camera({
      encodings: [
        { ssrc: 1, scalabilityMode: 'L1T3' },
        { ssrc: 3, scalabilityMode: 'L1T3' },
      ],
    }),
  ],
  [
    'SVC',
    camera({
      codecs: [{ ...vp8, mimeType: 'video/VP9' }],
      encodings: [{ ssrc: 1, scalabilityMode: 'L3T3_KEY' }],
    }),
  ],
  ['no encodings', camera({ encodings: undefined })],
])('what browsers send passes: %s', (_, parameters) => {
  expect(refusal(parameters)).toBeUndefined();
});

test.each<[string, RtpParameters]>([
  ['payloadType is given twice', camera({ codecs: [vp8, { ...rtx, payloadType: 96 }] })],
  ['one media codec', camera({ codecs: [rtx] })],
  ['one media codec', camera({ codecs: [vp8, { ...vp8, payloadType: 98 }] })],
  ['one media codec', camera({ codecs: [vp8, rtx, { ...rtx, payloadType: 98 }] })],
  [
    'header extension id',
    camera({
      headerExtensions: [
        { uri: 'urn:3gpp:video-orientation', id: 3 },
        { uri: 'urn:ietf:params:rtp-hdrext:toffset', id: 3 },
      ],
    }),
  ],
  [
    'header extension uri',
    camera({
      headerExtensions: [
        { uri: 'urn:3gpp:video-orientation', id: 3 },
        { uri: 'urn:3gpp:video-orientation', id: 4 },
      ],
    }),
  ],
  ['ssrc is given twice', camera({ encodings: [{ ssrc: 1, rtx: { ssrc: 1 } }] })],
  ['rid is given twice', camera({ encodings: [{ rid: 'a' }, { rid: 'a' }] })],
  ['ssrc must not be 0', camera({ encodings: [{ ssrc: 0 }] })],
  ['codecPayloadType', camera({ encodings: [{ ssrc: 1, codecPayloadType: 97 }] })],
  ['scalabilityMode', camera({ encodings: [{ ssrc: 1, scalabilityMode: 'L9T9' }] })],
  ['scalabilityMode', camera({ encodings: [{ ssrc: 1, scalabilityMode: 'L1T3 and more' }] })],
  ['spatial layers', camera({ encodings: [{ ssrc: 1, scalabilityMode: 'L3T3' }] })],
])('refused with "%s"', (message, parameters) => {
  expect(refusal(parameters)).toContain(message);
});

test('a codec of the other kind is refused', () => {
  expect(refusal(camera(), 'audio')).toContain('is no audio codec');
});

test('senders collide on one transport by mid or by any SSRC, RTX included', () => {
  expect(streamsCollide(camera(), camera({ encodings: [{ ssrc: 7 }] }))).toBe(true);
  expect(streamsCollide(camera(), camera({ mid: '1', encodings: [{ ssrc: 2 }] }))).toBe(true);
  expect(streamsCollide(camera(), camera({ mid: '1', encodings: [{ ssrc: 7 }] }))).toBe(false);
  expect(streamsCollide(camera({ mid: undefined }), camera({ mid: undefined, encodings: [{}] }))).toBe(false);
});
