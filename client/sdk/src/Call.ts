/**
 * Owns a call from the first connection to its end: puts the managers together, takes the seat (again), and shows all of it as one
 * snapshot. Does not own what a manager can do alone: socket, room, media, devices, chat, people.
 */
import {
  CallError,
  getEntity,
  isHost,
  type Peer,
  type RequestReply,
  ROOM_ENTITY_ID,
  type RoomEvent,
  type RoomState,
  type Source,
} from '@parley/protocol';
import { CallStore } from './CallStore.ts';
import { ChatLog } from './ChatLog.ts';
import type { DeviceFactory } from './deviceFactory.ts';
import { type DeviceOpeners, LocalMedia } from './LocalMedia.ts';
import { MediaSession } from './MediaSession.ts';
import { isPageHidden, watchPage } from './pageLifecycle.ts';
import { Seat } from './Seat.ts';
import { type SessionEnd, SignalingSocket, type SocketLike } from './SignalingSocket.ts';
import { SpeechOnset } from './SpeechOnset.ts';
import { defaultUrl, storeSession, takeStoredSession } from './sessionStore.ts';
import { toCallError } from './toCallError.ts';
import type { CallApi, CallOptions, CallSnapshot, CallStatus, JoinChoice, ViewTile } from './types.ts';

/** A server that is told of the end gets this long before the socket closes. */
const LEAVE_TIME_LIMIT_MS = 1000;
/** A first join that has no seat by then has failed; a call that was joined goes on trying. */
const JOIN_TIME_LIMIT_MS = 30_000;
const HINT_TIME_LIMIT_MS = 1000;

/** The outside world of a call; tests bring their own. */
export interface CallEnvironment {
  readonly connect?: (url: string) => SocketLike;
  readonly devices?: DeviceFactory;
  readonly openers?: DeviceOpeners;
}

/** One call. See {@link CallApi} for what its methods promise. */
export class Call implements CallApi {
  #options: CallOptions;
  readonly #url: string;
  readonly #store: CallStore;
  readonly #socket: SignalingSocket;
  readonly #seat: Seat;
  readonly #media: MediaSession;
  readonly #local: LocalMedia;
  readonly #chat: ChatLog;
  readonly #onset = new SpeechOnset(() => this.#handleSpeechOnset());
  readonly #stopWatching: () => void;
  /** The answer to the newest `hello`. */
  #hello: RequestReply<'hello'> | undefined;
  #peerId: string | undefined;
  #joining: PromiseWithResolvers<void> | undefined;
  #joinLimit: ReturnType<typeof setTimeout> | undefined;

  constructor(options: CallOptions, environment: CallEnvironment = {}) {
    this.#options = options;
    this.#url = options.url ?? defaultUrl();
    this.#store = new CallStore(options.roomId);
    const { token, roomId, subscribe, iceTransportPolicy } = options;
    const { connect, devices, openers } = environment;
    this.#socket = new SignalingSocket(
      {
        url: this.#url,
        token,
        resumeToken: takeStoredSession(this.#url, roomId),
        ...(connect && { connect }),
      },
      {
        opened: () => this.#media.quality.times.mark('socketMs'),
        welcomed: (hello) => this.#handleWelcome(hello),
        interrupted: (attempt, nextAttemptAtMs) => this.#handleInterrupted(attempt, nextAttemptAtMs),
        pinged: ({ room, chat }) => {
          if (room) this.#seat.room.handleTail(room);
          if (chat) this.#chat.handleTail(chat);
        },
        ended: (end) => this.#handleEnded(end),
        notifications: {
          roomEvents: ({ epoch, events, viewers }) => this.#seat.room.handleEvents(epoch, events, viewers),
          chatMessage: ({ message }) => this.#chat.handleMessage(message),
          mediaMoved: () => this.#media.handleMoved(),
          consumersClosed: ({ consumerIds }) => this.#media.handleConsumersClosed(consumerIds),
          encodingsWanted: (wanted) => this.#media.handleEncodingsWanted(wanted),
          audioPool: ({ publicationIds }) => this.#media.handleAudioPool(publicationIds),
          activeSpeakers: ({ peerIds }) => this.#store.changePeople((people) => people.setSpeakers(peerIds)),
          peerQuality: ({ peers }) => {
            this.#media.quality.peers.handleScores(peers);
            this.#store.changePeople((people) => people.setScores(peers));
          },
          peerTrouble: ({ peerId, trouble }) =>
            this.#media.quality.peers.handleWord(peerId, trouble, performance.now()),
          removed: () => this.#handleEnded({ reason: 'removed' }),
        },
      },
    );
    this.#seat = new Seat(
      this.#socket,
      { roomId, displayName: options.displayName },
      {
        seated: (joined) => this.#handleSeated(joined),
        roomChanged: (state, events) => this.#handleRoom(state, events),
        refused: (error) => this.#handleRefused(error),
      },
    );
    this.#media = new MediaSession(
      (name, data) => this.#socket.request(name, data),
      {
        stateChanged: () => this.#store.set({ media: this.#media.state }),
        trackChanged: (id, track) => this.#store.changePeople((people) => people.setTrack(id, track)),
        qualityChanged: (quality) => this.#store.changePeople((people) => people.setLocalQuality(quality)),
        troublesMeasured: (own, weak) => this.#store.changePeople((people) => people.setTroubles(own, weak)),
        reportDue: () => this.#reportQuality(),
        mutedByHost: (source) => this.#local.handleMuted(source),
        stoppedByHost: (source) => this.#local.handleStopped(source),
        refused: (source) => this.#local.handleStopped(source),
      },
      { subscribe, iceTransportPolicy, ...(devices && { devices }) },
    );
    this.#local = new LocalMedia(
      {
        changed: () => {
          this.#store.set({ local: this.#local.state });
          this.#store.changePeople((people) => people.setLocalMedia(this.#local.media));
        },
        sourceChanged: (source, local) => {
          this.#media.setSource(source, local);
          if (source === 'mic') this.#onset.watch(local?.track ?? null);
        },
      },
      openers,
    );
    this.#chat = new ChatLog(
      (name, data) => this.#socket.request(name, data),
      () => this.#store.setChat(this.#chat.view),
    );
    this.#stopWatching = watchPage({
      hidden: () => this.#keepSession(),
      visible: () => {
        takeStoredSession(this.#url, roomId);
        this.#socket.wake();
      },
      leaving: () => this.#handlePageLeaving(),
      restored: () => this.#socket.open(),
      online: () => {
        this.#socket.wake();
        this.#media.handleNetworkChanged();
      },
    });
  }

  getSnapshot(): CallSnapshot {
    return this.#store.snapshot();
  }

  subscribe(listener: () => void): () => void {
    return this.#store.subscribe(listener);
  }

  prepare(): void {
    if (this.#store.snapshot().status.phase !== 'idle') return;
    this.#socket.open();
    this.#media.warmUp();
  }

  join(choice: JoinChoice = {}): Promise<void> {
    if (this.#store.snapshot().status.phase !== 'idle') {
      return Promise.reject(new CallError('invalid-state', 'A call is joined once'));
    }
    this.#options = { ...this.#options, ...choice };
    this.#seat.setDisplayName(this.#options.displayName);
    this.#joining = Promise.withResolvers();
    this.#media.quality.times.start();
    this.#store.set({ status: { phase: 'joining' } });
    this.#joinLimit = setTimeout(
      () => this.#handleRefused(new CallError('timeout', 'The server could not be reached')),
      JOIN_TIME_LIMIT_MS,
    );
    this.#socket.open();
    const hello = this.#hello;
    if (hello) {
      this.#local.start(this.#options, hello.grants.publish);
      void this.#seat.take();
    }
    return this.#joining.promise;
  }

  async leave(): Promise<void> {
    const { phase } = this.#store.snapshot().status;
    if (phase === 'left') return;
    this.#reportQuality();
    const told = this.#socket.request('leave', {}, LEAVE_TIME_LIMIT_MS).catch(() => undefined);
    this.#close({ phase: 'left', reason: 'left' });
    // Devices are off and the app sees the end already; only the socket waits until the server has heard of it.
    await told;
    this.#socket.close();
  }

  setMicEnabled(enabled: boolean): Promise<void> {
    return this.#setEnabled('mic', enabled);
  }

  setCameraEnabled(enabled: boolean): Promise<void> {
    return this.#setEnabled('camera', enabled);
  }

  setMicDevice(deviceId: string): Promise<void> {
    return this.#act(() => this.#local.setDevice('mic', deviceId));
  }

  setCameraDevice(deviceId: string): Promise<void> {
    return this.#act(() => this.#local.setDevice('camera', deviceId));
  }

  startScreenShare(): Promise<void> {
    return this.#act(() => {
      this.#assertMayPublish('screen');
      return this.#local.startScreen();
    });
  }

  stopScreenShare(): Promise<void> {
    return this.#act(async () => this.#local.stopScreen());
  }

  setView(tiles: readonly ViewTile[]): void {
    if (!this.#isOver()) this.#media.setView(tiles);
  }

  sendMessage(text: string): Promise<void> {
    return this.#act(() => this.#chat.send(text));
  }

  retryMessage(messageId: string): Promise<void> {
    return this.#act(() => this.#chat.retry(messageId));
  }

  loadOlderMessages(): Promise<void> {
    return this.#act(() => this.#chat.loadOlder());
  }

  moderatorMute(peerId: string, source: Source): Promise<void> {
    return this.#act(() => this.#socket.request('moderatorMute', { peerId, source }));
  }

  moderatorStop(peerId: string, source: Source): Promise<void> {
    return this.#act(() => this.#socket.request('moderatorStop', { peerId, source }));
  }

  removePeer(peerId: string): Promise<void> {
    return this.#act(() => this.#socket.request('removePeer', { peerId }));
  }

  getStats(): ReturnType<CallApi['getStats']> {
    return this.#media.getStats();
  }

  #setEnabled(source: 'mic' | 'camera', enabled: boolean): Promise<void> {
    return this.#act(() => {
      if (enabled) this.#assertMayPublish(source);
      return this.#local.setEnabled(source, enabled);
    });
  }

  #assertMayPublish(source: Source): void {
    if (this.#hello && !this.#hello.grants.publish.includes(source)) {
      throw new CallError('forbidden', `This participant may not publish ${source}`);
    }
  }

  /** Methods reject with a CallError and with nothing else. */
  async #act(action: () => Promise<unknown>): Promise<void> {
    try {
      if (this.#isOver()) throw new CallError('invalid-state', 'The call is over');
      await action();
    } catch (error) {
      throw toCallError(error);
    }
  }

  #isOver(): boolean {
    return this.#store.snapshot().status.phase === 'left';
  }

  #inCall(): boolean {
    return this.#joining !== undefined && !this.#isOver();
  }

  #handleWelcome(hello: RequestReply<'hello'>): void {
    const first = this.#hello === undefined;
    this.#hello = hello;
    this.#media.quality.times.mark('helloMs');
    this.#store.setGrants(hello.grants);
    if (!this.#inCall()) return;
    if (first) this.#local.start(this.#options, hello.grants.publish);
    if (isPageHidden()) this.#keepSession();
    void this.#seat.take();
  }

  #handleSeated(joined: RequestReply<'join'>): void {
    const hello = this.#hello;
    if (!hello) return;
    clearTimeout(this.#joinLimit);
    this.#media.quality.times.mark('seatMs');
    this.#peerId = joined.peerId;
    this.#media.handleSeated(joined, hello.grants);
    const senderName = hello.displayName ?? this.#options.displayName;
    this.#chat.handleJoined({ senderId: hello.userId, senderName }, joined.chat);
    this.#store.set({ status: { phase: 'joined' }, media: this.#media.state });
    this.#joining?.resolve();
  }

  #handleRoom(state: RoomState, events: readonly RoomEvent[] | undefined): void {
    const [peerId, hello] = [this.#peerId, this.#hello];
    if (peerId === undefined || !hello) return;
    this.#media.handleRoom(state, events);
    this.#media.quality.peers.keepOnly((id) => getEntity(state, 'peer', id) !== undefined);
    const { userId, role, displayName = this.#options.displayName } = hello;
    const self: Peer = { userId, role, displayName, connection: 'online', joinedAtMs: Date.now() };
    this.#store.changePeople((people) => people.setRoom(state, peerId, self));
    const callStartedAtMs = getEntity(state, 'room', ROOM_ENTITY_ID)?.startedAtMs;
    this.#store.set({ callStartedAtMs, viewerCount: this.#seat.room.viewers });
    // In a guest room nobody brings the right along: whoever hosts has it.
    this.#store.setGrants({ ...hello.grants, moderate: hello.grants.moderate || isHost(state, peerId) });
  }

  /** A hint is worth something now or never. */
  #handleSpeechOnset(): void {
    const { status, participants } = this.#store.snapshot();
    if (status.phase !== 'joined' || participants.some(({ isLocal, speaking }) => isLocal && speaking))
      return;
    this.#socket.request('speechBegins', {}, HINT_TIME_LIMIT_MS).catch(() => undefined);
  }

  #handleInterrupted(attempt: number, nextAttemptAtMs: number): void {
    this.#seat.handleInterrupted();
    const { phase } = this.#store.snapshot().status;
    if (phase === 'joined' || phase === 'reconnecting') {
      this.#store.set({ status: { phase: 'reconnecting', attempt, nextAttemptAtMs } });
    }
  }

  #handleRefused({ code, message, details }: CallError): void {
    const reason = details?.reason === 'removed' ? 'removed' : 'error';
    this.#handleEnded({ reason, failure: { code, message } });
  }

  #handleEnded({ reason, failure }: SessionEnd): void {
    if (this.#isOver()) return;
    this.#close({ phase: 'left', reason, ...(failure && { error: failure }) });
    this.#socket.close();
  }

  /** Everything but the socket, which may still have to tell the server. */
  #close(status: Extract<CallStatus, { phase: 'left' }>): void {
    const { code, message } = status.error ?? { code: 'invalid-state' as const, message: 'The call is over' };
    const error = new CallError(code, message);
    this.#store.set({ status });
    clearTimeout(this.#joinLimit);
    this.#stopWatching();
    this.#seat.close();
    this.#onset.watch(null);
    this.#media.close();
    this.#local.close();
    this.#chat.close(error);
    takeStoredSession(this.#url, this.#options.roomId);
    this.#joining?.reject(error);
  }

  /** Best effort: without a seat on a socket nothing is told, and the next report makes up for it. */
  #reportQuality(): void {
    if (this.#store.snapshot().status.phase !== 'joined') return;
    this.#socket.request('reportQuality', this.#media.quality.report()).catch(() => undefined);
  }

  /** Where a reload, or this tab brought back to life, finds the session. */
  #keepSession(): void {
    if (this.#hello && this.#inCall()) storeSession(this.#url, this.#options.roomId, this.#hello.resumeToken);
  }

  /**
   * The end of the socket ends the seat at once, so that nobody looks at a frozen picture; whoever reloads has it back in a moment.
   * Without the `leave` of somebody who goes for good: who hosts a room of guests would come back as one of them.
   */
  #handlePageLeaving(): void {
    this.#reportQuality();
    this.#keepSession();
    if (this.#inCall()) this.#handleInterrupted(1, Date.now());
    this.#socket.suspend();
  }
}
