/**
 * Owns what our server scripts have in common: tell where they listen, end when the bench does.
 * Does not own any server.
 */
import type * as z from 'zod';
import type { Listening } from './hostedServer.ts';

/** Runs a server until the bench lets go of this process. */
export async function host(
  start: () => Promise<{ listening: z.infer<typeof Listening>; stop: () => Promise<void> }>,
): Promise<void> {
  const starting = start();
  const end = (): void => {
    starting
      .then(({ stop }) => stop())
      .catch((error: unknown) => console.error(error))
      .finally(() => process.exit());
  };
  process.once('disconnect', end);
  process.once('SIGTERM', end);
  // Ctrl-C reaches the whole group; the bench decides what follows.
  process.on('SIGINT', () => {});
  process.send?.((await starting).listening);
}
