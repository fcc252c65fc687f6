/**
 * Owns how many tracks a plan amounts to: what everybody who receives should have of everybody else in the room.
 * Does not own what arrives.
 */
import type { BotPlan } from '../process/messages.ts';

/** Tracks of all bots together, when everything works. */
export function expectedTracks(plans: readonly BotPlan[]): number {
  const rooms = Map.groupBy(plans, ({ roomId }) => roomId);
  let expected = 0;
  for (const bots of rooms.values()) {
    const published = bots.reduce((sum, bot) => sum + tracksOf(bot), 0);
    for (const bot of bots) if (bot.media?.subscribe) expected += published - tracksOf(bot);
  }
  return expected;
}

const tracksOf = ({ media }: BotPlan): number =>
  Number(media?.publish.audio ?? false) + Number(media?.publish.video ?? false);
