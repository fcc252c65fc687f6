/**
 * Owns the requests of hosts about others.
 * Does not own who is a host: `decide` knows, from the token's role or, in a guest room, from the room itself.
 */
import { type HandlersOf, requestKeyOf } from './types.ts';

/** Requests of hosts. */
export const moderationHandlers: HandlersOf<'moderatorMute' | 'moderatorStop' | 'removePeer'> = {
  async moderatorMute(context, { peerId, source }) {
    const { seat } = context.liveSeat();
    await context.services.engine.moderatorMute(seat, peerId, source, requestKeyOf(context));
    return {};
  },

  async moderatorStop(context, { peerId, source }) {
    const { seat } = context.liveSeat();
    await context.services.engine.moderatorStop(seat, peerId, source, requestKeyOf(context));
    return {};
  },

  async removePeer(context, { peerId }) {
    const { seat } = context.liveSeat();
    await context.services.engine.remove(seat, peerId, requestKeyOf(context));
    return {};
  },
};
