/**
 * `join`: the storm at the beginning of an event. A few publish already, then everybody comes at once.
 */
import { amount, toggle } from '../cli/flags.ts';
import { percentileFigures } from '../report/figureTable.ts';
import { defineScenario } from './Scenario.ts';
import { botsOf, mediaBot, mediaFlags, seatsOf, shapeFlags, socketBot } from './seats.ts';

export const join = defineScenario({
  name: 'join',
  summary: 'a storm of joins: how long does each phase take?',
  examples: [
    'join --rooms 4 --subscribers 50 --within 5',
    "join --rooms 20 --subscribers 20 --within 5 --assert 'firstFrameP95Ms<2000'",
    'join --rooms 40 --subscribers 50 --within 5 --without-media',
  ],
  flags: {
    ...shapeFlags(
      { rooms: 4, publishers: 1, subscribers: 50 },
      { publishers: 'who publish before the storm', subscribers: 'who come in the storm' },
    ),
    within: amount('--within <seconds>', 'time in which they come', 5, 3600),
    withoutMedia: toggle('--without-media', 'signaling only: nobody publishes or receives'),
    publish: mediaFlags.publish,
    duration: amount('--duration <seconds>', 'how long they stay afterwards', 5),
  },
  figures: [
    'joinsAsked',
    'joinsDone',
    'joinsFailed',
    ...percentileFigures('connect', 'welcome', 'join', 'media', 'firstFrame'),
    'deliveryPercent',
    'tracksReceived',
    'tracksExpected',
    'tracksPercent',
  ],
  ramp: ['subscribers', 'rooms'],
  need: (options) => ({ bots: botsOf(options), media: !options.withoutMedia }),
  async run(stage, { withoutMedia, publish, within, duration, ...shape }) {
    const seats = seatsOf(stage, shape);
    const bots = seats.map((seat) =>
      withoutMedia
        ? socketBot(seat)
        : mediaBot(seat, stage, { publish, speech: 'turns', layout: 'broadcast' }),
    );
    const early = shape.rooms * shape.publishers;
    await stage.join(bots.slice(0, early).map((bot) => ({ ...bot, isScenery: true })));
    await stage.settle();
    await stage.join(bots.slice(early), { overS: within, phase: 'storm' });
    await stage.settle();
    await stage.hold(duration);
  },
});
