/**
 * Owns bots as a program of its own, for tests that put them on another machine: joins as told, prints a line of figures four times a
 * second, ends when its input closes. Does not own what is expected of them.
 */
import * as z from 'zod';
import { Bot, prepareMedia } from '../../src/bot/index.ts';

/** Its argument, as JSON. */
const Orders = z.object({
  url: z.string(),
  roomId: z.string(),
  names: z.array(z.string()),
  publishes: z.boolean(),
});

const orders = Orders.parse(JSON.parse(process.argv[2] ?? '{}'));
const media = prepareMedia();
const bots = await Promise.all(
  orders.names.map((displayName) =>
    Bot.join({
      url: orders.url,
      roomId: orders.roomId,
      displayName,
      publish: { audio: false, video: orders.publishes },
      subscribe: !orders.publishes,
      speech: { seed: 1, pattern: 'silent' },
      media,
    }),
  ),
);
setInterval(() => {
  const figures = bots.map((bot) => {
    const layers = bot.tracks().map(({ spatialLayer }) => spatialLayer ?? -1);
    return { atMs: performance.now(), ...bot.sample(), layers };
  });
  console.log(JSON.stringify(figures));
}, 250);
process.stdin.on('end', () => process.exit(0)).resume();
