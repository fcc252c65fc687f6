/**
 * Owns what a process of botCost.ts does: publish one picture per room, or watch and measure itself.
 * Does not own where it runs (botCost.ts).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { Bot, prepareMedia } from '../src/bot/index.ts';

/** Its argument, as JSON. */
export const CostOrders = z.object({
  url: z.string(),
  rooms: z.int(),
  perRoom: z.int(),
  seconds: z.number(),
  publishes: z.boolean(),
});
export type CostOrders = z.infer<typeof CostOrders>;

/** So many join at a time: the joins are not what is measured. */
const JOINING = 10;
const SETTLE_MS = 8000;

const sums = ['receivedPackets', 'lost', 'recovered', 'freezes', 'tracksReceived'] as const;

async function run({ url, rooms, perRoom, seconds, publishes }: CostOrders): Promise<void> {
  const media = prepareMedia();
  const join = (room: number, displayName: string): Promise<Bot> =>
    Bot.join({
      url,
      roomId: `cost-${room}`,
      displayName,
      publish: { audio: false, video: publishes },
      subscribe: !publishes,
      speech: { seed: 1, pattern: 'silent' },
      media,
    });
  const bots: Bot[] = [];
  for (let room = 0; room < rooms; room += 1) {
    for (let first = 0; first < (publishes ? 1 : perRoom); first += JOINING) {
      const count = publishes ? 1 : Math.min(JOINING, perRoom - first);
      bots.push(
        ...(await Promise.all(Array.from({ length: count }, (_, n) => join(room, `bot ${first + n}`)))),
      );
    }
  }
  if (publishes) {
    process.send?.('ready');
    return;
  }
  await delay(SETTLE_MS);
  const before = total(bots);
  const [threadsBefore, cpuBefore, startedMs] = [threads(), process.cpuUsage(), performance.now()];
  media.wheel.takeLagMs();
  process.send?.('begin');
  await delay(seconds * 1000);
  process.send?.('end');
  const elapsedMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  const after = total(bots);
  const packets = after.receivedPackets - before.receivedPackets;
  const percent = (ms: number): string => `${Math.round((100 * ms) / elapsedMs)} %`;
  console.log(
    `${bots.length} viewers, ${Math.round((1000 * packets) / elapsedMs)} packets/s, ${percent((user + system) / 1000)} of a core, ` +
      `${((user + system) / packets).toFixed(1)} us a packet; tracks ${after.tracksReceived}, lost ${after.lost - before.lost}, ` +
      `recovered ${after.recovered - before.recovered}, freezes ${after.freezes - before.freezes}, ` +
      `worst lag ${media.wheel.takeLagMs()} ms, ${Math.round(process.memoryUsage.rss() / 1e6)} MB`,
  );
  const used = [...threads()].map(([name, ms]) => [name, ms - (threadsBefore.get(name) ?? 0)] as const);
  const busiest = used.filter(([, ms]) => ms > elapsedMs / 100).toSorted(([, one], [, other]) => other - one);
  console.log(`threads: ${busiest.map(([name, ms]) => `${name} ${percent(ms)}`).join(', ')}`);
  await Promise.all(bots.map((bot) => bot.leave()));
  process.exit(0);
}

function total(bots: readonly Bot[]): Record<(typeof sums)[number], number> {
  const result = { receivedPackets: 0, lost: 0, recovered: 0, freezes: 0, tracksReceived: 0 };
  for (const bot of bots) {
    const sample = bot.sample();
    for (const name of sums) result[name] += sample[name];
  }
  return result;
}

/** CPU milliseconds by name of thread; ticks are 10 ms. */
function threads(): Map<string, number> {
  const result = new Map<string, number>();
  for (const id of readdirSync('/proc/self/task')) {
    const stat = readFileSync(`/proc/self/task/${id}/stat`, 'utf8');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    result.set(name, (result.get(name) ?? 0) + 10 * (Number(fields[11]) + Number(fields[12])));
  }
  return result;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(CostOrders.parse(JSON.parse(process.argv[2] ?? '{}')));
}
