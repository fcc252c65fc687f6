/**
 * Owns the proof that what bots send is what it says it is: Chromium decodes every frame to the picture that was meant, with and without
 * the upper temporal layers, and every packet of sound. Does not own when it is sent (sources.test.ts).
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareMedia } from '../src/bot/index.ts';

const media = prepareMedia();
let server: Server;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  // Codecs are for pages of a secure origin only, which localhost is.
  server = createServer((_request, response) =>
    response.setHeader('content-type', 'text/html').end('<!doctype html>'),
  );
  server.listen(0, 'localhost');
  await once(server, 'listening');
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_BIN ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
  });
  page = await browser.newPage();
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
});
afterAll(async () => {
  await browser?.close();
  server?.close();
});

interface Encoded {
  readonly isKey: boolean;
  readonly base64: string;
}

/** What a decoder made of a frame: all brightnesses on it, and where the bright square begins. */
interface Decoded {
  readonly width: number;
  readonly height: number;
  readonly luma: readonly number[];
  readonly left: number;
}

// Scripts for the page are text: they run elsewhere, with other globals.
const decodeFrames = (frames: readonly Encoded[]) => `(async () => {
  const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const shown = [];
  let failure;
  const decoder = new VideoDecoder({ output: (frame) => shown.push(look(frame)), error: (error) => { failure = error; } });
  const look = async (frame) => {
    const { codedWidth, displayWidth: width, displayHeight: height } = frame;
    const bytes = new Uint8Array(frame.allocationSize());
    const [{ stride }] = await frame.copyTo(bytes);
    frame.close();
    const luma = new Set();
    let left = width;
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const value = bytes[y * stride + x];
        luma.add(value);
        if (value > 135 && x < left) left = x;
      }
    }
    return { width, height, luma: [...luma].sort((one, other) => one - other), left };
  };
  decoder.configure({ codec: 'vp8' });
  const frames = ${JSON.stringify(frames)};
  for (const [index, { isKey, base64 }] of frames.entries()) {
    decoder.decode(new EncodedVideoChunk({ type: isKey ? 'key' : 'delta', timestamp: index * 33_333, data: bytesOf(base64) }));
  }
  await decoder.flush();
  if (failure) throw failure;
  return await Promise.all(shown);
})()`;

const decodeSound = (packets: readonly string[]) => `(async () => {
  const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  let frames = 0;
  let loudest = 0;
  let failure;
  const decoder = new AudioDecoder({
    output: (data) => {
      const samples = new Float32Array(data.numberOfFrames);
      data.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
      frames += data.numberOfFrames;
      for (const sample of samples) loudest = Math.max(loudest, Math.abs(sample));
      data.close();
    },
    error: (error) => { failure = error; },
  });
  decoder.configure({ codec: 'opus', sampleRate: 48_000, numberOfChannels: 1 });
  for (const [index, base64] of ${JSON.stringify(packets)}.entries()) {
    decoder.decode(new EncodedAudioChunk({ type: 'key', timestamp: index * 20_000, data: bytesOf(base64) }));
  }
  await decoder.flush();
  if (failure) throw failure;
  return { frames, loudest };
})()`;

const base64 = (parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString('base64');

describe.each([0, 1, 2] as const)('layer %i', (index) => {
  const layer = media.layers[index];
  const frameAt = (place: number, isKey: boolean): Encoded => {
    const frames = isKey ? layer.keyFrames : layer.deltaFrames;
    return { isKey, base64: base64(frames[place % media.period] ?? []) };
  };
  const decode = (frames: readonly Encoded[]) => page.evaluate<Decoded[]>(decodeFrames(frames));

  test('shows the square on its way, whole period and on, from any key frame', async () => {
    const begin = 32;
    const frames = Array.from({ length: media.period + 8 }, (_, n) => frameAt(begin + n, n === 0));
    const shown = await decode(frames);
    expect(shown).toHaveLength(frames.length);
    for (const frame of shown) {
      expect(frame).toMatchObject({ width: layer.width, height: layer.height, luma: [70, 200] });
    }
    // There and back within a period, and then the same again.
    expect(new Set(shown.map(({ left }) => left)).size).toBeGreaterThan(layer.width / 32);
    expect(shown.slice(media.period).map(({ left }) => left)).toEqual(
      shown.slice(0, 8).map(({ left }) => left),
    );
  });

  test('shows the same when upper temporal layers are left out', async () => {
    const all = await decode(Array.from({ length: 64 }, (_, place) => frameAt(place, place === 0)));
    for (const step of [2, 4]) {
      const places = Array.from({ length: 64 / step }, (_, n) => n * step);
      const some = await decode(places.map((place) => frameAt(place, place === 0)));
      expect(some).toEqual(places.map((place) => all[place]));
    }
  });

  test('a key frame in between changes nothing', async () => {
    const plain = await decode(Array.from({ length: 16 }, (_, place) => frameAt(place, place === 0)));
    const refreshed = await decode(Array.from({ length: 16 }, (_, place) => frameAt(place, place % 8 === 0)));
    expect(refreshed).toEqual(plain);
  });
});

test('speech and silence are Opus of 20 ms a packet that is not heard', async () => {
  const packets = [...media.speech, media.silence, ...media.speech].map((packet) => base64([packet]));
  const { frames, loudest } = await page.evaluate<{ frames: number; loudest: number }>(decodeSound(packets));
  // A decoder may drop its first few milliseconds.
  expect(frames).toBeGreaterThan((packets.length - 1) * 960);
  expect(frames).toBeLessThanOrEqual(packets.length * 960);
  expect(loudest).toBeLessThan(0.001);
});
