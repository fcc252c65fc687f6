/**
 * Owns the tests of what a prejoin uses: device lists, previews and their causes.
 */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { listDevices, openPreview } from './devices.ts';
import { openDevice, openScreen } from './openDevices.ts';
import { fakeTrack } from './testing/fakeMedia.ts';

const named = (name: string): Error => Object.assign(new Error(name), { name });

/** A browser whose devices open or fail by kind. */
function stubDevices(failing: { audio?: string; video?: string } = {}) {
  const asked: MediaStreamConstraints[] = [];
  const getUserMedia = vi.fn(async (constraints: MediaStreamConstraints) => {
    asked.push(constraints);
    const kinds = (['audio', 'video'] as const).filter((kind) => constraints[kind]);
    for (const kind of kinds) if (failing[kind]) throw named(failing[kind]);
    const tracks = kinds.map((kind) => fakeTrack(kind));
    return {
      getTracks: () => tracks,
      getAudioTracks: () => tracks.filter(({ kind }) => kind === 'audio'),
      getVideoTracks: () => tracks.filter(({ kind }) => kind === 'video'),
    };
  });
  const enumerateDevices = async () => [
    { kind: 'audioinput', deviceId: 'm', label: 'Mic' },
    { kind: 'videoinput', deviceId: '', label: '' },
    { kind: 'audiooutput', deviceId: 's', label: 'Speaker' },
  ];
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia, enumerateDevices } });
  return { asked };
}

afterEach(() => void vi.unstubAllGlobals());

describe('a preview', () => {
  test('asks once for both', async () => {
    const { asked } = stubDevices();
    const preview = await openPreview({ micId: 'm1' });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.audio).toMatchObject({ deviceId: { exact: 'm1' } });
    expect(preview.tracks.mic?.kind).toBe('audio');
    expect(preview.tracks.camera?.kind).toBe('video');
    expect(preview.problems).toEqual({});
  });

  test('without a camera still has the microphone, and the cause', async () => {
    stubDevices({ video: 'NotFoundError' });
    const preview = await openPreview();
    expect(preview.tracks.mic).toBeTruthy();
    expect(preview.tracks.camera).toBeUndefined();
    expect(preview.problems).toEqual({ camera: 'device-missing' });
  });

  test('leaves closed what is not wanted', async () => {
    const { asked } = stubDevices();
    const preview = await openPreview({ camera: false });
    expect(asked.map(({ video }) => video)).toEqual([undefined]);
    expect(Object.keys(preview.tracks)).toEqual(['mic']);
  });

  test('without a secure context says so instead of failing', async () => {
    vi.stubGlobal('navigator', {});
    await expect(openPreview()).resolves.toEqual({
      tracks: {},
      problems: { mic: 'unsupported', camera: 'unsupported' },
    });
    await expect(listDevices()).resolves.toEqual({ mics: [], cameras: [], speakers: [] });
  });
});

describe('one device', () => {
  test('that is not there any more gives way to the default one', async () => {
    const { asked } = stubDevices();
    vi.mocked(navigator.mediaDevices.getUserMedia).mockRejectedValueOnce(named('OverconstrainedError'));
    await expect(openDevice('camera', 'gone')).resolves.toBeTruthy();
    expect(asked[0]?.video).not.toHaveProperty('deviceId');
  });

  test.each([
    ['NotAllowedError', 'device-denied'],
    ['NotReadableError', 'device-busy'],
  ])('that fails with %s is told as %s and not asked for twice', async (name, code) => {
    const { asked } = stubDevices({ audio: name });
    await expect(openDevice('mic', 'chosen')).rejects.toMatchObject({ code });
    expect(asked).toHaveLength(1);
  });
});

test('a screen where the browser has no chooser is unsupported', async () => {
  stubDevices();
  await expect(openScreen()).rejects.toMatchObject({ code: 'unsupported' });
});

test('devices are listed by use; nameless ones and speakers that cannot be chosen are left out', async () => {
  stubDevices();
  await expect(listDevices()).resolves.toEqual({
    mics: [{ deviceId: 'm', label: 'Mic' }],
    cameras: [],
    speakers: [],
  });
});
