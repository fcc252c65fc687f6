/**
 * Which codec a publisher takes, in which layers, and what becomes of it when somebody comes who cannot receive it.
 */
import type { VideoCodec } from '@parley/protocol';
import { type FakeHandler, testFakeParameters, type types } from 'mediasoup-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Call } from './Call.ts';
import { produceSettings } from './encodings.ts';
import { FakeServer } from './testing/FakeServer.ts';
import { fakeDevices, fakeTrack } from './testing/fakeMedia.ts';
import { browserEncoders, chooseCodec, type EncoderCheck } from './videoCodecs.ts';

/** Somebody with a camera in a call that begins with an order of codecs. The fake device sends VP8 and VP9. */
async function joinCall(videoCodecs: readonly VideoCodec[], sendsWell?: EncoderCheck) {
  const server = new FakeServer();
  server.videoCodecs = videoCodecs;
  const { devices, handlers } = fakeDevices(sendsWell);
  const call = new Call(
    { url: 'ws://test/ws', roomId: 'room', displayName: 'Ada', micEnabled: false },
    {
      connect: server.connect,
      devices,
      openers: { openDevice: async () => fakeTrack('video'), openScreen: () => Promise.reject(new Error()) },
    },
  );
  const settle = () => server.settle(() => vi.advanceTimersByTimeAsync(0));
  const joined = call.join();
  await settle();
  await joined;
  await settle();
  const published = () =>
    server.seenOf('publish').map(({ data }) => {
      const { codecs, encodings } = data.rtpParameters as types.RtpParameters;
      return {
        mimeType: codecs[0]?.mimeType,
        modes: encodings?.map(({ scalabilityMode }) => scalabilityMode),
      };
    });
  return { call, server, handlers, settle, published };
}

const simulcast = { mimeType: 'video/VP8', modes: ['L1T3', 'L1T3', 'L1T3'] };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a publisher', () => {
  test("[CODEC1] takes the first of the room's codecs that it can send", async () => {
    const { call, published } = await joinCall(['av1', 'vp9', 'vp8']);
    expect(published()).toEqual([{ mimeType: 'video/VP9', modes: ['L3T3_KEY'] }]);
    void call.leave();
  });

  test('[CODEC1] takes the next one where it does not send one well, and VP8 at last', async () => {
    const sendsWell = vi.fn(async () => false);
    const { call, published } = await joinCall(['vp9'], sendsWell);
    expect(sendsWell).toHaveBeenCalledWith('vp9');
    expect(published()).toEqual([simulcast]);
    void call.leave();
  });

  test('[CODEC2] publishes anew what somebody cannot receive; the old picture goes on until the new one stands', async () => {
    const { call, server, handlers, settle, published } = await joinCall(['vp9']);
    const stopped = handlers.map((handler: FakeHandler) => vi.spyOn(handler, 'stopSending'));
    const stops = () => stopped.flatMap(({ mock }) => mock.calls).length;
    server.hold('publish');
    server.command({ type: 'excludeCodecs', codecs: ['vp9'] });
    await settle();
    expect(published()).toEqual([{ mimeType: 'video/VP9', modes: ['L3T3_KEY'] }, simulcast]);
    expect(stops()).toBe(0);
    server.release('publish');
    await settle();
    expect(stops()).toBe(1);
    void call.leave();
  });

  test('[CODEC2] publishes a camera that is off in another codec when it is on again', async () => {
    const { call, server, settle, published } = await joinCall(['vp9']);
    await call.setCameraEnabled(false);
    server.command({ type: 'excludeCodecs', codecs: ['vp9'] });
    await settle();
    expect(published()).toHaveLength(1);
    await call.setCameraEnabled(true);
    await settle();
    expect(published()[1]).toEqual(simulcast);
    void call.leave();
  });
});

describe('layers', () => {
  const modes = (codec: VideoCodec, width: number) =>
    produceSettings('camera', fakeTrack('video', width), codec).encodings?.map(
      ({ scalabilityMode }) => scalabilityMode,
    );

  test('are streams of their own in VP8 and H264, and in one stream in VP9 and AV1', () => {
    for (const codec of ['vp8', 'h264'] as const) {
      expect(modes(codec, 1280)).toEqual(['L1T3', 'L1T3', 'L1T3']);
      expect(modes(codec, 480)).toEqual(['L1T3', 'L1T3']);
    }
    expect(modes('vp9', 1280)).toEqual(['L3T3_KEY']);
    expect(modes('av1', 1280)).toEqual(['L1T3']);
    for (const codec of ['vp8', 'h264', 'vp9', 'av1'] as const) {
      expect(modes(codec, 320)).toEqual([undefined]);
      expect(produceSettings('screen', fakeTrack('video', 1920), codec).encodings).toHaveLength(1);
    }
  });
});

describe('a browser', () => {
  const machine = (more: {
    cores?: number;
    agent?: string;
    info?: Partial<MediaCapabilitiesEncodingInfo>;
  }) => {
    const { cores = 16, agent = 'X11; Linux', info = {} } = more;
    const encodingInfo = vi.fn(async () => ({
      supported: true,
      smooth: true,
      powerEfficient: false,
      ...info,
    }));
    vi.stubGlobal('navigator', {
      hardwareConcurrency: cores,
      userAgent: agent,
      mediaCapabilities: { encodingInfo },
    });
    return { sendsWell: browserEncoders(), encodingInfo };
  };

  test.each<[string, Parameters<typeof machine>[0], VideoCodec[]]>([
    ['with many cores sends all', {}, ['vp9', 'av1', 'h264']],
    ['with few cores saves itself what three layers cost in software', { cores: 6 }, ['vp9', 'h264']],
    ['with two cores too', { cores: 2 }, ['h264']],
    ['on a phone too', { agent: 'Android 16; Mobile' }, ['h264']],
    ['that does not get along saves it too', { info: { smooth: false } }, ['h264']],
    [
      'with a hardware encoder uses it, wherever it runs',
      { cores: 2, agent: 'iPhone', info: { powerEfficient: true } },
      ['vp9', 'av1', 'h264'],
    ],
    ['that makes no layers does not try', { info: { supported: false, powerEfficient: true } }, ['h264']],
  ])('%s', async (_, options, expected) => {
    const { sendsWell } = machine(options);
    const codecs = ['vp9', 'av1', 'h264'] as const;
    const answers = await Promise.all(codecs.map(sendsWell));
    expect(codecs.filter((_codec, at) => answers[at])).toEqual(expected);
  });

  test('is asked about each codec once; one that cannot be asked is not trusted with it', async () => {
    const { sendsWell, encodingInfo } = machine({});
    await Promise.all([sendsWell('vp9'), sendsWell('vp9')]);
    expect(encodingInfo).toHaveBeenCalledTimes(1);
    vi.stubGlobal('navigator', { hardwareConcurrency: 16, userAgent: '' });
    expect(await browserEncoders()('vp9')).toBe(false);
  });
});

test('a device that sends no video chooses nothing', async () => {
  const { codecs = [] } = testFakeParameters.generateNativeRtpCapabilities();
  const audio = { codecs: codecs.filter(({ kind }) => kind === 'audio') };
  expect(await chooseCodec(['vp9'], audio, async () => true)).toBeUndefined();
});
