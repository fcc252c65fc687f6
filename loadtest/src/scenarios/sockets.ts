/**
 * `sockets`: very many people who are signed in and do nothing.
 */
import { amount, count } from '../cli/flags.ts';
import { percentileFigures } from '../report/figureTable.ts';
import { defineScenario } from './Scenario.ts';

export const sockets = defineScenario({
  name: 'sockets',
  summary: 'idle authenticated sockets: how many hold, and what does each cost?',
  examples: [
    'sockets --sockets 10000',
    'sockets --sockets 50000 --url http://localhost:3001 --url http://localhost:3002 --url http://localhost:3003',
    "sockets --sockets 5000 --connect-rate 1000 --duration 600 --assert 'socketsHeld==5000'",
  ],
  flags: {
    sockets: count('--sockets <count>', 'sockets, all servers together', 1000, { min: 1 }),
    connectRate: amount('--connect-rate <count>', 'new ones a second, all together', 500, 100_000),
    perAddress: count(
      '--per-address <count>',
      'sockets of one source address, where servers are on loopback',
      1000,
      {
        min: 1,
        max: 25_000,
      },
    ),
    duration: amount('--duration <seconds>', 'how long they are held', 30),
  },
  figures: [
    'socketsHeld',
    'socketsAsked',
    'serverBytesPerSocket',
    'socketDrops',
    'deliveryPercent',
    ...percentileFigures('connect', 'welcome', 'ping'),
    'joinsAsked',
    'joinsDone',
    'joinsFailed',
  ],
  ramp: ['sockets'],
  need: (options) => ({ bots: options.sockets, media: false, manySockets: true }),
  async run(stage, options) {
    const { sockets: all, connectRate, perAddress } = options;
    const addresses = Math.ceil(all / perAddress);
    const bots = Array.from({ length: all }, (_, index) => stage.idler(`i${index + 1}`, index, addresses));
    const from = stage.fromLoopback ? `, from ${addresses} source addresses of ${perAddress} at most` : '';
    stage.observations.notes.push(`${connectRate} new sockets a second${from}.`);
    await stage.weighServers();
    await stage.join(bots, { overS: all / connectRate });
    await stage.hold(options.duration);
  },
  conclude: (stage) => stage.countSockets(),
});
