/**
 * Owns a signaling server in memory for tests: its sockets and sessions, and which answers are held back, lost or refused. Every frame
 * passes only in `settle`. Does not own the room (FakeRoom), media (PaperMedia) and chat (FakeChat) behind it, nor time (fake timers).
 */
import {
  CallError,
  getEntity,
  isNotificationName,
  type NotificationData,
  type NotificationName,
  type RequestName,
  type RoomCommand,
  type RoomState,
  requests,
  type Source,
  type VideoCodec,
} from '@parley/protocol';
import { FakeChat } from './FakeChat.ts';
import { FakeRoom, joinCommand } from './FakeRoom.ts';
import { FakeSocket } from './FakeSocket.ts';
import { type Behind, type FakeSession, fakeHandlers } from './fakeHandlers.ts';
import { PaperMedia } from './PaperMedia.ts';

/** A request as the server saw it. */
export interface SeenRequest {
  readonly id: string;
  readonly name: string;
  readonly data: Record<string, unknown>;
  readonly peerId: string;
}

/** See the head of the file. */
export class FakeServer implements Behind {
  readonly sockets: FakeSocket[] = [];
  /** Every request in the order of arrival. */
  readonly seen: SeenRequest[] = [];
  readonly media = new PaperMedia();
  /** In which order of preference the call begins. */
  videoCodecs: readonly VideoCodec[] = ['vp8'];
  /** The room with its events; its state is {@link room}. */
  readonly folded = new FakeRoom();
  readonly chat = new FakeChat();
  readonly #handlers = fakeHandlers(this);
  readonly #sessions = new Map<string, FakeSession>();
  readonly #sessionOf = new Map<FakeSocket, FakeSession>();
  readonly #held = new Map<string, (() => void)[]>();
  readonly #failing = new Map<string, CallError>();
  #count = 0;

  get room(): RoomState {
    return this.folded.state;
  }

  get messages(): FakeChat['messages'] {
    return this.chat.messages;
  }

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
    const event = this.folded.command(command);
    if (!event) return;
    this.notify('roomEvents', { roomId: 'room', epoch: this.room.epoch, events: [event] });
  }

  /** Somebody without a client joins and publishes. */
  addPeer(peerId: string, displayName: string, published: readonly Source[] = []): void {
    this.command(joinCommand(peerId, displayName));
    for (const source of published) {
      this.command({ type: 'publish', peerId, source, generation: 1, muted: false });
    }
  }

  /** Everything in memory is gone; sessions go on by their resume tokens. */
  restart(epoch: string): void {
    this.cut();
    this.media.lose();
    this.folded.restart(epoch);
    for (const session of this.#sessions.values()) session.replies.clear();
  }

  /** Requests of one name, oldest first. */
  seenOf(name: RequestName): SeenRequest[] {
    return this.seen.filter((request) => request.name === name);
  }

  #advance(socket: FakeSocket): boolean {
    if (socket.clientCloseCode !== undefined) {
      const session = this.#sessionOf.get(socket);
      if (session?.socket === socket && socket.clientCloseCode === 1000) this.vacate(session, true);
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
      const ok = session.replies.get(id) ?? this.#run(name, session, data);
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

  #run(name: RequestName, session: FakeSession, data: Record<string, unknown>): unknown {
    const inSeat = !['hello', 'ping', 'join', 'leave'].includes(name);
    if (inSeat && !session.seated) throw new CallError('invalid-state', 'Join a room first');
    // Each handler takes what the schema of its own name let through, which the type of the table cannot say of any name.
    const handler = this.#handlers[name] as (session: FakeSession, data: unknown) => unknown;
    return handler(session, data);
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

  /** A seat ends. */
  vacate(session: FakeSession, mayReturn = false): void {
    session.seated = false;
    this.command({ type: 'leave', peerId: session.peerId, mayReturn });
    this.media.closeTransportsOf(session.peerId);
  }
}

const isName = (name: string): name is RequestName => Object.hasOwn(requests, name);
