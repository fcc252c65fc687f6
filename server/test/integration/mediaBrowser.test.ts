/**
 * The media plane with Chromium's own WebRTC: which cipher the two agree on. Not the app: see client/web/e2e.
 */
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MediaHarness } from '../support/MediaHarness.ts';
import { dtlsParametersOf, offerSdp } from '../support/sdp.ts';

let media: MediaHarness;
let browser: Browser;
beforeAll(async () => {
  media = await MediaHarness.start();
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_BIN ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
  });
});
afterAll(async () => {
  await browser.close();
  await media.close();
});

// Scripts for the page are text: the server's type check knows no DOM.
const answerTo = (sdp: string) => `(async () => {
  globalThis.connection = new RTCPeerConnection();
  await connection.setRemoteDescription({ type: 'offer', sdp: ${JSON.stringify(sdp)} });
  await connection.setLocalDescription();
  return connection.localDescription.sdp;
})()`;
const statsAfterPackets = `(async () => {
  const end = performance.now() + 10_000;
  for (;;) {
    const stats = [...(await connection.getStats()).values()];
    const packetsReceived = stats.find(({ type }) => type === 'inbound-rtp')?.packetsReceived ?? 0;
    const srtpCipher = stats.find(({ type }) => type === 'transport')?.srtpCipher ?? '';
    if (packetsReceived > 10 || performance.now() > end) return { packetsReceived, srtpCipher };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
})()`;

test('Chromium and the worker agree on AES-GCM for SRTP', async () => {
  const room = media.room();
  const [ada, bob] = [media.peer(room), media.peer(room)];
  const { publicationId } = await media.publish(ada);
  const info = await media.plane.createTransport(bob, {
    transportId: 'r',
    direction: 'recv',
    rtpCapabilities: media.plane.rtpCapabilities(),
  });
  const { consumerId, kind, rtpParameters } = await media.plane.consume(bob, 'r', publicationId);
  const page = await browser.newPage();
  const answer = await page.evaluate<string>(
    answerTo(offerSdp(info, [{ kind, direction: 'recv', rtpParameters }])),
  );
  await media.plane.connectTransport(bob, 'r', dtlsParametersOf(answer));
  await media.plane.setConsumerPaused(bob, consumerId, false);
  const stats = await page.evaluate<{ packetsReceived: number; srtpCipher: string }>(statsAfterPackets);
  expect(stats.packetsReceived).toBeGreaterThan(10);
  expect(stats.srtpCipher).toMatch(/AEAD_AES_(128|256)_GCM$/);
});
