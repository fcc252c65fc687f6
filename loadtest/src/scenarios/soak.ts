/**
 * `soak`: hours of ordinary use. People leave when they like and others come; nothing may grow, get slower or stop working.
 */
import { amount } from '../cli/flags.ts';
import { media } from './media.ts';
import { defineScenario } from './Scenario.ts';
import { botsOf, mediaBot, mediaFlags, seatsOf, shapeFlags } from './seats.ts';

export const soak = defineScenario({
  name: 'soak',
  summary: 'hours of calls with people who come and go: does anything wear out?',
  examples: [
    'soak --rooms 5 --publishers 4 --subscribers 4 --duration 14400 --html soak.html',
    "soak --stay 30 --duration 3600 --assert 'serverGrowthPercent<10' --assert 'joinsFailed==0'",
  ],
  flags: {
    ...shapeFlags(
      { rooms: 2, publishers: 3, subscribers: 3 },
      { publishers: 'who publish', subscribers: 'who only receive' },
    ),
    ...mediaFlags,
    stay: amount('--stay <seconds>', 'how long somebody stays, on average', 120),
    duration: amount('--duration <seconds>', 'how long it goes on', 3600, 7 * 86_400),
  },
  figures: ['leaves', 'serverGrowthPercent', ...media.figures],
  need: (options) => ({ bots: botsOf(options), media: true }),
  async run(stage, { stay, duration, ...options }) {
    const bots = seatsOf(stage, options).map((seat) => mediaBot(seat, stage, options));
    await stage.join(bots, { overS: botsOf(options) / 10 });
    await stage.settle();
    const endMs = performance.now() + duration * 1000;
    for (let number = 1; ; number += 1) {
      // Independent leaves of n people who stay for a mean time are one Poisson process.
      const pauseS = (-Math.log(1 - stage.random()) * stay) / bots.length;
      if (performance.now() + pauseS * 1000 > endMs) break;
      await stage.hold(pauseS);
      const index = Math.floor(stage.random() * bots.length);
      const leaving = bots[index];
      if (!leaving) continue;
      const coming = { ...leaving, id: `${leaving.id.split('.')[0]}.${number}` };
      bots[index] = coming;
      await stage.replace([leaving], [coming]);
    }
    await stage.hold(Math.max(0, (endMs - performance.now()) / 1000));
    await stage.settle();
  },
});
