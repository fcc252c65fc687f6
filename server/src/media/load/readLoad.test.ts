/** Tests: the kernel's texts about a process and its sockets, and what is made of them for one that runs. */
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { loadReader, udpSockets, wantedTimeMs } from './readLoad.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

const SEND_MANY = `
  const socket = require('node:dgram').createSocket('udp4');
  let left = 50;
  for (let n = left; n > 0; n -= 1) {
    socket.send(Buffer.alloc(1000), Number(process.argv[1]), '127.0.0.1', () => --left || socket.close());
  }
`;

test('time on a core and time in the queue for one', () => {
  expect(wantedTimeMs('790155621 1315123270 185\n')).toBeCloseTo(2105.28, 2);
  for (const text of ['', '1 2', 'a b c', '-1 2 3']) expect(wantedTimeMs(text)).toBeUndefined();
});

test('sockets on a port, IPv4 and IPv6, and no others', () => {
  const text = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 3146: 0100007F:9C40 00000000:0000 07 00000000:00001900 00:00000000 00000000     0        0 21861 2 0000000000000000 7
 3147: 0100007F:9C41 0100007F:9C40 07 00000000:0000FF00 00:00000000 00000000     0        0 21862 2 0000000000000000 900
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 3146: 00000000000000000000000001000000:9C40 00000000000000000000000000000000:0000 07 00000000:00000100 00:00000000 00000000     0        0 21863 2 0000000000000000 5
`;
  expect(udpSockets(text, 40_000)).toEqual({ queuedBytes: 0x1a00, drops: 12 });
  expect(udpSockets(text, 40_002)).toEqual({ queuedBytes: 0, drops: 0 });
  expect(udpSockets('', 40_000)).toEqual({ queuedBytes: 0, drops: 0 });
});

test('a process that never rests is busy; what waits in a socket and what it dropped is seen', async () => {
  const child = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
  ends.push(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4096 });
  ends.push(() => socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  const read = loadReader(child.pid ?? 0, port);
  const look = () => read(performance.now());
  // It takes a moment until it has started.
  let load = look();
  const endMs = performance.now() + 20_000;
  while (!load || load.busy < 0.9) {
    if (performance.now() > endMs) throw new Error(`never busy: ${JSON.stringify(load)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    load = look();
  }
  expect(load.dropped).toBe(0);
  // Nobody reads meanwhile: this thread waits.
  spawnSync(process.execPath, ['-e', SEND_MANY, String(port)]);
  const seen = look();
  expect(seen?.queuedBytes).toBeGreaterThan(0);
  expect(seen?.dropped).toBeGreaterThan(0);
});

test('a process that is gone, or one that rests, is no load', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  ends.push(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  const read = loadReader(child.pid ?? 0, 1);
  expect(read(0)).toBeUndefined();
  expect(read(1e5)).toBeUndefined();
  expect(read(1e6)).toMatchObject({ queuedBytes: 0, dropped: 0 });
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(read(2e6)).toBeUndefined();
});
