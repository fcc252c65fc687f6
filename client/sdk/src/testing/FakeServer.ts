/**
 * Owns a signaling server in memory for tests: sessions, one room that really decides and folds, media that exists on paper, chat.
 * Every frame passes only in `settle`, and any request's answer can be held back or lost. Does not own time (fake timers).
 */
import {
  CallError,
  type ChatMessage,
  type ConsumerInfo,
  decide,
  emptyRoom,
  getEntity,
  isNotificationName,
  kindOf,
  type NotificationData,
  type NotificationName,
  publicationIdOf,
  type RequestData,
  type RequestName,
  type RequestReply,
  type RoomCommand,
  type RoomEvent,
  reduce,
  requests,
  type Source,
  sources,
  toSnapshot,
  type VideoCodec,
} from '@parley/protocol';
import { testFakeParameters } from 'mediasoup-client';
import { FakeSocket } from './FakeSocket.ts';

type Handlers = {
  readonly [N in RequestName]: (session: FakeSession, data: RequestData<N>, id: string) => RequestReply<N>;
};

interface FakeSession {
  readonly id: string;
  readonly peerId: string;
  socket: FakeSocket | undefined;
  seated: boolean;
  /** Replies by request id: a retry gets the first answer. */
  readonly replies: Map<string, unknown>;
}

/** A request as the server saw it. */
export interface SeenRequest {
  readonly id: string;
  readonly name: string;
  readonly data: Record<string, unknown>;
  readonly peerId: string;
}

/** See the head of the file. */
export class FakeServer {
  readonly sockets: FakeSocket[] = [];
  /** Every request in the order of arrival. */
  readonly seen: SeenRequest[] = [];
  readonly messages: ChatMessage[] = [];
  room = emptyRoom('room', 'epoch1');
  /** In which order of preference the call begins. */
  videoCodecs: readonly VideoCodec[] = ['vp8'];
  #events: RoomEvent[] = [];
  readonly #sessions = new Map<string, FakeSession>();
  readonly #sessionOf = new Map<FakeSocket, FakeSession>();
  readonly #transports = new Map<string, { readonly peerId: string; readonly direction: string }>();
  readonly #consumers = new Map<string, { readonly publicationId: string; paused: boolean }>();
  readonly #held = new Map<string, (() => void)[]>();
  readonly #failing = new Map<string, CallError>();
  readonly #refused = new Set<string>();
  #count = 0;

  /** Give this to the client. */
  readonly connect = (url: string): FakeSocket => {
    const socket = new FakeSocket(url);
    this.sockets.push(socket);
    return socket;
  };

  /** Lets every frame pass, both ways, until nothing moves any more. `tick` lets promises run. */
  async settle(tick: () => Promise<unknown>): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet += 1) {
      await tick();
      for (const socket of this.sockets) if (this.#advance(socket)) quiet = 0;
    }
  }

  /** From now on answers to requests of this name are computed but wait for {@link release}. */
  hold(name: RequestName): void {
    this.#held.set(name, []);
  }

  /** Sends the answers that were held back (into the void, where their socket is gone). */
  release(name: RequestName): void {
    const held = this.#held.get(name) ?? [];
    this.#held.delete(name);
    for (const send of held) send();
  }

  /** The next request of this name is refused. */
  failNext(name: RequestName, error: CallError): void {
    this.#failing.set(name, error);
  }

  /** From now on this publication cannot be consumed. */
  refuse(publicationId: string): void {
    this.#refused.add(publicationId);
  }

  /** It can be again. */
  allow(publicationId: string): void {
    this.#refused.delete(publicationId);
  }

  /** Cuts every socket, as a network that went away. */
  cut(code = 1006): void {
    for (const socket of this.sockets) {
      this.#handleClosed(socket);
      socket.serverClose(code);
    }
  }

  /** Tells everybody who has a seat. */
  notify<N extends NotificationName>(name: N, data: NotificationData<N>): void {
    if (!isNotificationName(name)) throw new Error(name);
    for (const { socket, seated } of this.#sessions.values()) if (seated) socket?.serverSend({ name, data });
  }

  /** Changes the room as a command of anybody. */
  command(command: RoomCommand): void {
    const { patches } = decide(this.room, command);
    if (patches.length === 0) return;
    const event = { version: this.room.version + 1, patches: [...patches] };
    this.#events.push(event);
    this.room = reduce(this.room, [event]);
    this.notify('roomEvents', { roomId: 'room', epoch: this.room.epoch, events: [event] });
  }

  /** Somebody without a client joins and publishes. */
  addPeer(peerId: string, displayName: string, published: readonly Source[] = []): void {
    this.command(joinCommand(peerId, displayName));
    for (const source of published) {
      this.command({ type: 'publish', peerId, source, generation: 1, muted: false });
    }
  }

  /** All media is gone, as after a worker's death. */
  loseMedia(): void {
    this.#transports.clear();
    this.#consumers.clear();
  }

  /** Everything in memory is gone; sessions go on by their resume tokens. */
  restart(epoch: string): void {
    this.cut();
    this.loseMedia();
    this.room = emptyRoom('room', epoch);
    this.#events = [];
    for (const session of this.#sessions.values()) session.replies.clear();
  }

  /** Publication ids that a live consumer passes on. */
  flowing(): string[] {
    return [...this.#consumers.values()]
      .filter(({ paused }) => !paused)
      .map(({ publicationId }) => publicationId);
  }

  /** Requests of one name, oldest first. */
  seenOf(name: RequestName): SeenRequest[] {
    return this.seen.filter((request) => request.name === name);
  }

  #advance(socket: FakeSocket): boolean {
    if (socket.clientCloseCode !== undefined) {
      const session = this.#sessionOf.get(socket);
      if (session?.socket === socket && socket.clientCloseCode === 1000) this.#vacate(session, true);
      this.#handleClosed(socket);
    } else if (!socket.isOpen && !this.#sessionOf.has(socket) && this.sockets.at(-1) === socket) {
      socket.serverAccept();
      return true;
    }
    const frames = socket.takeRequests();
    for (const frame of frames) this.#handle(socket, frame);
    return frames.length > 0;
  }

  #handleClosed(socket: FakeSocket): void {
    const session = this.#sessionOf.get(socket);
    if (session?.socket !== socket) return;
    session.socket = undefined;
    if (session.seated && getEntity(this.room, 'peer', session.peerId)) {
      session.seated = false;
      this.command({ type: 'setConnection', peerId: session.peerId, connection: 'reconnecting' });
    }
    session.seated = false;
  }

  #handle(socket: FakeSocket, frame: { id: string; name: string; data: Record<string, unknown> }): void {
    const { id, name, data } = frame;
    if (name === 'hello') this.#greet(socket, data);
    const session = this.#sessionOf.get(socket);
    if (!session || !isName(name)) throw new Error(`unexpected ${name}`);
    this.seen.push({ id, name, data, peerId: session.peerId });
    // The data must pass the real schema, or the client would be refused.
    requests[name].data.parse(data);
    let answer: Record<string, unknown>;
    try {
      const failing = this.#failing.get(name);
      this.#failing.delete(name);
      if (failing) throw failing;
      const ok = session.replies.get(id) ?? this.#run(name, session, data, id);
      session.replies.set(id, ok);
      answer = { id, ok };
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      const { code, message, retryable, details } = error;
      answer = { id, error: { code, message, retryable, details } };
    }
    const held = this.#held.get(name);
    if (held) held.push(() => socket.serverSend(answer));
    else socket.serverSend(answer);
  }

  #run(name: RequestName, session: FakeSession, data: Record<string, unknown>, id: string): unknown {
    const inSeat = !['hello', 'ping', 'join', 'leave'].includes(name);
    if (inSeat && !session.seated) throw new CallError('invalid-state', 'Join a room first');
    const handler = this.#handlers[name] as (session: FakeSession, data: unknown, id: string) => unknown;
    return handler(session, data, id);
  }

  #greet(socket: FakeSocket, { resumeToken }: Record<string, unknown>): void {
    const known = typeof resumeToken === 'string' ? this.#sessions.get(resumeToken) : undefined;
    this.#count += 1;
    const session = known ?? {
      id: `s${this.#count}`,
      peerId: `p${this.#count}`,
      socket: undefined,
      seated: false,
      replies: new Map(),
    };
    session.socket = socket;
    this.#sessions.set(`resume-${session.id}`, session);
    this.#sessionOf.set(socket, session);
  }

  #vacate(session: FakeSession, mayReturn = false): void {
    session.seated = false;
    this.command({ type: 'leave', peerId: session.peerId, mayReturn });
    for (const [id, { peerId }] of this.#transports)
      if (peerId === session.peerId) this.#transports.delete(id);
  }

  #assertTransport(transportId: string): void {
    if (this.#transports.has(transportId)) return;
    throw new CallError('not-found', 'No such transport', { details: { what: 'transport' } });
  }

  #consume(publicationId: string): ConsumerInfo | undefined {
    const publication = getEntity(this.room, 'publication', publicationId);
    if (!publication || this.#refused.has(publicationId)) return undefined;
    const { peerId, source, generation } = publication;
    this.#count += 1;
    const consumerId = `c${this.#count}`;
    this.#consumers.set(consumerId, { publicationId, paused: true });
    const kind = kindOf(source);
    const codecMimeType = kind === 'audio' ? 'audio/opus' : 'video/VP8';
    const { rtpParameters } = testFakeParameters.generateConsumerRemoteParameters({ codecMimeType });
    const info = { consumerId, publicationId, peerId, source, generation, kind, rtpParameters };
    return JSON.parse(JSON.stringify(info));
  }

  readonly #handlers: Handlers = {
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
    ping: () => ({ serverTimeMs: 0, room: { epoch: this.room.epoch, version: this.room.version } }),
    join: (session, { displayName, since }) => {
      session.seated = true;
      const { videoCodecs } = this;
      const userId = `user-${session.id}`;
      this.command({ ...joinCommand(session.peerId, displayName), userId, videoCodecs });
      const missed = since?.epoch === this.room.epoch;
      return {
        peerId: session.peerId,
        room: missed
          ? {
              epoch: since.epoch,
              events: this.#events.filter(({ version }) => version > since.version),
              viewers: 0,
            }
          : { snapshot: toSnapshot(this.room), viewers: 0 },
        rtpCapabilities: JSON.parse(JSON.stringify(testFakeParameters.generateRouterRtpCapabilities())),
        iceServers: [],
        transportIds: [...this.#transports]
          .filter(([, { peerId }]) => peerId === session.peerId)
          .map(([transportId]) => transportId),
        chat: { conversationId: 'chat1', firstSeq: 1, lastSeq: this.messages.length },
      };
    },
    leave: (session) => {
      this.#vacate(session);
      return {};
    },
    createTransport: ({ peerId }, { direction }) => {
      this.#count += 1;
      const transportId = `t${this.#count}`;
      this.#transports.set(transportId, { peerId, direction });
      const { iceParameters, iceCandidates, dtlsParameters } =
        testFakeParameters.generateTransportRemoteParameters();
      return JSON.parse(JSON.stringify({ transportId, iceParameters, iceCandidates, dtlsParameters }));
    },
    connectTransport: (_, { transportId }) => {
      this.#assertTransport(transportId);
      return {};
    },
    restartIce: (_, { transportId }) => {
      this.#assertTransport(transportId);
      return { iceParameters: { usernameFragment: 'new', password: 'new' }, iceServers: [] };
    },
    publish: ({ peerId }, { transportId, source, muted }) => {
      this.#assertTransport(transportId);
      const publicationId = publicationIdOf(peerId, source);
      const generation = (getEntity(this.room, 'publication', publicationId)?.generation ?? 0) + 1;
      this.command({ type: 'publish', peerId, source, generation, muted });
      return { publicationId, generation };
    },
    unpublish: ({ peerId }, { source }) => {
      this.command({ type: 'unpublish', peerId, source });
      return {};
    },
    setMuted: ({ peerId }, { source, muted }) => {
      this.command({ type: 'setMuted', peerId, source, muted });
      return {};
    },
    subscribe: (_, { transportId, publicationIds }) => {
      this.#assertTransport(transportId);
      const infos = publicationIds.map((publicationId) => this.#consume(publicationId) ?? publicationId);
      return {
        consumers: infos.filter((info) => typeof info !== 'string'),
        refused: infos
          .filter((info) => typeof info === 'string')
          .map((publicationId) => ({ publicationId, code: 'not-found' })),
      };
    },
    unsubscribe: (_, { consumerIds }) => {
      for (const consumerId of consumerIds) this.#consumers.delete(consumerId);
      return {};
    },
    setConsumersPaused: (_, { consumerIds, paused }) => {
      for (const consumerId of consumerIds) {
        const consumer = this.#consumers.get(consumerId);
        if (consumer) consumer.paused = paused;
      }
      return {};
    },
    reportQuality: () => ({}),
    setView: (_, { publications }) => ({
      unknown: publications
        .map(({ publicationId }) => publicationId)
        .filter((publicationId) => !getEntity(this.room, 'publication', publicationId)),
    }),
    speechBegins: () => ({}),
    chatSend: (session, { messageId, text }) => {
      const known = this.messages.find((message) => message.messageId === messageId);
      const message = known ?? {
        conversationId: 'chat1',
        seq: this.messages.length + 1,
        messageId,
        senderId: `user-${session.id}`,
        senderName: 'Ada',
        text,
        sentAtMs: 1000,
      };
      if (!known) {
        this.messages.push(message);
        this.notify('chatMessage', { message });
      }
      return { seq: message.seq, sentAtMs: message.sentAtMs };
    },
    chatHistory: (_, { afterSeq, beforeSeq }) => {
      const all = this.messages.filter(
        ({ seq }) => seq > (afterSeq ?? 0) && seq < (beforeSeq ?? Number.POSITIVE_INFINITY),
      );
      const messages = afterSeq === undefined ? all.slice(-50) : all.slice(0, 50);
      const tail = { conversationId: 'chat1', firstSeq: 1, lastSeq: this.messages.length };
      return { messages, hasMore: all.length > messages.length, tail };
    },
    moderatorMute: ({ peerId }, { peerId: targetPeerId, source }) => {
      this.command({ type: 'moderatorMute', peerId, targetPeerId, source });
      return {};
    },
    moderatorStop: ({ peerId }, { peerId: targetPeerId, source }) => {
      this.command({ type: 'moderatorStop', peerId, targetPeerId, source });
      return {};
    },
    removePeer: ({ peerId }, { peerId: targetPeerId }) => {
      this.command({ type: 'remove', peerId, targetPeerId });
      return {};
    },
  };
}

const isName = (name: string): name is RequestName => Object.hasOwn(requests, name);

const joinCommand = (peerId: string, displayName: string): Extract<RoomCommand, { type: 'join' }> => ({
  type: 'join',
  peerId,
  userId: `user-${peerId}`,
  displayName,
  role: 'speaker',
  publish: sources,
  guest: true,
  sessionEndsAtMs: 1e9,
  nowMs: 1000,
  callId: 'call1',
  callStartedAtMs: 1000,
  videoCodecs: ['vp8'],
  maxPeers: 100,
  maxViewers: 100,
});
