/**
 * Owns the requests about the room's chat: who may, and in whose name.
 * Does not own messages (chat/).
 */
import { assertGranted, type HandlersOf, type RequestContext } from './types.ts';

/** Requests about chat. */
export const chatHandlers: HandlersOf<'chatSend' | 'chatHistory'> = {
  async chatSend(context, message) {
    const { session, services } = context;
    const { seat, displayName } = chatSeat(context);
    const author = { senderId: session.identity.userId, senderName: displayName };
    const { seq, sentAtMs } = await services.chat.send(seat.room, author, message);
    return { seq, sentAtMs };
  },

  chatHistory(context, query) {
    return context.services.chat.history(chatSeat(context).seat.room, query);
  },
};

function chatSeat({ session, liveSeat }: RequestContext) {
  const live = liveSeat();
  assertGranted(session.identity.grants.chat, 'chat');
  return live;
}
