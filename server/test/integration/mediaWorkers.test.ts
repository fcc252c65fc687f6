/**
 * Workers that die, hang or cannot start: whose media was on them is told, and can be re-established at once.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { getPriority, setPriority } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createLogger } from '../../src/log.ts';
import { MediaWorker } from '../../src/media/MediaWorker.ts';
import { MediaHarness } from '../support/MediaHarness.ts';
import { parseRtp } from '../support/rtp.ts';
import { workerBin } from '../support/workerBin.ts';

const open: MediaHarness[] = [];
afterEach(async () => {
  for (const media of open.splice(0)) await media.close();
});
async function start(options: Parameters<typeof MediaHarness.start>[0] = {}): Promise<MediaHarness> {
  const media = await MediaHarness.start(options);
  open.push(media);
  return media;
}

/** Ada talks, Bob listens, and a packet has arrived. */
async function call(media: MediaHarness) {
  const room = media.room();
  const [ada, bob] = [media.peer(room), media.peer(room)];
  const { publicationId } = await media.publish(ada);
  const { client } = await media.subscribe(bob, [publicationId]);
  await client.nextPacket();
  return { ada, bob };
}

/** What both clients do when they are told `moved`: everything anew. Returns when a packet arrived. */
async function reestablish(media: MediaHarness, { ada, bob }: Awaited<ReturnType<typeof call>>) {
  const { publicationId } = await media.publish(ada, { generation: 2, ssrc: 815 });
  const { client, consumers } = await media.subscribe(bob, [publicationId], 'bob-moved');
  expect(consumers[0]!.generation).toBe(2);
  expect(parseRtp(await client.nextPacket()).payload.toString()).toMatch(/^opus 815 /);
}

test('a killed worker: its seats are told once, media flows again on the same port within 3 s', async () => {
  const media = await start();
  const seats = await call(media);
  const [before] = await media.plane.inspect();
  const killedAtMs = performance.now();
  process.kill(before!.pid, 'SIGKILL');
  const [moved] = await media.event('moved');
  expect(moved.map(({ peerId }) => peerId).sort()).toEqual([seats.ada.peerId, seats.bob.peerId].sort());
  expect(media.plane.transportIds(seats.ada)).toEqual([]);
  await reestablish(media, seats);
  expect(performance.now() - killedAtMs).toBeLessThan(3000);
  const [after] = await media.plane.inspect();
  expect(after!.pid).not.toBe(before!.pid);
  expect(after!.port).toBe(before!.port);
  expect(media.told.filter(({ name }) => name === 'moved')).toHaveLength(1);
});

test('with another worker left, its seats move there at once; new rooms go to the least loaded', async () => {
  const media = await start({ workers: 2 });
  const seats = await call(media);
  const others = await call(media);
  const reports = await media.plane.inspect();
  expect(reports.map(({ rooms }) => rooms)).toEqual([1, 1]);
  process.kill(reports[0]!.pid, 'SIGKILL');
  const [moved] = await media.event('moved');
  // The first call was placed on the first worker; the other call is not touched.
  expect(moved.map(({ peerId }) => peerId)).not.toContain(others.ada.peerId);
  expect(media.plane.transportIds(others.ada)).toHaveLength(1);
  await reestablish(media, seats);
  await media.inspected((all) => all.length === 2);
});

test('a worker, its replacement too, comes before Node where they want the same core, as far as this user may say so', async () => {
  const priorityOf = (pid: number) => getPriority(pid) - getPriority();
  const child = spawn('sleep', ['60']);
  let mayRaise = true;
  try {
    setPriority(child.pid!, getPriority() - 1);
  } catch {
    mayRaise = false;
  } finally {
    child.kill();
  }
  const due = mayRaise ? Math.max(-20, getPriority() - 10) - getPriority() : 0;
  const media = await start();
  const [before] = await media.plane.inspect();
  expect(priorityOf(before!.pid)).toBe(due);
  process.kill(before!.pid, 'SIGKILL');
  const [after] = await media.inspected(([live]) => live !== undefined && live.pid !== before!.pid);
  expect(priorityOf(after!.pid)).toBe(due);
});

test('a stopped worker: the call times out, it is killed by pid and replaced on its port', async () => {
  const media = await start();
  const seats = await call(media);
  const [before] = await media.plane.inspect();
  process.kill(before!.pid, 'SIGSTOP');
  // Through the call that finds out, and the seats' own next attempt.
  await expect(media.plane.setProducerPaused(seats.ada, 'mic', true)).rejects.toMatchObject({
    code: expect.stringMatching(/^(timeout|unavailable)$/),
    retryable: true,
  });
  await media.event('moved');
  await reestablish(media, seats);
  expect(() => process.kill(before!.pid, 0)).toThrow('ESRCH');
  expect((await media.plane.inspect())[0]!.port).toBe(before!.port);
});

test('a stopped worker is found out without any call to it', async () => {
  const media = await start();
  await call(media);
  const [before] = await media.plane.inspect();
  process.kill(before!.pid, 'SIGSTOP');
  await media.event('moved');
  const [after] = await media.inspected(([report]) => report !== undefined);
  expect(after!.pid).not.toBe(before!.pid);
});

test('a worker that keeps dying comes back each time', async () => {
  const media = await start();
  for (let death = 0; death < 3; death += 1) {
    const [report] = await media.inspected(([live]) => live !== undefined);
    process.kill(report!.pid, 'SIGKILL');
    await media.inspected(([live]) => live !== undefined && live.pid !== report!.pid);
  }
  expect(media.plane.ready()).toBe(true);
});

test('what a worker does is measured, and so is that it rests', async () => {
  const worker = await MediaWorker.start(
    {
      workerBin: await workerBin(),
      index: 0,
      log: createLogger('silent'),
      clock: systemClock,
      onShed: () => {},
      onLost: () => {},
    },
    [{ protocol: 'udp', ip: '127.0.0.1', portRange: { min: 61_000, max: 65_535 } }],
  );
  let busy = true;
  const work = (async () => {
    while (busy) await Promise.all(Array.from({ length: 50 }, () => worker.router.dump()));
  })();
  await expect.poll(() => worker.cpuShare, { timeout: 30_000 }).toBeGreaterThan(0.1);
  busy = false;
  await work;
  await expect.poll(() => worker.cpuShare, { timeout: 30_000 }).toBeLessThan(0.05);
  await worker.close();
});

test('closing ends every process, a hung one too', async () => {
  const media = await start({ workers: 2 });
  const reports = await media.plane.inspect();
  process.kill(reports[0]!.pid, 'SIGSTOP');
  await media.plane.close();
  for (const { pid } of reports) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  expect(media.plane.ready()).toBe(false);
  const peer = media.peer(media.room());
  await expect(
    media.plane.createTransport(peer, { transportId: 't', direction: 'send' }),
  ).rejects.toMatchObject({ code: 'unavailable' });
});

test('a taken media port is one clear error with port and setting, and no process stays behind', async () => {
  const tcp = createServer();
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const address = tcp.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const udp = createSocket('udp4');
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  const workersBefore = childWorkers();
  for (const [port, protocol] of [
    [address.port, 'TCP'],
    [udp.address().port, 'UDP'],
  ] as const) {
    await expect(MediaHarness.start({ mediaPort: port })).rejects.toMatchObject({
      code: 'unavailable',
      message: `media port ${port}/${protocol} is taken by another program: end it, or set PARLEY_MEDIA_PORT`,
    });
  }
  expect(childWorkers()).toEqual(workersBefore);
  tcp.close();
  udp.close();
});

test('a binary that does not run is an error that says so', async () => {
  await expect(MediaHarness.start({ workerBin: '/bin/false' })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('media worker does not start'),
  });
  await expect(MediaHarness.start({ workerBin: '/nowhere/worker' })).rejects.toMatchObject({
    message: expect.stringContaining('/nowhere/worker'),
  });
});

/** Pids of this process's children. */
function childWorkers(): string[] {
  return spawnSync('pgrep', ['-P', String(process.pid)])
    .stdout.toString()
    .split('\n')
    .filter(Boolean)
    .sort();
}
