/**
 * Owns the requests about the room's chat: who may, and in whose name.
 * Does not own messages (chat/).
 */
import { assertGranted, type HandlersOf, type RequestContext } from './types.ts';

/** Requests about chat. */
export const chatHandlers: HandlersOf<'chatSend' | 'chatHistory'> = {
  async chatSend({ session, services }, message) {
    const { seat, displayName } = chatSeat(session);
    const author = { senderId: session.identity.userId, senderName: displayName };
    const { seq, sentAtMs } = await services.chat.send(seat.room, author, message);
    return { seq, sentAtMs };
  },

  chatHistory({ session, services }, query) {
    return services.chat.history(chatSeat(session).seat.room, query);
  },
};

function chatSeat(session: RequestContext['session']) {
  const live = session.liveSeat();
  assertGranted(session.identity.grants.chat, 'chat');
  return live;
}
