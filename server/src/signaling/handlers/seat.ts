/**
 * Owns `hello` on a socket that said it already, `ping`, `join` and `leave`.
 * Does not own the first hello (SignalingServer) nor the seat's life without a socket (Session).
 */
import { CallError, type CatchUp } from '@parley/protocol';
import type { MediaPeer, RoomKey } from '../../room/ports.ts';
import { assertGranted, type HandlersOf, type RequestContext } from './types.ts';

/** Requests about the session and its seat. */
export const seatHandlers: HandlersOf<'hello' | 'ping' | 'join' | 'leave'> = {
  hello() {
    throw new CallError('invalid-state', 'This socket has said hello already');
  },

  async ping({ session, services }) {
    const serverTimeMs = services.clock.now();
    const live = session.liveSeat;
    if (!live) return { serverTimeMs };
    const room = services.hub.told(live.seat.room, await services.engine.readHeld(live.seat.room));
    const chat = session.identity.grants.chat ? services.chat.currentTail(live.seat.room) : undefined;
    return { serverTimeMs, room, ...(chat && { chat }) };
  },

  async join(context, { roomId, displayName: chosenName, since }) {
    const { session, connection, services } = context;
    const { identity } = session;
    assertGranted(identity.roomId === undefined || identity.roomId === roomId, 'room');
    const room = { tenant: identity.tenant, roomId };
    const seat = { room, peerId: services.ids.peerId(session.id, room) };
    const displayName = identity.displayName ?? chosenName;
    const { membership, refused } = await session.sit(seat, displayName, connection);
    const { userId, role, guest, tokenExpiresAtMs, sessionEndsAtMs, videoCodecs } = identity;
    try {
      await services.engine.join(seat, {
        userId,
        displayName,
        role,
        publish: identity.grants.publish,
        guest,
        sessionEndsAtMs,
        ...(tokenExpiresAtMs !== undefined && { tokenExpiresAtMs }),
        ...(videoCodecs && { videoCodecs }),
      });
    } catch (error) {
      refused();
      throw error;
    }
    const [catchUp, chat, { rtpCapabilities, transportIds }] = await Promise.all([
      services.engine.catchUp(room, since),
      chatTail(context, room),
      services.media.attach(seat),
    ]);
    const reached = versionOf(catchUp, since?.version ?? 0);
    context.afterReply(() => {
      membership.release(reached.epoch, reached.version);
      void tellOutlook(context, seat);
    });
    session.log.info({ roomId, peerId: seat.peerId }, 'joined');
    return {
      peerId: seat.peerId,
      room: catchUp,
      rtpCapabilities,
      iceServers: services.iceServers(identity),
      transportIds: [...transportIds],
      ...(chat && { chat }),
    };
  },

  async leave({ session }) {
    await session.leave();
    return {};
  },
};

/** Behind the reply: only from then on is the client told of changes. Where media is out of reach it is told when that is back. */
async function tellOutlook({ session, connection, services }: RequestContext, seat: MediaPeer) {
  try {
    const { audioPool, encodingsWanted } = await services.media.outlook(seat);
    connection.notify('audioPool', { publicationIds: [...audioPool] });
    for (const { source, generation, active } of encodingsWanted) {
      connection.notify('encodingsWanted', { source, generation, active: [...active] });
    }
  } catch (error) {
    session.log.warn({ err: error }, 'joined without a look at the media');
  }
}

/** While the chat store is down a call goes on without its chat. */
async function chatTail({ session, services }: RequestContext, room: RoomKey) {
  if (!session.identity.grants.chat) return undefined;
  try {
    return await services.chat.tail(room);
  } catch (error) {
    session.log.warn({ err: error }, 'joined without chat');
    return undefined;
  }
}

function versionOf(catchUp: CatchUp, since: number): { epoch: string; version: number } {
  if ('snapshot' in catchUp) return catchUp.snapshot;
  return { epoch: catchUp.epoch, version: catchUp.events.at(-1)?.version ?? since };
}
