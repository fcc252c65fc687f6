/**
 * Owns the proof that only what is shown is sent, both ways, with bots that switch their encodings as the server asks; and how fast.
 * Does not own which layers a tile needs (server) nor browsers (client/web/e2e/views.test.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ServerProcess } from '../../server/test/support/serverProcess.ts';
import { Bot, prepareMedia, type TrackReport } from '../src/bot/index.ts';
import { until } from './support/bots.ts';

const media = prepareMedia();
let server: ServerProcess;
beforeAll(async () => {
  server = await ServerProcess.start({
    environment: { PARLEY_MEDIA_WORKERS: '1', PARLEY_LOG_LEVEL: 'warn' },
  });
});
afterAll(() => server.stop());

test('[VIEW1] [DEMAND1] what nobody shows nobody sends; it comes back at once, and grows without a standstill', async () => {
  const who = { url: server.url, roomId: 'views', speech: { seed: 1, pattern: 'silent' }, media } as const;
  const ada = await Bot.join({
    ...who,
    displayName: 'Ada',
    publish: { audio: false, video: true },
    subscribe: false,
  });
  const bob = await Bot.join({
    ...who,
    displayName: 'Bob',
    publish: { audio: false, video: false },
    subscribe: true,
  });
  try {
    const camera = (): TrackReport | undefined => bob.tracks().find(({ source }) => source === 'camera');
    const frames = () => camera()?.frames ?? 0;
    const layer = () => camera()?.spatialLayer;
    await until(() => layer() === 2);
    const { peerId } = bob.call.getSnapshot().participants.find(({ isLocal }) => !isLocal) ?? { peerId: '' };
    const show = (height: number, visible = true) =>
      bob.call.setView([
        { peerId, source: 'camera', width: (height * 16) / 9, height, visible, priority: 'normal' },
      ]);
    const sendsNothing = async () => {
      const before = ada.sample().sentPackets;
      await delay(300);
      return ada.sample().sentPackets - before < 3;
    };

    // Out of sight: the publisher stops.
    show(180, false);
    for (const endMs = performance.now() + 10_000; !(await sendsNothing()); ) {
      if (performance.now() > endMs) throw new Error('the publisher goes on');
    }
    const seen = frames();

    // In sight again: a picture at once.
    show(180);
    const firstFrameMs = await until(() => frames() > seen);
    await until(() => layer() === 0);
    await delay(1_000);

    // Larger: the small one goes on until the large one is there.
    const { freezes } = camera() ?? { freezes: 0 };
    show(720);
    const higherMs = await until(() => layer() === 2);
    expect(camera()?.freezes).toBe(freezes);
    expect(firstFrameMs).toBeLessThan(2_000);
    expect(higherMs).toBeLessThan(8_000);
  } finally {
    await Promise.all([ada.leave(), bob.leave()]);
  }
});
