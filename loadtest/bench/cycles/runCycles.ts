/**
 * Owns `npm run bench -- cycles`: what a server holds before and after many have come and gone, as lines of Markdown.
 * Does not judge, and does not own the coming and going (cycles.ts) nor the looking (standing.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { prepareMedia } from '../../src/bot/index.ts';
import { runCalls } from './cycles.ts';
import { type Standing, standingOf, startStandingServer } from './standing.ts';

const usage = `Usage: npm run bench -- cycles [options]

  --joins N     join and leave between the two looks (1000)
  --warm-up N   join and leave before the first one (400)
  --rest S      seconds of rest before each look, twice (15)`;

const Options = z.object({
  joins: z.coerce.number().int().min(8).max(1_000_000),
  warmUp: z.coerce.number().int().min(0).max(1_000_000),
  rest: z.coerce.number().min(0).max(3600),
});

/** Gives the exit code. */
export async function runCycles(args: readonly string[]): Promise<number> {
  const options = read(args);
  if (!options) {
    console.error(usage);
    return 2;
  }
  const server = await startStandingServer();
  const media = prepareMedia();
  const progress = (joined: number): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r${joined} joins `);
  };
  const run = async (name: string, joins: number): Promise<Standing> => {
    await runCalls(server.url, media, { name, joins }, progress);
    await delay(options.rest * 1000);
    // V8 gives the pages of a heap that was large back some time after it has collected the garbage in them.
    await standingOf(server);
    await delay(options.rest * 1000);
    return await standingOf(server);
  };
  try {
    const before = await run('warm-up', options.warmUp);
    const startedMs = performance.now();
    const after = await run('measured', options.joins);
    const seconds = Math.round((performance.now() - startedMs) / 1000 - 2 * options.rest);
    console.log(
      `${options.joins} joins and leaves of people with camera and microphone in ${seconds} s, after ${options.warmUp} to warm up:\n`,
    );
    console.log(table(before, after));
    return 0;
  } finally {
    await server.stop();
  }
}

function read(args: readonly string[]): z.infer<typeof Options> | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        joins: { type: 'string', default: '1000' },
        'warm-up': { type: 'string', default: '400' },
        rest: { type: 'string', default: '15' },
      },
    });
    return Options.parse({ ...values, warmUp: values['warm-up'] });
  } catch {
    return undefined;
  }
}

function table(before: Standing, after: Standing): string {
  const megabytes = (what: string, of: (standing: Standing) => number): string => {
    const [one, other] = [of(before), of(after)];
    const text = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;
    const grown = ((other - one) / one) * 100;
    return `| ${what} | ${text(one)} | ${text(other)} | ${grown < 0 ? '' : '+'}${grown.toFixed(1)} % |`;
  };
  const count = (what: string, of: (standing: Standing) => number): string =>
    `| ${what} | ${of(before)} | ${of(after)} | ${of(after) - of(before)} |`;
  return [
    '| | before | after | change |',
    '| --- | ---: | ---: | ---: |',
    megabytes('Node, resident', ({ node }) => node.rssBytes),
    megabytes('Node, heap', ({ heapBytes }) => heapBytes),
    megabytes('worker, resident', ({ worker }) => worker.rssBytes),
    megabytes('both, resident', ({ node, worker }) => node.rssBytes + worker.rssBytes),
    ...(['node', 'worker'] as const).flatMap((who) => [
      count(`${who}, descriptors`, (standing) => standing[who].descriptors),
      count(`${who}, UDP sockets`, (standing) => standing[who].udpSockets),
      count(`${who}, TCP sockets`, (standing) => standing[who].tcpSockets),
    ]),
    ...Object.keys(before.left).map((name) => count(`${name} in the worker`, ({ left }) => left[name] ?? 0)),
  ].join('\n');
}
