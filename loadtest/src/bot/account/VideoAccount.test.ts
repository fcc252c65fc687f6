/**
 * Owns the tests of frames and freezes: what could be shown of a VP8 stream of which packets are missing.
 */
import { describe, expect, test } from 'vitest';
import { SequenceAccount } from './SequenceAccount.ts';
import { VideoAccount } from './VideoAccount.ts';

const FRAME_MS = 33;
const PATTERN = [0, 2, 1, 2];

interface Packet {
  sequence: number;
  payload: Uint8Array;
  marker: boolean;
  frame: number;
}

/** Frames of two packets each in the pattern of temporal layers; the given ones are key frames. */
function stream(frames: number, keyFrames: readonly number[] = [0], width = 640): Packet[] {
  let tl0 = 0;
  return Array.from({ length: frames }, (_, frame) => {
    const layer = PATTERN[frame % PATTERN.length] ?? 0;
    if (layer === 0) tl0 = (tl0 + 1) & 0xff;
    const isKey = keyFrames.includes(frame);
    const descriptor = [0xe0, 0x80 | (frame >> 8), frame & 0xff, tl0, layer << 6];
    const start = isKey ? [0x10, 0, 0, 0x9d, 1, 0x2a, width & 0xff, width >> 8, 104, 1] : [0x11, 0, 0];
    return [
      {
        sequence: 2 * frame,
        payload: Uint8Array.from([0x90, ...descriptor, ...start]),
        marker: false,
        frame,
      },
      { sequence: 2 * frame + 1, payload: Uint8Array.from([0x80, ...descriptor, 1, 2]), marker: true, frame },
    ];
  }).flat();
}

function receiver() {
  const sequences = new SequenceAccount();
  const video = new VideoAccount(sequences);
  video.setExpected(true, 0);
  const receive = (
    { sequence, payload, marker, frame }: Packet,
    nowMs = frame * FRAME_MS,
    repaired = false,
  ) => {
    const arrival = sequences.arrived(sequence, nowMs, repaired);
    if (arrival > 0) video.packet(payload, 0, payload.length, marker, arrival, nowMs);
  };
  return { video, receive };
}

describe('frames', () => {
  test('count when all their packets came', () => {
    const { video, receive } = receiver();
    for (const packet of stream(40)) receive(packet);
    expect(video.frames).toBe(40);
    expect(video.width).toBe(640);
    expect(video.freezes.count(40 * FRAME_MS)).toBe(0);
  });

  test('before a key frame show nothing', () => {
    const { video, receive } = receiver();
    for (const packet of stream(12, [8])) receive(packet);
    expect(video.frames).toBe(4);
  });

  test('of the topmost layer can be missing without harm to others', () => {
    const { video, receive } = receiver();
    for (const packet of stream(12)) if (packet.sequence !== 3) receive(packet);
    expect(video.frames).toBe(11);
  });

  test('that refer to a missing one do not count, until the next key frame', () => {
    const { video, receive } = receiver();
    // Frame 4 is of the base layer: 5 to 11 build on it.
    for (const packet of stream(16, [0, 12])) if (packet.frame !== 4) receive(packet);
    expect(video.frames).toBe(4 + 4);
  });

  test('that wait for a repaired one count when it comes', () => {
    const { video, receive } = receiver();
    const packets = stream(8);
    for (const packet of packets) if (packet.sequence !== 9) receive(packet);
    expect(video.frames).toBe(4);
    receive(packets[9]!, 300, true);
    expect(video.frames).toBe(8);
  });

  test('go on after a late packet of the newest frame', () => {
    const { video, receive } = receiver();
    const packets = stream(6);
    for (const index of [0, 1, 2, 3, 5, 4, 6, 7, 8, 9, 10, 11]) receive(packets[index]!);
    expect(video.frames).toBe(6);
  });

  test('without temporal layers refer to the one before', () => {
    const { video, receive } = receiver();
    const plain = (sequence: number, isKey: boolean): Packet => ({
      sequence,
      payload: Uint8Array.from([0x10, isKey ? 0x10 : 0x11, 0, 0, 0x9d, 1, 0x2a, 64, 1, 180, 0, 0]),
      marker: true,
      frame: sequence,
    });
    for (const sequence of [0, 1, 3, 4]) receive(plain(sequence, sequence === 0));
    expect(video.frames).toBe(2);
    receive(plain(5, true));
    receive(plain(6, false));
    expect(video.frames).toBe(4);
  });
});

describe('freezes', () => {
  test('are times of more than 200 ms without a complete frame', () => {
    const { video, receive } = receiver();
    const packets = stream(60, [0, 30]);
    // Frames 10 to 29 do not come: nothing from frame 9 at 297 ms to frame 30 at 990 ms.
    for (const packet of packets) if (packet.frame < 10 || packet.frame >= 30) receive(packet);
    const nowMs = 60 * FRAME_MS;
    expect(video.freezes.count(nowMs)).toBe(1);
    expect(video.freezes.sumMs(nowMs)).toBe(21 * FRAME_MS);
    expect(video.freezes.longestMs(nowMs)).toBe(21 * FRAME_MS);
  });

  test('show while they last', () => {
    const { video, receive } = receiver();
    for (const packet of stream(4)) receive(packet);
    expect(video.freezes.count(99 + 150)).toBe(0);
    expect(video.freezes.count(99 + 250)).toBe(1);
    expect(video.freezes.sumMs(99 + 250)).toBe(250);
  });

  test('are none while the camera is off, and none while it comes on again', () => {
    const { video, receive } = receiver();
    const packets = stream(80, [0, 60]);
    for (const packet of packets) if (packet.frame < 10) receive(packet);
    video.setExpected(false, 10 * FRAME_MS);
    video.setExpected(true, 50 * FRAME_MS);
    for (const packet of packets) if (packet.frame >= 60) receive(packet);
    expect(video.freezes.count(80 * FRAME_MS)).toBe(0);
  });

  test('go on over to the stream that continues', () => {
    const first = receiver();
    for (const packet of stream(10)) first.receive(packet);
    const second = receiver();
    second.video.continueFrom(first.video);
    for (const packet of stream(4)) second.receive(packet, 1297 + packet.frame * FRAME_MS);
    expect(second.video.freezes.count(1400)).toBe(1);
    expect(second.video.freezes.longestMs(1400)).toBe(1000);
  });
});

describe('a key frame is asked for', () => {
  test('when packets come and nothing can be shown, at most once a second', () => {
    const { video, receive } = receiver();
    const packets = stream(60, []);
    const asked: number[] = [];
    for (const packet of packets) {
      receive(packet);
      if (video.needsKeyFrame(packet.frame * FRAME_MS)) asked.push(packet.frame * FRAME_MS);
    }
    expect(asked).toEqual([10 * FRAME_MS, 41 * FRAME_MS]);
  });

  test('not when nothing comes at all', () => {
    const { video, receive } = receiver();
    for (const packet of stream(4)) receive(packet);
    expect(video.needsKeyFrame(5000)).toBe(false);
  });
});

test('a number that a change of layer leaves out in the middle of a frame was never sent; any other that is missing was', () => {
  const sequences = new SequenceAccount();
  const video = new VideoAccount(sequences);
  const small = stream(4, [0], 320).slice(0, 7);
  const large = stream(8, [4], 640).slice(8);
  for (const { sequence, payload, marker } of [...small, ...large]) {
    // The frame before ends without its last packet, 7; 11 is missing in the new layer.
    if (sequence === 11) continue;
    const arrival = sequences.arrived(sequence, 0, false);
    video.packet(payload, 0, payload.length, marker, arrival, 0);
  }
  const base = 0x10000;
  expect(video.isLeftOut(base + 7)).toBe(true);
  expect(video.isLeftOut(base + 11)).toBe(false);
  const account = { isLost: (sequence: number) => !video.isLeftOut(sequence) };
  sequences.review(2000, new Uint16Array(8), account);
  expect(sequences.lost).toBe(1);
});
