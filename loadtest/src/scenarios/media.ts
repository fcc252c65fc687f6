/**
 * `media`: calls as they are, some people publish and everybody watches and listens.
 */
import { amount } from '../cli/flags.ts';
import { percentileFigures } from '../report/figureTable.ts';
import { defineScenario } from './Scenario.ts';
import { botsOf, mediaBot, mediaFlags, seatsOf, shapeFlags } from './seats.ts';

export const media = defineScenario({
  name: 'media',
  summary: 'rooms of real WebRTC peers: what do they get of each other?',
  examples: [
    'media --publishers 4 --subscribers 16',
    "media --rooms 10 --publishers 8 --subscribers 0 --assert 'tracksPercent==100' --assert 'lossPercent<0.1'",
    'media --publishers 30 --subscribers 0 --layout page --ramp publishers',
    'media --publishers 1 --subscribers 50 --layout broadcast --ramp subscribers --html knee.html',
  ],
  flags: {
    ...shapeFlags(
      { rooms: 1, publishers: 2, subscribers: 8 },
      { publishers: 'who publish', subscribers: 'who only receive' },
    ),
    ...mediaFlags,
    joinOver: amount('--join-over <seconds>', 'time over which they come', 5, 3600),
    duration: amount('--duration <seconds>', 'how long the load stands', 30),
  },
  figures: [
    'tracksReceived',
    'tracksExpected',
    'tracksPercent',
    'deliveryPercent',
    'lossPercent',
    'recoveredPercent',
    'freezes',
    'frozenPercent',
    'longestFreezeMs',
    'audioGaps',
    'longestGapMs',
    'jitterP95Ms',
    'layersAsAskedPercent',
    'sentPacketsPerS',
    'receivedPacketsPerS',
    'receivedMbps',
    'joinsAsked',
    'joinsDone',
    'joinsFailed',
    ...percentileFigures('connect', 'welcome', 'join', 'media', 'firstFrame'),
  ],
  ramp: ['rooms', 'publishers', 'subscribers'],
  need: (options) => ({ bots: botsOf(options), media: true }),
  async run(stage, options) {
    const bots = seatsOf(stage, options).map((seat) => mediaBot(seat, stage, options));
    await stage.join(bots, { overS: options.joinOver });
    await stage.settle();
    await stage.hold(options.duration);
  },
});
