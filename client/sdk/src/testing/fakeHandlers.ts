/**
 * Owns what a server in memory answers to each request. Does not own how frames come and go (FakeServer).
 */
import {
  getEntity,
  type NotificationData,
  type NotificationName,
  publicationIdOf,
  type RequestData,
  type RequestName,
  type RequestReply,
  type RoomCommand,
  type RoomState,
  type VideoCodec,
} from '@parley/protocol';
import { testFakeParameters } from 'mediasoup-client';
import type { FakeChat } from './FakeChat.ts';
import { type FakeRoom, joinCommand } from './FakeRoom.ts';
import type { FakeSocket } from './FakeSocket.ts';
import { asOnWire, type PaperMedia } from './PaperMedia.ts';

/** A session, and its seat. */
export interface FakeSession {
  readonly id: string;
  readonly peerId: string;
  socket: FakeSocket | undefined;
  seated: boolean;
  /** Replies by request id: a retry gets the first answer. */
  readonly replies: Map<string, unknown>;
}

/** What answers are made of. */
export interface Behind {
  readonly room: RoomState;
  readonly folded: FakeRoom;
  readonly media: PaperMedia;
  readonly chat: FakeChat;
  readonly videoCodecs: readonly VideoCodec[];
  command(command: RoomCommand): void;
  notify<N extends NotificationName>(name: N, data: NotificationData<N>): void;
  vacate(session: FakeSession): void;
}

type Handlers = {
  readonly [N in RequestName]: (session: FakeSession, data: RequestData<N>) => RequestReply<N>;
};

/** One for each request. */
export const fakeHandlers = (server: Behind): Handlers => ({
  hello: (session) => ({
    sessionId: session.id,
    resumeToken: `resume-${session.id}`,
    resumed: session.replies.size > 0,
    userId: `user-${session.id}`,
    role: 'speaker',
    grants: {
      publish: ['mic', 'camera', 'screen', 'screenAudio'],
      subscribe: true,
      chat: true,
      moderate: false,
    },
    guest: true,
    pingIntervalMs: 10_000,
    graceMs: 30_000,
  }),
  ping: () => ({ serverTimeMs: 0, room: { epoch: server.room.epoch, version: server.room.version } }),
  join: (session, { displayName, since }) => {
    session.seated = true;
    const { peerId } = session;
    const { videoCodecs } = server;
    server.command(joinCommand(peerId, displayName, { userId: `user-${session.id}`, videoCodecs }));
    return {
      peerId,
      room: server.folded.catchUp(since),
      rtpCapabilities: asOnWire(testFakeParameters.generateRouterRtpCapabilities()),
      iceServers: [],
      transportIds: server.media.transportsOf(peerId),
      chat: server.chat.tail,
    };
  },
  leave: (session) => {
    server.vacate(session);
    return {};
  },
  createTransport: ({ peerId }) => server.media.createTransport(peerId),
  connectTransport: (_, { transportId }) => {
    server.media.assertTransport(transportId);
    return {};
  },
  restartIce: (_, { transportId }) => {
    server.media.assertTransport(transportId);
    return { iceParameters: { usernameFragment: 'new', password: 'new' }, iceServers: [] };
  },
  publish: ({ peerId }, { transportId, source, muted }) => {
    server.media.assertTransport(transportId);
    const publicationId = publicationIdOf(peerId, source);
    const generation = (getEntity(server.room, 'publication', publicationId)?.generation ?? 0) + 1;
    server.command({ type: 'publish', peerId, source, generation, muted });
    return { publicationId, generation };
  },
  unpublish: ({ peerId }, { source }) => {
    server.command({ type: 'unpublish', peerId, source });
    return {};
  },
  setMuted: ({ peerId }, { source, muted }) => {
    server.command({ type: 'setMuted', peerId, source, muted });
    return {};
  },
  subscribe: (_, { transportId, publicationIds }) => {
    server.media.assertTransport(transportId);
    return server.media.subscribe(server.room, publicationIds);
  },
  unsubscribe: (_, { consumerIds }) => {
    server.media.unsubscribe(consumerIds);
    return {};
  },
  setConsumersPaused: (_, { consumerIds, paused }) => {
    server.media.setPaused(consumerIds, paused);
    return {};
  },
  reportQuality: () => ({}),
  setView: (_, { publications }) => ({
    unknown: publications
      .map(({ publicationId }) => publicationId)
      .filter((publicationId) => !getEntity(server.room, 'publication', publicationId)),
  }),
  speechBegins: () => ({}),
  chatSend: (session, data) => {
    const { message, isNew } = server.chat.send(`user-${session.id}`, data);
    if (isNew) server.notify('chatMessage', { message });
    return { seq: message.seq, sentAtMs: message.sentAtMs };
  },
  chatHistory: (_, data) => server.chat.history(data),
  moderatorMute: ({ peerId }, { peerId: targetPeerId, source }) => {
    server.command({ type: 'moderatorMute', peerId, targetPeerId, source });
    return {};
  },
  moderatorStop: ({ peerId }, { peerId: targetPeerId, source }) => {
    server.command({ type: 'moderatorStop', peerId, targetPeerId, source });
    return {};
  },
  removePeer: ({ peerId }, { peerId: targetPeerId }) => {
    server.command({ type: 'remove', peerId, targetPeerId });
    return {};
  },
});
