/**
 * `probe`: what a person with a real browser experiences beside the load.
 */
import * as z from 'zod';
import { amount, count, optional } from '../cli/flags.ts';
import { BrowserProbe } from '../probe/BrowserProbe.ts';
import { findChromium } from '../probe/chromium.ts';
import { percentileFigures } from '../report/figureTable.ts';
import { defineScenario } from './Scenario.ts';
import { botsOf, mediaBot, mediaFlags, seatsOf, shapeFlags } from './seats.ts';

export const probe = defineScenario({
  name: 'probe',
  summary: 'a real Chromium visits a room beside the load: what does a person see and hear?',
  examples: [
    'probe --publishers 4 --subscribers 20',
    "probe --rooms 10 --publishers 5 --visits 20 --assert 'probeFirstFrameP95Ms<1000' --assert 'probeFailures==0'",
  ],
  flags: {
    ...shapeFlags(
      { rooms: 1, publishers: 3, subscribers: 5 },
      { publishers: 'who publish', subscribers: 'who only receive' },
    ),
    ...mediaFlags,
    visits: count('--visits <count>', 'how often Chromium comes', 5, { min: 1, max: 10_000 }),
    duration: amount('--duration <seconds>', 'how long each visit watches', 10, 86_400),
    chromium: optional('--chromium <path>', 'the program; default: the usual places', z.string()),
  },
  figures: [
    'probeJoins',
    'probeFailures',
    ...percentileFigures('probeFirstFrame'),
    'probeFreezes',
    'probeFrozenMs',
    'probeAudioGaps',
    'probeAudioGapMs',
    'tracksReceived',
    'tracksExpected',
    'tracksPercent',
    'deliveryPercent',
    'lossPercent',
    'freezes',
    'audioGaps',
    'joinsAsked',
    'joinsDone',
    'joinsFailed',
  ],
  need: (options) => ({ bots: botsOf(options), media: true }),
  check: async ({ chromium }) => void (await findChromium(chromium)),
  async run(stage, { visits, duration, chromium, ...options }) {
    const seats = seatsOf(stage, options);
    await stage.join(
      seats.map((seat) => mediaBot(seat, stage, options)),
      { overS: 3 },
    );
    await stage.settle();
    const browser = await BrowserProbe.start(await findChromium(chromium));
    stage.observations.visits = [];
    try {
      for (let number = 1; number <= visits; number += 1) {
        const pageUrl = await stage.pageUrl(seats[0]?.roomId ?? '', `visitor-${number}`);
        const visit = browser.visit(pageUrl, `Visitor ${number}`, duration * 1000);
        stage.observations.visits.push(await stage.during('visit', visit));
      }
    } finally {
      await browser.close();
    }
  },
});
