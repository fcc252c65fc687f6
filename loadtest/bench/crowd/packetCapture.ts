/**
 * Owns how long a server keeps packets, by a capture on its network card (tcpdump): the clock is the kernel's, not the generator's.
 * Does not own the load. Only sound: its RTP timestamp goes through a server unchanged, and no two packets of a stream share one.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Machine } from '../compare/network/machines.ts';

/** Ethernet, IPv4, UDP and RTP headers with room for extensions. */
const SNAP_BYTES = 96;
const KERNEL_BUFFER_KB = 65_536;
/** Not the server's. */
const CAPTURE_CORE = '1';

/** Milliseconds between a packet's arrival at the server and each of its departures. */
export interface Delays {
  readonly ms: readonly number[];
  /** Departures without an arrival in the capture: its edges. */
  readonly unmatched: number;
}

/** Why nothing can be captured here; undefined when it can. */
export const captureMissing = (): string | undefined =>
  spawnSync('tcpdump', ['--version']).error
    ? 'tcpdump is not installed; as root: apt-get install --no-install-recommends tcpdump'
    : undefined;

/**
 * Captures for a while.
 * @param network the card's name.
 * @throws Error when tcpdump fails.
 */
export async function captureDelays(server: Machine, network: string, seconds: number): Promise<Delays> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-capture-'));
  const file = join(folder, 'packets');
  try {
    const args = [
      ...['-c', CAPTURE_CORE, 'timeout', '-s', 'INT', String(seconds)],
      ...['tcpdump', '-i', network, '-s', String(SNAP_BYTES), '-B', String(KERNEL_BUFFER_KB), '-Z', 'root'],
      ...['--time-stamp-precision=nano', '-w', file, 'udp'],
    ];
    const child = server.spawn('taskset', args, { stdio: 'ignore' });
    await once(child, 'exit');
    return delaysOf(await readFile(file), server.address);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const ETHERNET = 14;
const UDP = 8;
/** Opus as the generator sends it, and as routers number it. */
const SENT_OPUS = 111;
const FORWARDED_OPUS = 100;

/** Reads a capture file (pcap, nanoseconds, of this machine's byte order). */
export function delaysOf(file: Buffer, serverAddress: string): Delays {
  const arrivals = new Map<number, number>();
  const ms: number[] = [];
  let unmatched = 0;
  for (let at = FILE_HEADER; at + RECORD_HEADER <= file.length; ) {
    const atMs = file.readUInt32LE(at) * 1000 + file.readUInt32LE(at + 4) / 1e6;
    const length = file.readUInt32LE(at + 8);
    const ip = at + RECORD_HEADER + ETHERNET;
    at += RECORD_HEADER + length;
    const rtp = ip + ((file[ip] ?? 0) & 15) * 4 + UDP;
    if (at > file.length || rtp + 12 > at) continue;
    const [first = 0, second = 0] = file.subarray(rtp, rtp + 2);
    if (first < 128 || first > 191) continue;
    const timestamp = file.readUInt32BE(rtp + 4);
    const isArrival = file.subarray(ip + 16, ip + 20).join('.') === serverAddress;
    if ((second & 127) !== (isArrival ? SENT_OPUS : FORWARDED_OPUS)) continue;
    if (isArrival) {
      arrivals.set(timestamp, atMs);
      continue;
    }
    const arrivedMs = arrivals.get(timestamp);
    if (arrivedMs === undefined) unmatched += 1;
    else ms.push(atMs - arrivedMs);
  }
  return { ms, unmatched };
}
