/**
 * Owns the tests of noticing speech, with sound that is only numbers.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SpeechOnset } from './SpeechOnset.ts';
import { fakeTrack } from './testing/fakeMedia.ts';

const sound = { decibels: -70, open: 0 };

class FakeAudioContext {
  state = 'running';
  createAnalyser() {
    return {
      fftSize: 0,
      getFloatTimeDomainData: (samples: Float32Array) => samples.fill(10 ** (sound.decibels / 20)),
    };
  }
  createMediaStreamSource() {
    sound.open += 1;
    const disconnect = () => {
      sound.open -= 1;
    };
    return { connect: () => undefined, disconnect };
  }
  async close() {}
}

const say = async (decibels: number, timeMs: number) => {
  sound.decibels = decibels;
  await vi.advanceTimersByTimeAsync(timeMs);
};

function setUp() {
  const began = vi.fn();
  const onset = new SpeechOnset(began);
  onset.watch(fakeTrack('audio'));
  return { began, onset };
}

beforeEach(() => {
  vi.useFakeTimers();
  sound.decibels = -70;
  vi.stubGlobal('AudioContext', FakeAudioContext);
  vi.stubGlobal('MediaStream', class {});
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('is told within 60 ms, once for all words of a turn', async () => {
  const { began, onset } = setUp();
  await say(-70, 3000);
  await say(-30, 60);
  expect(began).toHaveBeenCalledOnce();
  for (let word = 0; word < 10; word += 1) {
    await say(-70, 200);
    await say(-30, 300);
  }
  expect(began).toHaveBeenCalledOnce();
  await say(-70, 1500);
  await say(-30, 60);
  expect(began).toHaveBeenCalledTimes(2);
  onset.watch(null);
});

test('is no click, no whisper of the room, and no steady noise', async () => {
  const { began, onset } = setUp();
  await say(-70, 1000);
  await say(-20, 20);
  await say(-70, 1000);
  await say(-55, 1000);
  await say(-45, 30_000);
  await say(-40, 5000);
  expect(began.mock.calls.length).toBeLessThanOrEqual(1);
  onset.watch(null);
});

test('is told at most once a second', async () => {
  const { began, onset } = setUp();
  for (let turn = 0; turn < 10; turn += 1) {
    await say(-70, 420);
    await say(-20, 60);
  }
  expect(began.mock.calls.length).toBeLessThanOrEqual(5);
  onset.watch(null);
});

test('is not listened for while muted', async () => {
  const { began, onset } = setUp();
  expect(sound.open).toBe(1);
  onset.watch(null);
  await say(-20, 1000);
  expect(began).not.toHaveBeenCalled();
  expect(sound.open).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test('needs no Web Audio', async () => {
  vi.stubGlobal('AudioContext', undefined);
  const { began } = setUp();
  await say(-20, 1000);
  expect(began).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});
