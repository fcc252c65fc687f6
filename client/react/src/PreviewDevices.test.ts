/**
 * Tests of the prejoin's devices: races between people and browsers, and that no camera stays open behind anybody's back.
 */
import type { ErrorCode, PreviewOptions } from '@parley/client';
import { describe, expect, it } from 'vitest';
import { PreviewDevices } from './PreviewDevices.ts';

/** As much of a track as is needed here. */
class FakeTrack extends EventTarget {
  stopped = false;
  stop(): void {
    this.stopped = true;
  }
}

/** A browser whose answers wait until the test gives them. */
function fakeBrowser() {
  const asked: { options: PreviewOptions; answer: (problem?: ErrorCode) => FakeTrack[] }[] = [];
  let plugged = () => {};
  return {
    asked,
    plug: () => plugged(),
    opener: {
      open: (options: PreviewOptions = {}) =>
        new Promise<never>((resolve) => {
          const answer = (problem?: ErrorCode): FakeTrack[] => {
            const wanted = (['mic', 'camera'] as const).filter((device) => options[device]);
            const tracks = problem ? [] : wanted.map((device) => [device, new FakeTrack()] as const);
            resolve({
              tracks: Object.fromEntries(tracks),
              problems: problem ? Object.fromEntries(wanted.map((device) => [device, problem])) : {},
            } as never);
            return tracks.map(([, track]) => track);
          };
          asked.push({ options, answer });
        }),
      watch: (listener: () => void) => {
        plugged = listener;
        return () => {
          plugged = () => {};
        };
      },
    },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const both = { mic: true, camera: true };
const anyDevice = { mic: '', camera: '' };

describe('PreviewDevices', () => {
  it('opens both at once and shows them', async () => {
    const browser = fakeBrowser();
    const devices = new PreviewDevices(both, { mic: 'm1', camera: '' }, browser.opener);
    devices.open();
    expect(browser.asked[0]!.options).toEqual({ mic: true, camera: true, micId: 'm1' });
    expect(devices.getSnapshot().camera.busy).toBe(true);
    browser.asked[0]!.answer();
    await settled();
    expect(devices.getSnapshot()).toMatchObject({ mic: { busy: false }, camera: { busy: false } });
    expect(devices.getSnapshot().mic.track).not.toBeNull();
  });

  it('leaves a camera closed that is wanted off, and closes one that is turned off', async () => {
    const browser = fakeBrowser();
    const devices = new PreviewDevices({ mic: true, camera: false }, anyDevice, browser.opener);
    devices.open();
    expect(browser.asked[0]!.options.camera).toBe(false);
    browser.asked[0]!.answer();
    await settled();
    devices.setEnabled('camera', true);
    const [camera] = browser.asked[1]!.answer();
    await settled();
    devices.setEnabled('camera', false);
    expect(camera!.stopped).toBe(true);
    expect(devices.getSnapshot().camera).toEqual({
      enabled: false,
      track: null,
      busy: false,
      problem: undefined,
    });
  });

  it('stops what comes too late: after another choice, after handing over, after closing', async () => {
    for (const later of [
      (devices: PreviewDevices) => devices.setDevice('camera', 'c2'),
      (devices: PreviewDevices) => void devices.takeTracks(),
      (devices: PreviewDevices) => devices.close(),
    ]) {
      const browser = fakeBrowser();
      const devices = new PreviewDevices(both, anyDevice, browser.opener);
      devices.open();
      later(devices);
      const [, camera] = browser.asked[0]!.answer();
      await settled();
      expect(camera!.stopped).toBe(true);
    }
  });

  it('hands its tracks over and does not stop them any more', async () => {
    const browser = fakeBrowser();
    const devices = new PreviewDevices(both, anyDevice, browser.opener);
    devices.open();
    const tracks = browser.asked[0]!.answer();
    await settled();
    expect(Object.values(devices.takeTracks())).toEqual(tracks);
    devices.close();
    expect(tracks.map(({ stopped }) => stopped)).toEqual([false, false]);
  });

  it('keeps the cause, tries again when asked, and by itself when a missing device is plugged in', async () => {
    const browser = fakeBrowser();
    const devices = new PreviewDevices(both, anyDevice, browser.opener);
    devices.open();
    browser.asked[0]!.answer('device-denied');
    await settled();
    expect(devices.getSnapshot().mic.problem).toBe('device-denied');
    browser.plug();
    expect(browser.asked, 'a denial is no matter of plugs').toHaveLength(1);
    devices.retry();
    browser.asked[1]!.answer('device-missing');
    await settled();
    browser.plug();
    browser.asked[2]!.answer();
    await settled();
    expect(devices.getSnapshot().mic).toMatchObject({ problem: undefined, busy: false });
  });

  it('notices a device that is unplugged', async () => {
    const browser = fakeBrowser();
    const devices = new PreviewDevices(both, anyDevice, browser.opener);
    devices.open();
    const [mic] = browser.asked[0]!.answer();
    await settled();
    mic!.dispatchEvent(new Event('ended'));
    expect(devices.getSnapshot().mic).toMatchObject({ track: null, problem: 'device-missing' });
  });
});
