/**
 * A connection over a real socket, with time in the test's hands: when it is given up, and when it is not.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { FakeClock } from '../../test/support/FakeClock.ts';
import { Connection, type ConnectionEnd } from './Connection.ts';

const PING_INTERVAL_MS = 10_000;
const HOUR = 3_600_000;

async function setUp() {
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const server = new WebSocketServer({ server: http });
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  const [socket]: WebSocket[] = await once(server, 'connection');
  await once(client, 'open');
  onTestFinished(() => {
    client.terminate();
    server.close();
    http.close();
  });
  const clock = new FakeClock();
  const ends: ConnectionEnd[] = [];
  const connection = new Connection(socket!, {
    clock,
    pingIntervalMs: PING_INTERVAL_MS,
    onFrame: () => {},
    onEnd: (end) => ends.push(end),
  });
  return { client, clock, connection, ends };
}

test('[PING2] a wall clock that is set forward cuts nobody', async () => {
  const { client, clock, ends } = await setUp();
  for (let beat = 0; beat < 5; beat += 1) {
    clock.jump(HOUR);
    const ping = once(client, 'ping');
    clock.advance(PING_INTERVAL_MS);
    await ping;
    // The pong is on its way; one round trip later it has been heard.
    client.ping();
    await once(client, 'pong');
  }
  expect(ends).toEqual([]);
});

test('[PING2] a wall clock that is set back hides no dead socket', async () => {
  const { client, clock, ends } = await setUp();
  client.pause();
  clock.jump(-HOUR);
  clock.advance(2 * PING_INTERVAL_MS);
  expect(ends).toEqual([]);
  clock.advance(PING_INTERVAL_MS);
  expect(ends).toEqual([{ code: 1006, byServer: true }]);
});

test('who only sends pings, and reads no answer, is cut', async () => {
  const { client, ends } = await setUp();
  client.pause();
  for (let burst = 0; burst < 2_000; burst += 1) client.ping('x'.repeat(125));
  await expect.poll(() => ends).toEqual([{ code: 1006, byServer: false }]);
});
