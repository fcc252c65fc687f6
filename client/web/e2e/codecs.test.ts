/**
 * A call in each codec, as its room prefers it: what is negotiated, what is sent in which layers, and that it arrives.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mintToken } from '../../../server/test/support/tokens.ts';
import { KeyedCall } from './support/KeyedCall.ts';
import type { Person } from './support/Person.ts';
import { rtpStreams, srtpCiphers } from './support/probes.ts';

const LIMIT = { timeout: 30_000 };

let call: KeyedCall;
let ada: Person;
let ben: Person;

beforeAll(async () => {
  // The smallest picture of which browsers make three layers.
  call = await KeyedCall.start({ size: { width: 960, height: 540 } });
  ({ ada, ben } = call);
});

afterAll(() => call?.stop());

/** The link of a room whose token names the codecs. Only Ada has a camera: the machine has few cores. */
async function link(person: Person, room: string, videoCodecs: readonly string[]): Promise<string> {
  const grants = person === ada ? {} : { publish: ['mic'] };
  const token = await mintToken({ sub: person.name, videoCodecs, grants });
  return `${call.server.url}/r/${room}#token=${token}`;
}

/** From the next page on the browser believes to run on a machine with so many cores. */
const onCores = (person: Person, cores: number) =>
  person.context.addInitScript((value) => {
    Object.defineProperty(navigator, 'hardwareConcurrency', { value, configurable: true });
  }, cores);

/** The codec of what somebody sends now. */
const sentCodecs = async (person: Person) => [
  ...new Set((await rtpStreams(person.page, 'outbound-rtp', 'video')).map(({ mimeType }) => mimeType)),
];

/** Waits until a picture that was made after this moment is decoded. */
async function decodesMore(person: Person, mimeType: string): Promise<void> {
  const decoded = async () =>
    (await rtpStreams(person.page, 'inbound-rtp', 'video'))
      .filter((stream) => stream.mimeType === mimeType)
      .reduce((sum, { frames }) => sum + frames, 0);
  const before = await decoded();
  await expect.poll(decoded, LIMIT).toBeGreaterThan(before + 10);
}

const simulcast = ['L1T3', 'L1T3', 'L1T3'];

it.each([
  ['vp8', 'video/VP8', simulcast],
  ['h264', 'video/H264', simulcast],
  ['vp9', 'video/VP9', ['L3T3_KEY']],
  ['av1', 'video/AV1', ['L1T3']],
])(
  '[CODEC1] a room that prefers %s is in it, in its layers, encrypted with AES-GCM',
  async (codec, mimeType, modes) => {
    await onCores(ada, 16);
    await ben.join(await link(ben, codec, [codec]));
    await ada.join(await link(ada, codec, [codec]));
    await decodesMore(ben, mimeType);
    // A layer that nobody watches may rest, and has no mode then.
    const streams = await rtpStreams(ada.page, 'outbound-rtp', 'video');
    expect(streams).toHaveLength(modes.length);
    for (const [index, { frames, scalabilityMode, ...stream }] of streams.entries()) {
      expect(stream.mimeType).toBe(mimeType);
      if (frames > 0) expect(scalabilityMode).toBe(modes[index]);
    }
    expect(streams.some(({ frames }) => frames > 0)).toBe(true);
    const [sound] = await rtpStreams(ada.page, 'outbound-rtp', 'audio');
    expect(sound?.mimeType).toBe('audio/opus');
    expect(sound?.parameters.split(';')).toEqual(expect.arrayContaining(['usedtx=1', 'useinbandfec=1']));
    for (const person of [ada, ben]) {
      const ciphers = await srtpCiphers(person.page);
      expect(ciphers.length).toBeGreaterThan(0);
      for (const cipher of ciphers) expect(cipher).toMatch(/AEAD_AES_(128|256)_GCM$/);
    }
  },
);

it('[CODEC2] falls back while somebody is there whose device lacks the codec', async () => {
  await onCores(ada, 16);
  await ada.join(await link(ada, 'old-device', ['vp9']));
  await expect.poll(() => sentCodecs(ada), LIMIT).toEqual(['video/VP9']);
  await ben.context.addInitScript(() => {
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (frame) {
      const { name, data, ...rest } = JSON.parse(String(frame));
      const codecs: { mimeType: string }[] | undefined = data?.rtpCapabilities?.codecs;
      if (codecs) data.rtpCapabilities.codecs = codecs.filter(({ mimeType }) => mimeType !== 'video/VP9');
      send.call(this, JSON.stringify({ ...rest, name, data }));
    };
  });
  await ben.join(await link(ben, 'old-device', ['vp9']));
  await decodesMore(ben, 'video/VP8');
  await ben.sees(ada);
  await expect.poll(() => sentCodecs(ada), LIMIT).toEqual(['video/VP8']);
});

it('[CODEC1] a weak machine does not make layers that it cannot afford', async () => {
  await onCores(ada, 2);
  await ada.join(await link(ada, 'weak', ['av1', 'vp9']));
  await expect.poll(() => sentCodecs(ada), LIMIT).toEqual(['video/VP8']);
});

it('let nothing uncaught happen', () => {
  expect([ada, ben].flatMap(({ complaints }) => complaints)).toEqual([]);
});
