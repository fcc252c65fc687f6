/**
 * Owns what a server holds at a moment: memory, descriptors and sockets of Node and of its worker, and what the worker says lives in it.
 * Does not own what should be left (runCycles.ts, test/cycles.test.ts).
 */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { ServerProcess } from '../../../server/test/support/serverProcess.ts';
import { useOf } from '../../src/run/proc.ts';

const program = new URL('../../../server/test/support/standingServer.ts', import.meta.url);
const ANSWER_LIMIT_MS = 20_000;

/** What the program prints. */
const Told = z.object({
  heapBytes: z.number(),
  workers: z.array(
    z.object({
      pid: z.int(),
      rooms: z.int(),
      pipes: z.int(),
      transports: z.int(),
      producers: z.int(),
      consumers: z.int(),
      rtpObservers: z.int(),
    }),
  ),
});

/** Of one process. */
export interface ProcessStanding {
  readonly rssBytes: number;
  readonly descriptors: number;
  readonly udpSockets: number;
  /** Those that listen, and connections. */
  readonly tcpSockets: number;
}

/** Of a server with one worker. */
export interface Standing {
  readonly node: ProcessStanding;
  readonly heapBytes: number;
  readonly worker: ProcessStanding;
  /** Live things of people in the worker, by their names. */
  readonly left: Readonly<Record<string, number>>;
}

/** Starts a server that can be asked how it stands. */
export const startStandingServer = (): Promise<ServerProcess> =>
  ServerProcess.start({
    program,
    environment: {
      PARLEY_LOG_LEVEL: 'warn',
      PARLEY_MEDIA_WORKERS: '1',
      PARLEY_CONNECT_BURST: '100000',
      // What is kept of a call for a while is no leak: it goes before anybody looks.
      PARLEY_ROOM_EMPTY_TIMEOUT_MS: '500',
      PARLEY_SESSION_GRACE_MS: '1000',
    },
  });

/** How a server of {@link startStandingServer} stands, after a full garbage collection. @throws Error when it does not answer. */
export async function standingOf(server: ServerProcess): Promise<Standing> {
  const lines = () => server.output.split('\n').filter((line) => line.startsWith('standing '));
  const before = lines().length;
  process.kill(server.pid, 'SIGUSR2');
  const deadline = performance.now() + ANSWER_LIMIT_MS;
  while (lines().length === before) {
    if (performance.now() > deadline) throw new Error(`the server does not answer:\n${server.output}`);
    await delay(20);
  }
  const told = Told.parse(JSON.parse((lines().at(-1) ?? '').slice('standing '.length)));
  const [worker] = told.workers;
  if (!worker) throw new Error('the server has no worker');
  const { pid, ...left } = worker;
  return {
    node: await processStanding(server.pid),
    heapBytes: told.heapBytes,
    worker: await processStanding(pid),
    left,
  };
}

async function processStanding(pid: number): Promise<ProcessStanding> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all(
    (await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => '')),
  );
  const inodes = new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? ''));
  const use = await useOf(pid);
  if (!use) throw new Error(`process ${pid} is gone`);
  const countIn = async (...tables: string[]): Promise<number> => {
    const texts = await Promise.all(tables.map((table) => readFile(`/proc/${pid}/net/${table}`, 'utf8')));
    const rows = texts.flatMap((text) => text.trim().split('\n').slice(1));
    return rows.filter((row) => inodes.has(row.trim().split(/\s+/)[9] ?? '')).length;
  };
  return {
    rssBytes: use.memoryBytes,
    descriptors: links.filter((link) => link !== '').length,
    udpSockets: await countIn('udp', 'udp6'),
    tcpSockets: await countIn('tcp', 'tcp6'),
  };
}
