/**
 * Owns Janus VideoRoom, Debian's package, as contenders: J0 as shipped, J1 tuned. It needs a namespace, because it ignores loopback.
 * Does not own how the generator speaks with it (generator/janusPeer.ts).
 */
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContenderId } from '../cases.ts';
import type { Machine, Machines } from '../network/machines.ts';
import type { Contender, RunningServer } from './Contender.ts';
import { asShipped, type ConfigChange, tuned } from './janusConfig.ts';

const BINARY = '/usr/bin/janus';
const SHIPPED_CONFIG = '/etc/janus';
const STOP_LIMIT_MS = 5000;
/** It is pinned to one core. */
const EVENT_LOOPS = 1;

const janus = (id: ContenderId, change: ConfigChange): Contender => ({
  id,
  dialect: 'janus',
  missing: ({ kind }: Machines) => {
    if (!isThere(BINARY)) {
      return 'Janus is not installed; to have it in the comparison, as root: apt-get install --no-install-recommends janus';
    }
    return kind === 'loopback'
      ? 'Janus ignores loopback and needs a network namespace: run as root'
      : undefined;
  },
  start: (machine) => start(machine, change),
});

/** As Debian ships it. */
export const j0 = janus('j0', asShipped);
/** Tuned; its VideoRoom has no helper threads yet, which a single core would not gain by. */
export const j1 = janus('j1', tuned(EVENT_LOOPS));

/** The generator waits until it listens: from outside its namespace nobody sees that. */
async function start(machine: Machine, change: ConfigChange): Promise<RunningServer> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-janus-'));
  await cp(SHIPPED_CONFIG, folder, { recursive: true });
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    await writeFile(file, change(name, await readFile(file, 'utf8')));
  }
  const args = ['-F', folder, '-E', machine.address];
  const child = machine.spawn(BINARY, args, {
    // Where it may leave what it leaves when it crashes, as it sometimes does at its end.
    cwd: folder,
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await exited;
      clearTimeout(timer);
    }
    await rm(folder, { recursive: true, force: true });
  };
  return {
    url: `ws://${machine.address}:8188`,
    pids: { media: child.pid === undefined ? [] : [child.pid], node: [] },
    stop,
  };
}

function isThere(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
