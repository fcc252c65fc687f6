/**
 * Owns starting one of our own server scripts on its side, and ending it: it tells where it listens and dies with its channel.
 * Does not own the scripts (parleyHost.ts, mediasoupHost.ts).
 */
import { once } from 'node:events';
import * as z from 'zod';
import type { Machine } from '../network/machines.ts';
import type { RunningServer } from './Contender.ts';

/** What a script says once it listens. */
export const Listening = z.object({
  url: z.string(),
  pids: z.object({ media: z.array(z.int()), node: z.array(z.int()) }),
});

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 10_000;

/** Starts a script and waits until it listens. @throws when it does not. */
export async function startHosted(
  machine: Machine,
  script: string,
  args: readonly string[],
): Promise<RunningServer> {
  const child = machine.spawn(process.execPath, [script, machine.address, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    // The script ends what it started when its channel closes.
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await exited;
    clearTimeout(timer);
  };
  const timer = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS);
  try {
    const [message] = await Promise.race([
      once(child, 'message'),
      exited.then(([code]) => Promise.reject(new Error(`${script} ended with ${code}`))),
    ]);
    return { ...Listening.parse(message), stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
