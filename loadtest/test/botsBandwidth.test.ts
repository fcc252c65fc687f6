/**
 * Owns the proof that the server's bandwidth estimation believes a bot: behind a narrow link it gets about what the link carries. Two
 * machines of network namespaces, `tbf` between them; needs root, and fails without. Does not own how the server chooses layers.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import {
  createLanMachines,
  type LanMachine,
  type LanMachines,
} from '../../server/test/support/lanMachines.ts';
import { workerBin } from '../../server/test/support/workerBin.ts';

const serverFile = new URL('../../server/src/main.ts', import.meta.url).pathname;
const botProgram = new URL('./support/botProgram.ts', import.meta.url).pathname;

const CAP_BPS = 2_000_000;
/** Six pictures give the server fine steps to choose from: 0.7 to 11 Mbit/s in all. */
const PUBLISHERS = ['Ada', 'Bob', 'Cyd', 'Dan', 'Eve', 'Fay'];
/** Ethernet, IP and UDP headers and SRTP's tag, which the link carries besides what a bot counts. */
const OVERHEAD_BYTES = 14 + 20 + 8 + 16;
/** How long it has to stay settled: one to two of the estimate's swings. A quiet machine settles within 10 s; a busy one gets longer. */
const STAYS_MS = 10_000;
const SETTLES_WITHIN_MS = 80_000;
const MOST_HARMED = 0.05;
const SETTLED = 0.8;
/**
 * The estimate is made of times between packets. Where the host takes the cores away for milliseconds, these are among them, and the
 * server is right to send less: 0.45 was measured with a quarter of the cores gone. Then only the rest is asserted.
 */
const SETTLED_AMID_NOISE = 0.3;

const Figures = z.array(
  z.object({
    atMs: z.number(),
    receivedBytes: z.number(),
    receivedPackets: z.number(),
    lost: z.number(),
    recovered: z.number(),
    tracksReceived: z.number(),
  }),
);
type Figures = z.infer<typeof Figures>[number];

let lan: LanMachines;
let dataDir: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  lan = await createLanMachines();
  dataDir = await mkdtemp(join(tmpdir(), 'parley-bandwidth-'));
});
afterAll(async () => {
  for (const child of children.reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }
  await lan?.remove();
  await rm(dataDir, { recursive: true, force: true });
});

function start(
  machine: LanMachine,
  args: readonly string[],
  environment: Record<string, string> = {},
): ChildProcess {
  // The estimate is made of times between packets: whatever else the machine does must not be among them.
  const child = machine.spawn('nice', ['-n', '-15', process.execPath, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
  });
  children.push(child);
  return child;
}

/** Bots on a machine; the newest figures of the first of them. */
function startBots(
  machine: LanMachine,
  names: readonly string[],
  publishes: boolean,
): () => Figures | undefined {
  const orders = { url: `http://${lan.host.ipv4}:3000`, roomId: 'narrow', names, publishes };
  const { stdout } = start(machine, [botProgram, JSON.stringify(orders)]);
  let newest: Figures | undefined;
  if (stdout) {
    createInterface({ input: stdout }).on('line', (line) => {
      newest = Figures.parse(JSON.parse(line))[0];
    });
  }
  return () => newest;
}

async function figuresOf(bots: () => Figures | undefined): Promise<Figures> {
  for (const limit = performance.now() + 20_000; performance.now() < limit; await delay(50)) {
    const figures = bots();
    if (figures) return figures;
  }
  throw new Error('the bots say nothing');
}

/** What a viewer got in a stretch of time. */
interface Stretch {
  /** Of what the link carries. */
  readonly share: number;
  /** Packets that the link dropped, of those that came. The server holds itself back: six full pictures would be four times the link. */
  readonly harmed: number;
  readonly tracksReceived: number;
}

function stretchOf(before: Figures, after: Figures): Stretch {
  const packets = after.receivedPackets - before.receivedPackets;
  const bytes = after.receivedBytes - before.receivedBytes + packets * OVERHEAD_BYTES;
  return {
    share: (bytes * 8000) / (after.atMs - before.atMs) / CAP_BPS,
    harmed: (after.lost + after.recovered - before.lost - before.recovered) / packets,
    tracksReceived: after.tracksReceived,
  };
}

/** Ticks of all cores since the start of the machine: all of them, those with nothing to do, those that its host gave to others. */
async function ticks(): Promise<{ all: number; idle: number; stolen: number }> {
  const [line = ''] = (await readFile('/proc/stat', 'utf8')).split('\n');
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softIrq = 0, stolen = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return { all: user + nice + system + idle + wait + irq + softIrq + stolen, idle: idle + wait, stolen };
}

const isSound = ({ share, harmed, tracksReceived }: Stretch): boolean =>
  share <= 1.01 && harmed < MOST_HARMED && tracksReceived === PUBLISHERS.length;

/** The first stretch of `STAYS_MS` in which a viewer was settled, or the best of all in which it was not. */
async function settles(viewer: () => Figures | undefined): Promise<Stretch> {
  const samples = [await figuresOf(viewer)];
  const deadline = performance.now() + SETTLES_WITHIN_MS;
  let best: Stretch | undefined;
  for (;;) {
    await delay(250);
    const newest = await figuresOf(viewer);
    samples.push(newest);
    const oldest = samples.findLast(({ atMs }) => atMs <= newest.atMs - STAYS_MS);
    if (!oldest) continue;
    const stretch = stretchOf(oldest, newest);
    if (isSound(stretch) && stretch.share > SETTLED) return stretch;
    if (!best || (isSound(stretch) && stretch.share > best.share)) best = stretch;
    if (performance.now() > deadline) return best;
  }
}

test('behind a narrow link a bot gets within 20 % of what it carries, and keeps it', async () => {
  const server = start(lan.host, [serverFile], {
    HOST: lan.host.ipv4,
    PORT: '3000',
    PARLEY_DATA_DIR: dataDir,
    PARLEY_MEDIA_PORT: '20000',
    PARLEY_MEDIA_WORKERS: '1',
    PARLEY_LOG_LEVEL: 'warn',
    MEDIASOUP_WORKER_BIN: await workerBin(),
  });
  if (server.stdout) await once(server.stdout, 'data');
  // A queue as home routers have it: a link that drops at once says less about its width than one that delays first.
  const cap = ['rate', String(CAP_BPS), 'burst', '8kb', 'latency', '400ms'];
  await lan.host.run('tc', ['qdisc', 'add', 'dev', 'lan0', 'root', 'tbf', ...cap]);
  await figuresOf(startBots(lan.host, PUBLISHERS, true));
  const viewer = startBots(lan.guest, ['Viewer'], false);
  const before = await ticks();
  const last = await settles(viewer);
  const after = await ticks();
  const of = (name: 'idle' | 'stolen'): number => (after[name] - before[name]) / (after.all - before.all);
  const isQuiet = of('stolen') < 0.03 && of('idle') > 0.3;
  expect(last.share).toBeGreaterThan(isQuiet ? SETTLED : SETTLED_AMID_NOISE);
  expect(last.share).toBeLessThanOrEqual(1.01);
  expect(last.harmed).toBeLessThan(MOST_HARMED);
  expect(last.tracksReceived).toBe(PUBLISHERS.length);
});
