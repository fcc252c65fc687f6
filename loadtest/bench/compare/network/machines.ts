/**
 * Owns where servers and the generator run: two network namespaces joined by a cable, each pinned to a core; without the rights for
 * that, the loopback address. Does not own what runs there.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createLanMachines } from '../../../../server/test/support/lanMachines.ts';

/** Who runs on which core. */
export const SERVER_CORE = 0;
const GENERATOR_CORE = 1;

/** One side, with a core of its own. */
export interface Machine {
  readonly address: string;
  /** Starts a program on this side's core; it gets SIGTERM when the bench dies, however it does. */
  spawn(command: string, args: readonly string[], options: SpawnOptions): ChildProcess;
}

/** Both sides. */
export interface Machines {
  readonly kind: 'namespaces' | 'loopback';
  readonly pinned: boolean;
  readonly server: Machine;
  readonly generator: Machine;
  /** Takes the namespaces away; what runs in them is to be ended before. Idempotent. */
  remove(): Promise<void>;
}

/**
 * Makes them.
 * @param say gets one line when something is not to be had.
 */
export async function createMachines(say: (line: string) => void): Promise<Machines> {
  const pinned = availableParallelism() > 1;
  if (!pinned) say('Only one core: server and generator share it, and figures are worth little.');
  const pin = (core: number, command: string, args: readonly string[]): [string, string[]] =>
    pinned ? ['taskset', ['-c', String(core), command, ...args]] : [command, [...args]];
  try {
    const { host, guest, remove } = await createLanMachines();
    return {
      kind: 'namespaces',
      pinned,
      server: {
        address: host.ipv4,
        spawn: (...what) => host.spawn(...pin(SERVER_CORE, what[0], what[1]), what[2]),
      },
      generator: {
        address: guest.ipv4,
        spawn: (...what) => guest.spawn(...pin(GENERATOR_CORE, what[0], what[1]), what[2]),
      },
      remove,
    };
  } catch (error) {
    const cause = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    say(
      `No network namespaces (${cause}): everything runs over loopback, which Janus ignores; run as root to have them.`,
    );
    const machine = (core: number): Machine => ({
      address: '127.0.0.1',
      spawn: (command, args, options) => {
        const [pinnedCommand, pinnedArgs] = pin(core, command, args);
        return spawn('setpriv', ['--pdeathsig', 'TERM', '--', pinnedCommand, ...pinnedArgs], options);
      },
    });
    return {
      kind: 'loopback',
      pinned,
      server: machine(SERVER_CORE),
      generator: machine(GENERATOR_CORE),
      remove: () => Promise.resolve(),
    };
  }
}
