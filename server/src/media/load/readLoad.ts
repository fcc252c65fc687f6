/**
 * Owns how loaded a process is that takes packets on a UDP port, as the Linux kernel tells it in /proc.
 * Does not own what follows from that (ShedPolicy) nor when it is asked (LoadWatch).
 */
import { readFileSync } from 'node:fs';

/** What was seen at a look. */
export interface Load {
  /** Share of the time since the look before the last one in which it had something to do, 0 to 1: it ran, or waited for a core. */
  readonly busy: number;
  /** What waits in its sockets, with the kernel's own bytes around each packet. */
  readonly queuedBytes: number;
  /** Packets that found these full since the last look, and are lost. */
  readonly dropped: number;
}

/** Looks once; undefined where nothing can be seen: not yet, not on this system, or the process is gone. */
export type ReadLoad = (nowMs: number) => Load | undefined;

/** Who rests so much has time for its sockets. It saves reading a list of all sockets, and who only sends broken packets makes no load. */
const RESTS_BELOW = 0.7;
/** Time in the queue is counted when it ends, and a control group holds back for up to a tenth of a second. */
const LOOKS = 2;

/** Looks at a process. */
export function loadReader(pid: number, port: number): ReadLoad {
  const looks: { readonly wantedMs: number; readonly atMs: number }[] = [];
  let lastDrops: number | undefined;
  return (nowMs) => {
    const wantedMs = wantedTimeMs(textOf(`/proc/${pid}/schedstat`));
    if (wantedMs === undefined) return undefined;
    looks.push({ wantedMs, atMs: nowMs });
    if (looks.length <= LOOKS) return undefined;
    const before = looks.shift();
    if (!before || nowMs <= before.atMs) return undefined;
    const busy = Math.min((wantedMs - before.wantedMs) / (nowMs - before.atMs), 1);
    if (busy < RESTS_BELOW) {
      lastDrops = undefined;
      return { busy, queuedBytes: 0, dropped: 0 };
    }
    const { queuedBytes, drops } = udpSockets(`${textOf('/proc/net/udp')}${textOf('/proc/net/udp6')}`, port);
    const dropped = drops - (lastDrops ?? drops);
    lastDrops = drops;
    return { busy, queuedBytes, dropped };
  };
}

/**
 * Milliseconds in which a process ran or waited to run, out of the text of its schedstat: time on a core and time in the queue for
 * one, in ns, and a count. Time for which a control group holds it back is in the queue. Undefined when it is no such text.
 */
export function wantedTimeMs(schedstat: string): number | undefined {
  const [, ran, waited] = /^(\d+) (\d+) \d+\s*$/.exec(schedstat) ?? [];
  return ran === undefined ? undefined : (Number(ran) + Number(waited)) / 1e6;
}

/** Of all sockets on a port, out of the text of /proc/net/udp (and udp6): what waits in them, and what they dropped since they are there. */
export function udpSockets(text: string, port: number): { queuedBytes: number; drops: number } {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  let queuedBytes = 0;
  let drops = 0;
  for (const line of text.split('\n')) {
    // sl, local address, remote address, state, tx_queue:rx_queue, ... drops
    const [, local = '', , , queues = '', ...rest] = line.trim().split(/\s+/);
    if (!local.endsWith(suffix)) continue;
    queuedBytes += Number.parseInt(queues.split(':')[1] ?? '0', 16);
    drops += Number(rest.at(-1));
  }
  return { queuedBytes, drops };
}

function textOf(path: string): string {
  try {
    // Made by the kernel from memory: it waits for no disk, and a thread for it would come late when the machine is busy.
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
