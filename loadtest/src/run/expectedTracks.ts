/**
 * Owns how many tracks a plan amounts to: what everybody who receives should have of everybody else in the room, as far as it shows
 * them, and hears them among the loudest.
 * Does not own what arrives.
 */
import { HEARD } from '../bot/heard.ts';
import type { BotPlan } from '../process/messages.ts';

/** Tracks of all bots together, when everything works. */
export function expectedTracks(plans: readonly BotPlan[]): number {
  const rooms = Map.groupBy(plans, ({ roomId }) => roomId);
  let expected = 0;
  for (const bots of rooms.values()) {
    const published = { mics: 0, cameras: 0 };
    for (const { media } of bots) {
      published.mics += Number(media?.publish.audio ?? false);
      published.cameras += Number(media?.publish.video ?? false);
    }
    for (const { media } of bots) {
      if (!media?.subscribe) continue;
      const { publish, view } = media;
      expected += Math.min(HEARD, published.mics - Number(publish.audio));
      expected += Math.min(
        view?.tiles ?? Number.POSITIVE_INFINITY,
        published.cameras - Number(publish.video),
      );
    }
  }
  return expected;
}
