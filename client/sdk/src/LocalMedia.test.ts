/**
 * Owns the tests of microphone, camera and screen: intent and device, refusals, unplugging, races.
 */
import { CallError, type Source } from '@parley/protocol';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { LocalMedia } from './LocalMedia.ts';
import type { DeviceSource } from './openDevices.ts';
import type { LocalSource } from './SendMedia.ts';
import { type FakeTrack, fakeTrack } from './testing/fakeMedia.ts';
import { deviceError } from './toCallError.ts';

type Opened = MediaStreamTrack & FakeTrack;

const may: Source[] = ['mic', 'camera', 'screen', 'screenAudio'];
const rest = async () => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

function setUp() {
  const published = new Map<Source, LocalSource>();
  const opened: Opened[] = [];
  const device = {
    problem: undefined as CallError | undefined,
    /** Set to make opening wait. */
    gate: undefined as Promise<void> | undefined,
  };
  const openDevice = vi.fn(async (source: DeviceSource, _deviceId?: string) => {
    await device.gate;
    if (device.problem) throw device.problem;
    const track = fakeTrack(source === 'mic' ? 'audio' : 'video');
    opened.push(track);
    return track;
  });
  const screen = { screen: fakeTrack('video'), screenAudio: fakeTrack('audio') };
  const openScreen = vi.fn(async () => {
    await device.gate;
    if (device.problem) throw device.problem;
    return screen;
  });
  const local = new LocalMedia(
    {
      changed: () => undefined,
      sourceChanged: (source, next) =>
        next ? void published.set(source, next) : void published.delete(source),
    },
    { openDevice, openScreen },
  );
  return { local, published, opened, device, openDevice, openScreen, screen };
}

/** The browser's `devicechange`. */
let deviceChange: EventTarget;
beforeEach(() => {
  deviceChange = new EventTarget();
  vi.stubGlobal('navigator', { mediaDevices: deviceChange });
});

describe('starting', () => {
  test('uses the tracks of the prejoin instead of opening devices again', async () => {
    const { local, openDevice, published } = setUp();
    const [mic, camera] = [fakeTrack('audio'), fakeTrack('video')];
    local.start({ tracks: { mic, camera } }, may);
    await rest();
    expect(openDevice).not.toHaveBeenCalled();
    expect(published.get('mic')).toEqual({ track: mic, muted: false });
    expect(published.get('camera')).toEqual({ track: camera, muted: false });
  });

  test('gives the microphone of the prejoin back when somebody joins muted', async () => {
    const { local, openDevice, published } = setUp();
    const mic = fakeTrack('audio');
    local.start({ tracks: { mic }, micEnabled: false, cameraEnabled: false }, may);
    await rest();
    expect(openDevice).not.toHaveBeenCalled();
    expect(mic.readyState).toBe('ended');
    expect(published.size).toBe(0);
  });

  test('gives back tracks that may not be published, and opens nothing for them', async () => {
    const { local, openDevice, published } = setUp();
    const camera = fakeTrack('video');
    local.start({ tracks: { camera } }, ['mic']);
    await rest();
    expect(camera.readyState).toBe('ended');
    expect(openDevice.mock.calls.map(([source]) => source)).toEqual(['mic']);
    expect([...published.keys()]).toEqual(['mic']);
  });

  test('goes on without devices and says why', async () => {
    const { local, device, published } = setUp();
    device.problem = new CallError('device-denied', 'no');
    local.start({}, may);
    await rest();
    expect(published.size).toBe(0);
    expect(local.state.mic).toEqual({ enabled: false, busy: false, problem: 'device-denied' });
  });
});

describe('a microphone', () => {
  test('is silent at once when muted, sends nothing, and keeps the device', async () => {
    const { local, published, opened } = setUp();
    await local.setEnabled('mic', true);
    void local.setEnabled('mic', false);
    expect(opened[0]?.enabled).toBe(false);
    expect(opened[0]?.readyState).toBe('live');
    expect(published.get('mic')).toEqual({ track: null, muted: true });
    await local.setEnabled('mic', true);
    expect(opened).toHaveLength(1);
    expect(opened[0]?.enabled).toBe(true);
  });

  test('that is unplugged gives way to the default one', async () => {
    const { local, opened, published, openDevice } = setUp();
    await local.setEnabled('mic', true);
    opened[0]?.end();
    await rest();
    expect(published.get('mic')).toEqual({ track: opened[1], muted: false });
    expect(openDevice).toHaveBeenCalledTimes(2);
  });

  test('that is unplugged without another shows as missing, and is back when it is plugged in', async () => {
    const { local, opened, published, device } = setUp();
    await local.setEnabled('mic', true);
    device.problem = new CallError('device-missing', 'none');
    opened[0]?.end();
    await rest();
    expect(local.state.mic).toEqual({ enabled: false, busy: false, problem: 'device-missing' });
    expect(published.get('mic')).toEqual({ track: null, muted: true });
    device.problem = undefined;
    deviceChange.dispatchEvent(new Event('devicechange'));
    await rest();
    expect(local.state.mic).toEqual({ enabled: true, busy: false, problem: undefined });
  });

  test('that ends while muted is opened only when it is wanted again', async () => {
    const { local, opened, openDevice } = setUp();
    await local.setEnabled('mic', true);
    await local.setEnabled('mic', false);
    opened[0]?.end();
    await rest();
    expect(openDevice).toHaveBeenCalledTimes(1);
    await local.setEnabled('mic', true);
    expect(openDevice).toHaveBeenCalledTimes(2);
  });

  test('that was denied is not asked for again by a device change', async () => {
    const { local, device, openDevice } = setUp();
    device.problem = new CallError('device-denied', 'no');
    await expect(local.setEnabled('mic', true)).rejects.toMatchObject({ code: 'device-denied' });
    deviceChange.dispatchEvent(new Event('devicechange'));
    await rest();
    expect(openDevice).toHaveBeenCalledTimes(1);
  });
});

describe('a camera', () => {
  test('that is turned off lets its light go out; on again it is another track of the same publication', async () => {
    const { local, opened, published } = setUp();
    await local.setEnabled('camera', true);
    await local.setEnabled('camera', false);
    expect(opened[0]?.readyState).toBe('ended');
    expect(published.get('camera')).toEqual({ track: null, muted: true });
    await local.setEnabled('camera', true);
    expect(published.get('camera')).toEqual({ track: opened[1], muted: false });
  });

  test('turned off while it opens is not shown and not left on', async () => {
    const { local, opened, published, device } = setUp();
    const gate = Promise.withResolvers<void>();
    device.gate = gate.promise;
    const on = local.setEnabled('camera', true);
    expect(local.state.camera).toMatchObject({ enabled: true, busy: true });
    await local.setEnabled('camera', false);
    gate.resolve();
    await on;
    expect(opened[0]?.readyState).toBe('ended');
    expect(published.has('camera')).toBe(false);
    expect(local.state.camera).toEqual({ enabled: false, busy: false, problem: undefined });
  });

  test('off and on again while it opens ends up on, opened once', async () => {
    const { local, opened, device } = setUp();
    const gate = Promise.withResolvers<void>();
    device.gate = gate.promise;
    const first = local.setEnabled('camera', true);
    await local.setEnabled('camera', false);
    const second = local.setEnabled('camera', true);
    gate.resolve();
    await Promise.all([first, second]);
    expect(opened).toHaveLength(1);
    expect(opened[0]?.readyState).toBe('live');
  });

  test('another device takes over at once; the first is given back before', async () => {
    const { local, opened, openDevice, published } = setUp();
    await local.setEnabled('camera', true);
    openDevice.mockImplementationOnce(async () => {
      expect(opened[0]?.readyState).toBe('ended');
      const track = fakeTrack('video');
      opened.push(track);
      return track;
    });
    await local.setDevice('camera', 'front');
    expect(openDevice.mock.calls.at(-1)).toEqual(['camera', 'front']);
    expect(published.get('camera')).toEqual({ track: opened[1], muted: false });
  });

  test('a choice made while another is refused wins, and the refusal is not told', async () => {
    const { local, opened, device, openDevice } = setUp();
    const gate = Promise.withResolvers<void>();
    device.gate = gate.promise;
    device.problem = new CallError('device-busy', 'busy');
    const on = local.setEnabled('camera', true);
    const chosen = local.setDevice('camera', 'front');
    openDevice.mockImplementationOnce(async () => {
      const track = fakeTrack('video');
      opened.push(track);
      return track;
    });
    gate.resolve();
    await Promise.all([on, chosen]);
    expect(local.state.camera).toEqual({ enabled: true, busy: false, problem: undefined });
    expect(openDevice.mock.calls.at(-1)).toEqual(['camera', 'front']);
  });

  test('a choice made while another opens wins', async () => {
    const { local, opened, device, openDevice } = setUp();
    const gate = Promise.withResolvers<void>();
    device.gate = gate.promise;
    const on = local.setEnabled('camera', true);
    const chosen = local.setDevice('camera', 'front');
    gate.resolve();
    await Promise.all([on, chosen]);
    expect(openDevice.mock.calls.map(([, deviceId]) => deviceId)).toEqual([undefined, 'front']);
    expect(opened.map(({ readyState }) => readyState)).toEqual(['ended', 'live']);
  });
});

describe('a screen', () => {
  test('is shared with its sound and ends with the browser’s own button', async () => {
    const { local, screen, published } = setUp();
    await local.startScreen();
    expect([...published.keys()]).toEqual(['screen', 'screenAudio']);
    expect(local.state.screen).toBe('on');
    screen.screen.end();
    expect(published.size).toBe(0);
    expect(screen.screenAudio.readyState).toBe('ended');
    expect(local.state.screen).toBe('off');
  });

  test('whose chooser is dismissed rejects and is off', async () => {
    const { local, device } = setUp();
    device.problem = new CallError('device-denied', 'dismissed');
    await expect(local.startScreen()).rejects.toMatchObject({ code: 'device-denied' });
    expect(local.state.screen).toBe('off');
  });

  test('is not chosen twice at a time, and not begun once the call is over', async () => {
    const { local, device, screen, published } = setUp();
    const gate = Promise.withResolvers<void>();
    device.gate = gate.promise;
    const first = local.startScreen();
    expect(local.state.screen).toBe('starting');
    await expect(local.startScreen()).rejects.toMatchObject({ code: 'invalid-state' });
    local.close();
    gate.resolve();
    await expect(first).rejects.toMatchObject({ code: 'invalid-state' });
    expect(screen.screen.readyState).toBe('ended');
    expect(published.size).toBe(0);
  });
});

test('a host’s mute silences the track, a host’s stop gives the device back', async () => {
  const { local, opened, published } = setUp();
  await local.setEnabled('mic', true);
  local.handleMuted('mic');
  expect(opened[0]?.enabled).toBe(false);
  expect(opened[0]?.readyState).toBe('live');
  local.handleStopped('mic');
  expect(opened[0]?.readyState).toBe('ended');
  expect(published.has('mic')).toBe(false);
});

test('parts of the state keep their identity while they do not change', async () => {
  const { local } = setUp();
  await local.setEnabled('mic', true);
  const { camera } = local.state;
  const { mic } = local.media;
  await local.setEnabled('camera', true);
  expect(local.media.mic).toBe(mic);
  await local.setEnabled('mic', false);
  expect(local.state.camera).not.toBe(camera);
});

test.each([
  ['NotAllowedError', 'device-denied'],
  ['NotFoundError', 'device-missing'],
  ['OverconstrainedError', 'device-missing'],
  ['NotReadableError', 'device-busy'],
  ['TypeError', 'unsupported'],
])('the browser’s %s is %s', (name, code) => {
  expect(deviceError(Object.assign(new Error('x'), { name }))).toMatchObject({ code });
});
