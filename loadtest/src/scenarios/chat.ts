/**
 * `chat`: groups in which some write and all read. Afterwards the logs of everybody are compared.
 */
import { amount, count } from '../cli/flags.ts';
import { percentileFigures } from '../report/figureTable.ts';
import { defineScenario } from './Scenario.ts';
import { botsOf, seatsOf, shapeFlags, socketBot } from './seats.ts';

export const chat = defineScenario({
  name: 'chat',
  summary: 'groups that write: is anything lost, doubled or out of order?',
  examples: [
    'chat --rooms 20 --publishers 3 --subscribers 7 --rate 2',
    "chat --publishers 10 --subscribers 90 --rate 5 --assert 'chatLost==0' --assert 'chatDeliveryP99Ms<500'",
    'chat --rooms 100 --publishers 2 --subscribers 2 --ramp rooms',
  ],
  flags: {
    ...shapeFlags(
      { rooms: 10, publishers: 2, subscribers: 8 },
      { publishers: 'who write and read', subscribers: 'who only read' },
    ),
    rate: amount('--rate <count>', 'messages a second of each writer (servers admit 10)', 1, 1000),
    bytes: count('--bytes <count>', 'length of a message', 100, { min: 37, max: 4000 }),
    duration: amount('--duration <seconds>', 'how long they write', 30),
  },
  figures: [
    'chatDelivered',
    'chatExpected',
    'chatLost',
    'chatDuplicated',
    'chatDisordered',
    'chatContradicted',
    'chatAltered',
    'chatRepaired',
    'chatSent',
    'chatStored',
    'chatRefused',
    'deliveryPercent',
    ...percentileFigures('chatDelivery', 'chatAck', 'join', 'ping'),
    'joinsAsked',
    'joinsDone',
    'joinsFailed',
  ],
  ramp: ['rooms', 'publishers', 'subscribers'],
  need: (options) => ({ bots: botsOf(options), media: false }),
  async run(stage, { rate, bytes, duration, ...shape }) {
    const seats = seatsOf(stage, shape);
    await stage.join(seats.map(socketBot), { overS: botsOf(shape) / 200 });
    const writers = seats.filter(({ publishes }) => publishes).map(({ id }) => id);
    await stage.write(writers, { perSecond: rate, bytes, seconds: duration });
    // The last deliveries are still on their way when the last acknowledgement is there.
    await stage.hold(1, 'settle');
  },
  conclude: (stage) => stage.compareChats(),
});
