/**
 * Owns a second network namespace that is joined to this one by a cable (veth pair): a second machine on a LAN of two.
 * Does not own what runs there. Needs root; elsewhere it fails, it never skips.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The second machine, and this machine's addresses as it sees them. */
export interface LanNamespace {
  readonly hostAddresses: readonly [ipv4: string, ipv6: string];
  /** Runs a command on the second machine and gives its standard output. */
  run(command: string, args: readonly string[]): Promise<string>;
  remove(): Promise<void>;
}

/** Makes the namespace; names and addresses carry the process id, so that parallel runs do not meet. */
export async function createLanNamespace(): Promise<LanNamespace> {
  if (process.getuid?.() !== 0) throw new Error('a network namespace needs root: run this test as root');
  const id = process.pid % 16_000;
  const name = `parley-${id}`;
  const here = `plan${id}`;
  const there = `plan${id}p`;
  const subnet = `10.${192 + Math.floor(id / 256)}.${id % 256}`;
  const prefix = `fd77:${id.toString(16)}::`;
  const ip = (...args: string[]) => run('ip', args);
  const remove = async () => {
    // The cable goes with either end.
    await ip('link', 'del', here).catch(() => undefined);
    await ip('netns', 'del', name).catch(() => undefined);
  };
  try {
    await ip('netns', 'add', name);
    await ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', name);
    await ip('addr', 'add', `${subnet}.1/30`, 'dev', here);
    await ip('addr', 'add', `${prefix}1/64`, 'dev', here, 'nodad');
    await ip('link', 'set', here, 'up');
    await ip('-n', name, 'addr', 'add', `${subnet}.2/30`, 'dev', there);
    await ip('-n', name, 'addr', 'add', `${prefix}2/64`, 'dev', there, 'nodad');
    await ip('-n', name, 'link', 'set', there, 'up');
    await ip('-n', name, 'link', 'set', 'lo', 'up');
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    hostAddresses: [`${subnet}.1`, `${prefix}1`],
    async run(command, args) {
      const { stdout } = await run('ip', ['netns', 'exec', name, command, ...args]);
      return stdout;
    },
    remove,
  };
}
