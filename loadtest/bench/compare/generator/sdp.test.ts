import { describe, expect, it } from 'vitest';
import { offeredStreams, pathSdp, publisherOffer, readPath, receiverAnswer } from './sdp.ts';

const path = {
  usernameFragment: 'ours',
  password: 'secret',
  fingerprint: 'AB:CD',
  setup: 'passive',
  candidates: ['a=candidate:1 1 udp 5 10.0.0.2 4000 typ host'],
};

const offer = [
  'v=0',
  'o=- 1 1 IN IP4 10.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=sendonly',
  'a=mid:0',
  'a=rtpmap:111 opus/48000/2',
  'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'a=ssrc:1000 cname:janus',
  'a=ice-ufrag:theirs',
  'a=ice-pwd:hidden',
  'a=fingerprint:sha-256 12:34',
  'a=setup:actpass',
  'a=candidate:1 1 udp 9 10.0.0.1 5000 typ host',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97',
  'a=sendonly',
  'a=mid:1',
  'a=rtpmap:96 VP8/90000',
  'a=ssrc-group:FID 2000 2001',
  'a=ssrc:2000 cname:janus',
  'a=ssrc:2001 cname:janus',
  'a=candidate:1 1 udp 9 10.0.0.1 5000 typ host',
  '',
].join('\r\n');

describe('SDP for Janus', () => {
  it('reads where the other side is, each candidate once', () => {
    expect(readPath(offer)).toEqual({
      usernameFragment: 'theirs',
      password: 'hidden',
      fingerprint: '12:34',
      setup: 'actpass',
      candidates: ['a=candidate:1 1 udp 9 10.0.0.1 5000 typ host'],
    });
    expect(() => readPath('v=0')).toThrow('ice-ufrag');
  });

  it('writes a path that it reads again', () => {
    expect(readPath(pathSdp(path, '0'))).toEqual(path);
  });

  it('reads which streams are offered', () => {
    expect(offeredStreams(offer)).toEqual([
      { kind: 'audio', ssrc: 1000, rtxSsrc: undefined, clockRate: 48_000, transportSequenceId: 3 },
      { kind: 'video', ssrc: 2000, rtxSsrc: 2001, clockRate: 90_000, transportSequenceId: undefined },
    ]);
  });

  it('answers every m-line, to receive, with our side instead of theirs', () => {
    const answer = receiverAnswer(offer, path);
    expect(answer.match(/^m=/gm)).toHaveLength(2);
    expect(answer.match(/^a=recvonly/gm)).toHaveLength(2);
    expect(answer).not.toMatch(/sendonly|theirs|hidden|ssrc|10\.0\.0\.1 5000/);
    expect(readPath(answer)).toEqual(path);
  });

  it('offers simulcast by rid, best layer first, and single streams by SSRC', () => {
    const written = publisherOffer(
      [
        {
          mid: '0',
          codecs: [
            {
              mimeType: 'audio/opus',
              payloadType: 111,
              clockRate: 48_000,
              channels: 2,
              parameters: { useinbandfec: 1 },
            },
          ],
          encodings: [{ ssrc: 77 }],
        },
        {
          mid: '1',
          codecs: [
            {
              mimeType: 'video/VP8',
              payloadType: 96,
              clockRate: 90_000,
              rtcpFeedback: [{ type: 'nack', parameter: 'pli' }],
            },
          ],
          headerExtensions: [{ id: 10, uri: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id' }],
          encodings: [{ rid: 'r0' }, { rid: 'r1' }, { rid: 'r2' }],
        },
      ],
      path,
    );
    expect(written).toContain('a=group:BUNDLE 0 1');
    expect(written).toContain('a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1');
    expect(written).toContain('a=ssrc:77 ');
    expect(written).toContain('a=rtcp-fb:96 nack pli');
    expect(written).toContain('a=simulcast:send r2;r1;r0');
  });
});
