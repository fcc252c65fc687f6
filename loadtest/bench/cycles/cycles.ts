/**
 * Owns people who come with microphone and camera, see and hear each other, and leave, again and again.
 * Does not own what a server holds afterwards (standing.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { HEARD } from '../../src/bot/heard.ts';
import { Bot, type PreparedMedia } from '../../src/bot/index.ts';

/** In a call at once. */
const PER_CALL = 8;
const RECEIVE_LIMIT_MS = 30_000;
const LOOK_EVERY_MS = 20;
const OTHERS = PER_CALL - 1;

/**
 * So many join and leave, eight at a time: each other call in a room of its own, the others in the same one.
 * @param name tells rooms of one run from those of another.
 * @throws Error when somebody does not receive everybody's picture and the loudest.
 */
export async function runCalls(
  url: string,
  media: PreparedMedia,
  { name, joins }: { name: string; joins: number },
  onCall: (joined: number) => void = () => {},
): Promise<void> {
  for (let joined = 0; joined < joins; joined += PER_CALL) {
    const isNewRoom = (joined / PER_CALL) % 2 === 0;
    await holdCall(url, media, isNewRoom ? `${name}-${joined}` : name);
    onCall(joined + PER_CALL);
  }
}

async function holdCall(url: string, media: PreparedMedia, roomId: string): Promise<void> {
  const joins = await Promise.allSettled(
    Array.from({ length: PER_CALL }, (_, index) =>
      Bot.join({
        url,
        roomId,
        displayName: `Person ${index + 1}`,
        publish: { audio: true, video: true },
        subscribe: true,
        view: { tiles: OTHERS, width: 320, height: 180 },
        speech: { seed: index, pattern: 'continuous' },
        media,
      }),
    ),
  );
  const bots = joins.flatMap((join) => (join.status === 'fulfilled' ? [join.value] : []));
  try {
    const failed = joins.find((join) => join.status === 'rejected');
    if (failed) throw failed.reason;
    const deadline = performance.now() + RECEIVE_LIMIT_MS;
    const waits = () => bots.filter((bot) => bot.sample().tracksReceived < OTHERS + HEARD);
    while (waits().length > 0) {
      if (performance.now() > deadline) {
        const samples = waits().map((bot) => JSON.stringify(bot.sample()));
        throw new Error(`${roomId}: not everybody receives everything:\n${samples.join('\n')}`);
      }
      await delay(LOOK_EVERY_MS);
    }
  } finally {
    await Promise.all(bots.map((bot) => bot.leave()));
  }
}
