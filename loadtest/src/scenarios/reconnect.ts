/**
 * `reconnect`: everybody's network breaks in the same moment.
 */
import { amount, count } from '../cli/flags.ts';
import { percentileFigures } from '../report/figureTable.ts';
import { defineScenario } from './Scenario.ts';
import { botsOf, seatsOf, shapeFlags, socketBot } from './seats.ts';

export const reconnect = defineScenario({
  name: 'reconnect',
  summary: 'drop every socket at once: how long until all are back?',
  examples: [
    'reconnect --rooms 50 --subscribers 10',
    "reconnect --rooms 500 --subscribers 4 --times 3 --assert 'reconnectAllMs<15000'",
  ],
  flags: {
    ...shapeFlags(
      { rooms: 20, publishers: 0, subscribers: 10 },
      { publishers: 'with a seat', subscribers: 'with a seat' },
    ),
    times: count('--times <count>', 'how often they are dropped', 1, { min: 1, max: 1000 }),
    limit: amount('--limit <seconds>', 'who is not back by then is lost', 60, 3600),
    duration: amount('--duration <seconds>', 'pause before each drop', 5),
  },
  figures: [
    'reconnectsDone',
    'reconnectsAsked',
    'reconnectsResumed',
    'reconnectAllMs',
    'deliveryPercent',
    ...percentileFigures('reconnect', 'join', 'ping'),
    'joinsAsked',
    'joinsDone',
    'joinsFailed',
  ],
  need: (options) => ({ bots: botsOf(options), media: false, manySockets: true }),
  async run(stage, { times, limit, duration, ...shape }) {
    await stage.join(seatsOf(stage, shape).map(socketBot), { overS: botsOf(shape) / 200 });
    for (let time = 0; time < times; time += 1) {
      await stage.hold(duration);
      await stage.dropAll(limit);
    }
  },
});
