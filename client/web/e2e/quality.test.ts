/**
 * The record of a call, read over the API, against what the browsers themselves counted.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mintToken } from '../../../server/test/support/tokens.ts';
import { looks } from './support/fakeMedia.ts';
import { KeyedCall } from './support/KeyedCall.ts';
import { Person } from './support/Person.ts';
import { watchReports } from './support/reports.ts';

let call: KeyedCall;
let ada: Person;
let ben: Person;

beforeAll(async () => {
  call = await KeyedCall.start();
  ({ ada, ben } = call);
});

afterAll(() => call?.stop());

/** What a page's connections count of the pictures that it receives or sends: the sum over their streams. */
function pictures(page: Page, type: 'inbound-rtp' | 'outbound-rtp'): Promise<Record<string, number>> {
  return page.evaluate(async (type) => {
    const sums = { packets: 0, lost: 0, frames: 0, freezes: 0 };
    for (const connection of window.parleyProbe.connections) {
      for (const stats of (await connection.getStats()).values()) {
        // Probes of the server's are streams without a picture.
        if (stats.type !== type || stats.kind !== 'video' || !(stats.framesDecoded ?? stats.framesEncoded))
          continue;
        sums.packets += stats.packetsReceived ?? stats.packetsSent;
        sums.lost += stats.packetsLost ?? 0;
        sums.frames += stats.framesDecoded ?? stats.framesEncoded;
        sums.freezes += stats.freezeCount ?? 0;
      }
    }
    return sums;
  }, type);
}

/** What holds the encoders of a page's pictures back, by their own stats. */
function limitations(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const reasons: string[] = [];
    for (const connection of window.parleyProbe.connections) {
      for (const stats of (await connection.getStats()).values()) {
        if (stats.type === 'outbound-rtp' && stats.kind === 'video')
          reasons.push(stats.qualityLimitationReason);
      }
    }
    return reasons;
  });
}

async function records(): Promise<Record<string, unknown>[]> {
  const token = await mintToken({ scope: 'quality:read' }, { expiresInS: 60 });
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${call.server.url}/api/rooms/measured/quality`, { headers });
  return (await response.json()).records;
}

it('[QUALITY3] is what the browsers counted: packets, loss, frames, path, and how joining went', async () => {
  const reports = watchReports(ada.page);
  const startedAtMs = new Map<Person, number>();
  for (const person of [ben, ada]) {
    startedAtMs.set(person, Date.now());
    await person.join(`${call.server.url}/r/measured#token=${await mintToken({ sub: person.name })}`);
  }
  await ada.sees(ben);
  const seenWithinMs = Date.now() - (startedAtMs.get(ada) ?? 0);
  await expect
    .poll(async () => (await pictures(ada.page, 'inbound-rtp')).frames, { timeout: 30_000 })
    .toBeGreaterThan(50);
  // Both cameras stop: from here on the counters stand, so that they can be compared one by one.
  for (const person of [ada, ben]) {
    await person.button('Stop camera').click();
    await person.button('Start camera').waitFor();
  }

  const adas = async (direction: 'sent' | 'received') =>
    (await records()).find(
      (record) =>
        record.userId === 'Ada' &&
        record.direction === direction &&
        `${record.publicationId}`.endsWith('.camera'),
    );
  for (const [direction, type] of [
    ['received', 'inbound-rtp'],
    ['sent', 'outbound-rtp'],
  ] as const) {
    await expect
      .poll(async () => (await adas(direction))?.packets, { timeout: 40_000, interval: 500 })
      .toBe((await pictures(ada.page, type)).packets);
    const own = await pictures(ada.page, type);
    expect(await adas(direction)).toMatchObject({
      packets: own.packets,
      frames: own.frames,
      layers: [{ height: 180, ms: expect.any(Number) }],
      ...(direction === 'received' && { lost: own.lost, freezes: own.freezes }),
    });
  }

  const participant = (await records()).find(
    (record) => record.userId === 'Ada' && record.publicationId === undefined,
  );
  expect(participant).toMatchObject({ sendPath: 'udp', recvPath: 'udp', phases: reports.at(-1)?.phases });
  const { socketMs, helloMs, seatMs, transportMs, firstFrameMs } = reports.at(-1)?.phases ?? {};
  const inOrder = [socketMs, helloMs, seatMs, transportMs, firstFrameMs].map(Number);
  expect(inOrder).toEqual(inOrder.toSorted((one, other) => one - other));
  // The socket was there before the click: the page connects while people look at themselves.
  expect(socketMs).toBe(0);
  expect(seatMs).toBeGreaterThan(0);
  expect(firstFrameMs).toBeLessThanOrEqual(seenWithinMs);
});

it('[QUALITY1] is told once more at the end, also by a page that is closed', async () => {
  const closedAtMs = Date.now();
  await ben.page.goto('about:blank');
  const newest = async () =>
    Math.max(
      ...(await records())
        .filter(({ userId }) => userId === 'Ben')
        .map(({ updatedAtMs }) => Number(updatedAtMs)),
    );
  await expect.poll(newest, { timeout: 20_000 }).toBeGreaterThanOrEqual(closedAtMs);
});

it('[QUALITY1] names a busy computer to its owner and in the record, and to nobody as a weak network', async () => {
  // WebRTC's own simulation of an encoder that takes too long, from the first millisecond on: nothing has to starve.
  const overuse = '--force-fieldtrials=WebRTC-ForceSimulatedOveruseIntervalMs/1-600000-1/';
  const cem = await Person.start('Cem', looks.blue, { args: [overuse], fakeCamera: true });
  try {
    await cem.join(`${call.server.url}/r/measured#token=${await mintToken({ sub: cem.name })}`);
    await expect.poll(() => limitations(cem.page), { timeout: 60_000 }).toContain('cpu');
    const notice = cem.page.getByRole('status').filter({ hasText: 'Your computer is very busy' });
    await notice.waitFor({ timeout: 60_000 });
    expect(await notice.textContent()).toContain('your-computer');
    expect(await cem.tile('Cem (you)').getByText('Your computer is busy').count()).toBe(1);
    const recorded = async () =>
      (await records()).find(({ userId, publicationId }) => userId === 'Cem' && publicationId === undefined);
    await expect
      .poll(async () => (await recorded())?.computerTroubleMs, { timeout: 40_000, interval: 500 })
      .toBeGreaterThan(0);
    expect(await recorded()).toMatchObject({ networkTroubleMs: 0 });
    // The others see nothing of it: it is not the network.
    for (const { page } of [ada, cem])
      expect(await page.getByText(/network (of .*)?is weak/).count()).toBe(0);
  } finally {
    await cem.stop();
  }
});
