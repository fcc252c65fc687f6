/**
 * What goes out first when a line is slow: over a real socket whose reader pauses, and with a socket that a test drains.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { OutboundLanes, type TextSink } from './OutboundLanes.ts';

/** A socket that takes what it is given when told to. */
class SlowSink implements TextSink {
  readonly #pending: { text: string; written: () => void }[] = [];
  get bufferedAmount(): number {
    return this.#pending.reduce((bytes, { text }) => bytes + Buffer.byteLength(text), 0);
  }
  send(text: string, written: () => void): void {
    this.#pending.push({ text, written });
  }
  /** Takes everything, in order, and tells what it was by the first letters. */
  drain(): string[] {
    const taken: string[] = [];
    for (let next = this.#pending.shift(); next; next = this.#pending.shift()) {
      taken.push(next.text.slice(0, 2));
      next.written();
    }
    return taken;
  }
}

const frame = (name: string, kilobytes = 10): string => name.padEnd(kilobytes * 1024, '.');

test('[LANE1] the call goes first, then chat, then bulk; each lane in its order', () => {
  const sink = new SlowSink();
  const lanes = new OutboundLanes(sink);
  lanes.send(frame('b1'), 'bulk');
  lanes.send(frame('b2'), 'bulk');
  lanes.send(frame('b3'), 'bulk');
  lanes.send(frame('m1'), 'chat');
  lanes.send(frame('b4'), 'bulk');
  lanes.send(frame('m2'), 'chat');
  lanes.send(frame('c1'), 'call');
  lanes.send(frame('c2'), 'call');
  expect(lanes.backlogBytes).toBe(80 * 1024);
  expect(sink.drain()).toEqual(['b1', 'b2', 'c1', 'c2', 'm1', 'm2', 'b3', 'b4']);
  expect(lanes.backlogBytes).toBe(0);
});

test('nothing waits on a line that is empty', () => {
  const sink = new SlowSink();
  const lanes = new OutboundLanes(sink);
  lanes.send(frame('b1', 1), 'bulk');
  lanes.send(frame('m1', 1), 'chat');
  lanes.send(frame('c1', 1), 'call');
  expect(sink.drain()).toEqual(['b1', 'm1', 'c1']);
});

test('what waits is forgotten when the connection ends', () => {
  const sink = new SlowSink();
  const lanes = new OutboundLanes(sink);
  for (const name of ['b1', 'b2', 'b3']) lanes.send(frame(name), 'bulk');
  lanes.clear();
  expect(sink.drain()).toEqual(['b1', 'b2']);
  expect(lanes.backlogBytes).toBe(0);
});

test('[LANE1] over a real socket: the call overtakes the pages that a slow reader has not taken', async () => {
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const server = new WebSocketServer({ server: http });
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  onTestFinished(() => {
    client.terminate();
    server.close();
    http.close();
  });
  const [socket]: WebSocket[] = await once(server, 'connection');
  await once(client, 'open');
  const heard: string[] = [];
  client.on('message', (data) => heard.push(data.toString().trimEnd().slice(0, 4)));
  client.pause();

  const lanes = new OutboundLanes(socket!);
  let pages = 0;
  // Until the kernel takes no more and 20 pages wait: how much it takes differs by machine.
  while (lanes.backlogBytes < 20 * 64 * 1024) {
    pages += 1;
    lanes.send('page'.padEnd(64 * 1024), 'bulk');
    await new Promise((resolve) => setImmediate(resolve));
  }
  lanes.send('call', 'call');
  client.resume();
  await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(pages + 1);
  expect(heard.length - 1 - heard.indexOf('call')).toBeGreaterThanOrEqual(19);
});
