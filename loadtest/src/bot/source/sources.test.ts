/**
 * Owns the tests of what bots send when: layers, key frames on request, stops, turns of speech, DTX.
 */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { OutgoingStream, type PacketPath } from '../rtp/OutgoingStream.ts';
import { RtpHeader } from '../rtp/rtpHeader.ts';
import type { Speech } from '../types.ts';
import { AudioSource } from './AudioSource.ts';
import { prepareMedia } from './prepareMedia.ts';
import { Turns } from './Turns.ts';
import { VideoSource } from './VideoSource.ts';

const media = prepareMedia();
const ids = {};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  return () => vi.useRealTimers();
});

/** A path that keeps payloads and headers by SSRC. */
class KeptPath implements PacketPath {
  readonly packet = new Uint8Array(1400);
  readonly sent: { ssrc: number; payload: Uint8Array; marker: boolean; timestamp: number; atMs: number }[] =
    [];
  send(header: RtpHeader, length: number): void {
    this.sent.push({
      ssrc: header.ssrc,
      payload: this.packet.slice(header.length, length),
      marker: (this.packet[1] ?? 0) >= 0x80,
      timestamp: new DataView(this.packet.buffer).getUint32(4),
      atMs: performance.now(),
    });
  }
}

const stream = (path: PacketPath, ssrc: number, clockRate: number): OutgoingStream =>
  new OutgoingStream({
    path,
    header: new RtpHeader({ payloadType: 96, ssrc, ids, mid: '' }),
    rtx: undefined,
    clockRate,
    random: () => 0,
  });

/** Runs a source as the wheel does. */
function run(source: { run(nowMs: number): number }, forMs: number): void {
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs) {
    const delayMs = source.run(performance.now());
    vi.advanceTimersByTime(Math.max(1, delayMs));
  }
}

const isKeyStart = (payload: Uint8Array): boolean =>
  ((payload[0] ?? 0) & 0x10) !== 0 && ((payload[6] ?? 1) & 1) === 0;

function camera() {
  const path = new KeptPath();
  const layers = media.layers.map((prepared, index) => ({ stream: stream(path, index, 90_000), prepared }));
  const video = new VideoSource(layers, media.period, 0, () => true);
  const of = (layer: number) => path.sent.filter(({ ssrc }) => ssrc === layer);
  const keyFrames = (layer: number) => of(layer).filter(({ payload }) => isKeyStart(payload));
  return { path, video, of, keyFrames };
}

describe('a camera', () => {
  test('sends three layers at 30 frames a second, about as heavy as a browser does', () => {
    const { video, of, keyFrames } = camera();
    run(video, 10_000);
    for (const [layer, bitRate] of [120_000, 400_000, 1_300_000].entries()) {
      expect(of(layer).filter(({ marker }) => marker).length).toBeGreaterThanOrEqual(298);
      const bits = of(layer).reduce((sum, { payload }) => sum + 8 * payload.length, 0);
      expect(bits / 10 / bitRate).toBeGreaterThan(0.95);
      expect(bits / 10 / bitRate).toBeLessThan(1.1);
      // One at the beginning, none without being asked.
      expect(keyFrames(layer)).toHaveLength(1);
    }
    expect(of(2).length / 10).toBeGreaterThan(145);
  });

  test('answers a request with a true key frame on that layer, a burst of requests with one', () => {
    const { video, keyFrames } = camera();
    run(video, 1000);
    for (let times = 0; times < 5; times += 1) video.requestKeyFrame(1);
    run(video, 200);
    expect([0, 1, 2].map((layer) => keyFrames(layer).length)).toEqual([1, 2, 1]);
    video.requestKeyFrame(1);
    run(video, 1000);
    expect(keyFrames(1)).toHaveLength(3);
  });

  test('numbers base frames without a hole, key frames among them', () => {
    const { video, of } = camera();
    run(video, 700);
    video.requestKeyFrame(0);
    run(video, 700);
    const base = of(0).filter(({ payload }) => (payload[0] ?? 0) & 0x10 && (payload[5] ?? 0) >> 6 === 0);
    const indices = base.map(({ payload }) => payload[4] ?? 0);
    expect(indices).toEqual(indices.map((_, index) => (indices[0] ?? 0) + index));
  });

  test('stops single layers and goes on with a key frame', () => {
    const { video, path, of, keyFrames } = camera();
    run(video, 500);
    video.setLayerActive(2, false);
    path.sent.length = 0;
    run(video, 500);
    expect(of(2)).toHaveLength(0);
    expect(of(1).length).toBeGreaterThan(0);
    video.setLayerActive(2, true);
    run(video, 500);
    expect(isKeyStart(of(2)[0]?.payload ?? new Uint8Array())).toBe(true);
    expect(keyFrames(2)).toHaveLength(1);
  });

  test('sends nothing while it is off, and one frame, not a burst, after a standstill', () => {
    const { video, path } = camera();
    run(video, 500);
    video.setRunning(false);
    path.sent.length = 0;
    run(video, 500);
    expect(path.sent).toHaveLength(0);
    video.setRunning(true);
    vi.advanceTimersByTime(2000);
    run(video, 330);
    expect(path.sent.filter(({ ssrc, marker }) => ssrc === 0 && marker).length).toBeLessThanOrEqual(12);
  });

  test('spreads key frames over several moments', () => {
    const { video, of } = camera();
    run(video, 30);
    const first = of(2)[0];
    expect(of(2).filter(({ atMs }) => atMs === first?.atMs).length).toBeLessThanOrEqual(10);
    expect(of(2).filter(({ timestamp }) => timestamp === first?.timestamp)).toHaveLength(25);
  });
});

describe('a microphone', () => {
  function microphone(speech: Speech) {
    const path = new KeptPath();
    const audio = new AudioSource(
      stream(path, 9, 48_000),
      media,
      new Turns(speech, performance.now()),
      () => true,
    );
    return { path, audio };
  }

  test('sends 50 packets a second of somebody who speaks', () => {
    const { path, audio } = microphone({ seed: 1, pattern: 'continuous' });
    run(audio, 2000);
    expect(path.sent.length).toBeGreaterThanOrEqual(100);
    expect(path.sent.length).toBeLessThanOrEqual(102);
    const steps = path.sent
      .slice(1)
      .map(({ timestamp }, index) => timestamp - (path.sent[index]?.timestamp ?? 0));
    expect(new Set(steps)).toEqual(new Set([960]));
  });

  test('sends next to nothing in silence', () => {
    const { path, audio } = microphone({ seed: 1, pattern: 'silent' });
    run(audio, 4000);
    expect(path.sent.length).toBeGreaterThanOrEqual(10);
    expect(path.sent.length).toBeLessThanOrEqual(11);
    expect(path.sent.every(({ payload }) => payload.length === 3)).toBe(true);
  });

  test('takes turns, the same for the same seed, and marks where one begins', () => {
    const talk = (seed: number): number[] => {
      const { path, audio } = microphone({ seed, pattern: 'turns' });
      const startMs = Math.floor(performance.now());
      run(audio, 60_000);
      expect(path.sent.filter(({ marker }) => marker).length).toBeGreaterThan(2);
      const words = path.sent.filter(({ payload }) => payload.length > 3);
      expect(words.length).toBeGreaterThan(300);
      expect(words.length).toBeLessThan(2400);
      return words.map(({ atMs }) => Math.floor(atMs - startMs));
    };
    expect(talk(7)).toEqual(talk(7));
    expect(talk(7)).not.toEqual(talk(8));
  });
});
