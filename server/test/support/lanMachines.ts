/**
 * Owns a LAN of two machines for tests: network namespaces joined by a cable (veth pair), where every port is free and every
 * address ours. They have no names and live as long as this process: the real machine sees nothing of them, and a test that is
 * killed leaves nothing behind. Does not own what runs there. Needs root; elsewhere it fails, it never skips.
 */
import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** One machine, as far as networking goes: files and processes are shared with the real one. */
export interface LanMachine {
  readonly ipv4: string;
  readonly ipv6: string;
  /** What to put before a command to run it there; for scripts. */
  readonly prefix: readonly [command: string, ...args: string[]];
  /** Starts a program that gets SIGTERM when this process dies, however it does. */
  spawn(command: string, args: readonly string[], options: SpawnOptions): ChildProcess;
  /** Runs a command to its end and gives its standard output. */
  run(command: string, args: readonly string[]): Promise<string>;
}

/** Two machines on one cable. */
export interface LanMachines {
  /** Where Parley runs. */
  readonly host: LanMachine;
  /** Somebody's phone or laptop. */
  readonly guest: LanMachine;
  /** Takes the namespaces away. What runs in them is to be ended before: it would keep them. */
  remove(): Promise<void>;
}

/** Makes both machines and the cable. */
export async function createLanMachines(): Promise<LanMachines> {
  if (process.getuid?.() !== 0) throw new Error('a network namespace needs root: run this test as root');
  const keepers: ChildProcess[] = [];
  const remove = async () => {
    for (const keeper of keepers) await end(keeper);
  };
  try {
    const [hostPid, guestPid] = [await keepNamespace(keepers), await keepNamespace(keepers)];
    const host = machine(hostPid, '192.168.77.1', 'fd77::1');
    const guest = machine(guestPid, '192.168.77.2', 'fd77::2');
    // Not a name that is known as a bridge of virtual machines: those are not offered to anybody.
    const cable = 'lan0';
    await host.run('ip', [
      'link',
      'add',
      cable,
      'type',
      'veth',
      'peer',
      'name',
      cable,
      'netns',
      `${guestPid}`,
    ]);
    for (const { run, ipv4, ipv6 } of [host, guest]) {
      await run('ip', ['addr', 'add', `${ipv4}/24`, 'dev', cable]);
      await run('ip', ['addr', 'add', `${ipv6}/64`, 'dev', cable, 'nodad']);
      await run('ip', ['link', 'set', cable, 'up']);
      await run('ip', ['link', 'set', 'lo', 'up']);
    }
    return { host, guest, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Starts a process that does nothing in a namespace of its own, until our end of its input closes: when we die, it ends. */
async function keepNamespace(keepers: ChildProcess[]): Promise<number> {
  const keeper = spawn('unshare', ['--net', 'sh', '-c', 'echo there; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  keepers.push(keeper);
  // Before its first word it is still in our own namespace.
  await Promise.race([
    once(keeper.stdout, 'data'),
    once(keeper, 'exit').then(([code]) => Promise.reject(new Error(`unshare ended with ${code}`))),
  ]);
  return keeper.pid as number;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function machine(pid: number, ipv4: string, ipv6: string): LanMachine {
  const prefix = ['nsenter', `--net=/proc/${pid}/ns/net`] as const;
  const [enter, ...where] = prefix;
  const mortal = ['--pdeathsig', 'TERM', '--', ...prefix];
  return {
    ipv4,
    ipv6,
    prefix,
    spawn: (command, args, options) => spawn('setpriv', [...mortal, command, ...args], options),
    run: async (command, args) => (await execute(enter, [...where, command, ...args])).stdout,
  };
}
