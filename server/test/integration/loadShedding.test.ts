/**
 * What a worker that is full still sends, with real workers: level by level as if it were full, and under a load that it really cannot carry.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ViewedPublication } from '@parley/protocol';
import { afterEach, expect, test } from 'vitest';
import type { Load } from '../../src/media/load/readLoad.ts';
import type { MediaPeer } from '../../src/room/ports.ts';
import { FakeClock } from '../support/FakeClock.ts';
import { MediaHarness } from '../support/MediaHarness.ts';
import type { RtcPeer } from '../support/rtcPeer.ts';
import {
  opusPacket,
  opusParameters,
  parseRtp,
  simulcastParameters,
  vp8KeyFramePacket,
  vp8Parameters,
} from '../support/rtp.ts';
import { squeeze } from '../support/squeeze.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  layersThere = [2];
  for (const end of ends.splice(0).toReversed()) await end();
});

const shown = (publicationId: string, priority: ViewedPublication['priority']): ViewedPublication => ({
  publicationId,
  width: 1280,
  height: 720,
  visible: true,
  priority,
});

const LIMIT_MS = 20_000;
const LAYERS = [0, 1, 2];
/** Pixels by which a picture tells its layer. */
const sizeOf = (layer: number): number => 10 * (layer + 1);

/** Which layers cameras have. A consumer takes the first that comes, and without sender reports no other after that: so it is the highest. */
let layersThere: readonly number[] = [2];

/** Somebody's camera, which sends what it is asked for: a picture of each layer every 20 ms, of the highest so many. */
async function camera(media: MediaHarness, peer: MediaPeer, ssrc: number, ofTop = 1): Promise<string> {
  const { client, publicationId } = await media.publishRaw(peer, simulcastParameters(ssrc));
  for (const layer of LAYERS) {
    let sequence = 0;
    const next = () => {
      if (activeOf(media, peer)[layer] !== true || !layersThere.includes(layer)) return undefined;
      sequence += 1;
      return vp8KeyFramePacket(ssrc + 10 * layer, sequence, '1', sizeOf(layer));
    };
    for (let part = 0; part < (layer === 2 ? ofTop : 1); part += 1) ends.push(client.sendEach('1', next));
  }
  return publicationId;
}

/** Which encodings a publisher is asked for. */
const activeOf = (media: MediaHarness, peer: MediaPeer): readonly boolean[] =>
  media.plane.encodingsWanted(peer)[0]?.active ?? [];

/** Layer of a picture; undefined for what the worker sends to measure the way. */
function layerOf(packet: Buffer): number | undefined {
  const { payload } = parseRtp(packet);
  return payload[4] === 0x9d ? (payload[7] ?? 0) / 10 - 1 : undefined;
}

/** Resolves when a picture of this layer arrives. */
async function sees(client: RtcPeer, mid: string, layer: number): Promise<void> {
  const endMs = performance.now() + LIMIT_MS;
  for (;;) {
    const seen = layerOf(await client.nextPacket({ mid }));
    if (seen === layer) return;
    if (performance.now() > endMs) throw new Error(`sees layer ${seen}, not ${layer}`);
  }
}

/** One level further: a backlog at two looks. */
const BACKLOG: Load = { busy: 1, queuedBytes: 100_000, dropped: 0 };
/** One level back after five seconds. */
const IDLE: Load = { busy: 0.1, queuedBytes: 0, dropped: 0 };

/** Neither. */
const STEADY: Load = { busy: 0.85, queuedBytes: 0, dropped: 0 };

test('[SHED1] [SHED3] pictures fall in order of importance, their encodings with them, and come back in the other order', async () => {
  const clock = new FakeClock();
  let load = STEADY;
  const media = await MediaHarness.start({ clock, readLoad: () => () => load });
  ends.push(() => media.close());
  const room = media.room();
  const [ada, eve, dan, bob] = [media.peer(room), media.peer(room), media.peer(room), media.peer(room)];
  const ordinary = await camera(media, ada, 5_000);
  const pinned = await camera(media, eve, 6_000);
  const { client, publicationId: screen } = await media.publishRaw(dan, vp8Parameters(7_000), {
    source: 'screen',
  });
  ends.push(client.sendEach('1', (n) => vp8KeyFramePacket(7_000, n, '1', sizeOf(0))));
  const { publicationId: mic } = await media.publish(media.peer(room));
  media.plane.setView(bob, [shown(ordinary, 'normal'), shown(pinned, 'high'), shown(screen, 'normal')]);
  const seen = await media.subscribe(bob, [ordinary, pinned, screen, mic]);
  const midOf = (id: string): string =>
    seen.consumers.find(({ publicationId }) => publicationId === id)?.rtpParameters.mid ?? '';

  const moveTo = (next: Load, forMs: number): void => {
    load = next;
    clock.advance(forMs);
    load = STEADY;
  };
  const asked = async (peer: MediaPeer, active: readonly boolean[]): Promise<void> => {
    await expect
      .poll(
        () => {
          clock.advance(100);
          return activeOf(media, peer);
        },
        { timeout: LIMIT_MS },
      )
      .toEqual(active);
  };

  // Both arrive in full, as nothing is shed; what is between is let go then.
  await sees(seen.client, midOf(ordinary), 2);
  await sees(seen.client, midOf(pinned), 2);
  layersThere = LAYERS;
  await asked(ada, [true, false, true]);
  await asked(eve, [true, false, true]);

  moveTo(BACKLOG, 4 * 500);
  await asked(ada, [true, false, false]);
  moveTo(BACKLOG, 500);
  await asked(ada, [false, false, false]);
  await asked(eve, [true, false, true]);
  await sees(seen.client, midOf(pinned), 2);
  moveTo(BACKLOG, 500);
  await asked(eve, [true, false, false]);
  await sees(seen.client, midOf(screen), 0);
  moveTo(BACKLOG, 500);
  await asked(eve, [false, false, false]);
  await asked(dan, [false]);
  await seen.client.nextPacket({ mid: midOf(mic) });

  moveTo(IDLE, 5250);
  await asked(dan, [true]);
  await sees(seen.client, midOf(screen), 0);
  await asked(ada, [false, false, false]);
  layersThere = [2];
  moveTo(IDLE, 6 * 5250);
  await asked(ada, [true, true, true]);
  await sees(seen.client, midOf(ordinary), 2);
});

test('[SHED1] [SHED2] a worker that has 1.5 % of a core for more than that carries: sound arrives, pictures fall, and come back', async () => {
  const media = await MediaHarness.start();
  ends.push(() => media.close());
  const room = media.room();
  const ada = media.peer(room);
  const picture = await camera(media, ada, 5_000, 8);
  const talker = await media.publishRaw(media.peer(room), opusParameters(9_000));
  let spoken = 0;
  const speak = (n: number): Buffer => {
    spoken = n;
    return opusPacket(9_000, n);
  };
  ends.push(talker.client.sendEach('0', speak));
  /** Subscribed to first. */
  const PICTURE_MID = '0';
  const viewers: RtcPeer[] = [];
  for (let n = 0; n < 10; n += 1) {
    const viewer = media.peer(room);
    media.plane.setView(viewer, [shown(picture, 'normal')]);
    viewers.push((await media.subscribe(viewer, [picture, talker.publicationId])).client);
  }
  /** What comes in a while: pictures, and of what is said the least that somebody hears. */
  const arrives = async (): Promise<{ pictures: number; heardShare: number }> => {
    const from = spoken;
    const froms = viewers.map(({ received }) => received.length);
    await sleep(3000);
    const to = spoken;
    // What was sent last may be on its way.
    await sleep(1000);
    const news = viewers.map(({ received }, index) =>
      received.slice(froms[index]).map(({ packet }) => packet),
    );
    const heard = news.map(
      (packets) =>
        new Set(
          packets
            .map((packet) => Number(/^opus 9000 (\d+)$/.exec(parseRtp(packet).payload.toString())?.[1]))
            .filter((n) => n > from && n <= to),
        ).size,
    );
    const pictures = news.flat().filter((packet) => layerOf(packet) !== undefined).length;
    return { pictures, heardShare: Math.min(...heard) / (to - from) };
  };
  for (const viewer of viewers) await sees(viewer, PICTURE_MID, 2);
  layersThere = LAYERS;
  const before = await arrives();

  const [worker] = await media.plane.inspect();
  const release = await squeeze(worker!.pid);
  ends.push(release);
  await expect
    .poll(arrives, { timeout: 60_000 })
    .toSatisfy(
      ({ pictures, heardShare }: typeof before) => heardShare >= 0.99 && pictures < before.pictures / 2,
    );
  expect(activeOf(media, ada)[2]).toBe(false);
  layersThere = [2];
  await release();
  await expect.poll(() => activeOf(media, ada)[2], { timeout: 90_000 }).toBe(true);
  for (const viewer of viewers) await sees(viewer, PICTURE_MID, 2);
}, 240_000);
