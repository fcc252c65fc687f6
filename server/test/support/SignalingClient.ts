/**
 * Owns a client of the signaling socket for tests: typed requests, a record of all notifications, waiting for what is due.
 * Does not own media, and unlike the SDK it repairs nothing by itself: tests must see every hole.
 */
import { once } from 'node:events';
import {
  type ErrorCode,
  fromSnapshot,
  isNext,
  type NotificationData,
  type NotificationName,
  PROTOCOL_VERSION,
  type RequestData,
  type RequestName,
  type RequestReply,
  type RoomEvent,
  type RoomState,
  reduce,
  requests,
  ServerFrame,
} from '@parley/protocol';
import { WebSocket } from 'ws';

/** A refusal as a client sees it. */
export class Refused extends Error {
  readonly code: ErrorCode;
  readonly details: Record<string, unknown>;
  constructor(code: ErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(`${code}: ${message} ${JSON.stringify(details)}`);
    this.code = code;
    this.details = details;
  }
}

/** What a wait may take before the test fails. */
const LIMIT_MS = 10_000;

/** A reply that came, whatever it says. */
type Answer = { readonly ok: unknown } | { readonly error: Refused };

/** One socket. */
export class SignalingClient {
  readonly socket: WebSocket;
  readonly notifications: { name: string; data: unknown }[] = [];
  /** Replies to ids that nobody waits for. */
  readonly strayReplies: { id: string; code: string | undefined; details: unknown }[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  hello: RequestReply<'hello'> | undefined;
  /** The room as folded from the last join and the events since. */
  room: RoomState | undefined;
  /** How many only watch, as told. */
  viewers: number | undefined;
  /** Every event that came as a notification, for counting. */
  readonly roomEvents: RoomEvent[] = [];
  peerId = '';
  readonly #waiting = new Map<string, (answer: Answer) => void>();
  readonly #watchers = new Set<() => void>();
  #nextId = 0;
  readonly #idPrefix = Math.random().toString(36).slice(2, 8);

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        for (const settle of this.#waiting.values()) {
          settle({ error: new Refused('unavailable', `The socket closed with ${code}`) });
        }
        this.#waiting.clear();
        resolve({ code, reason: reason.toString() });
        this.#changed();
      });
    });
    socket.on('error', () => {});
    socket.on('message', (data) => this.#receive(ServerFrame.parse(JSON.parse(data.toString()))));
  }

  /** Opens a socket without saying hello. */
  static async open(url: string): Promise<SignalingClient> {
    const socket = new WebSocket(url);
    const client = new SignalingClient(socket);
    await once(socket, 'open');
    return client;
  }

  /** Opens a socket and says hello. @throws Refused */
  static async connect(
    url: string,
    credentials: { token?: string; resumeToken?: string } = {},
  ): Promise<SignalingClient> {
    const client = await SignalingClient.open(url);
    client.hello = await client.request('hello', { protocolVersion: PROTOCOL_VERSION, ...credentials });
    return client;
  }

  /** Connects and joins. @throws Refused */
  static async join(
    url: string,
    roomId: string,
    displayName: string,
    credentials: { token?: string; resumeToken?: string } = {},
  ): Promise<SignalingClient> {
    const client = await SignalingClient.connect(url, credentials);
    await client.join(roomId, displayName);
    return client;
  }

  /** Joins, going on from the state that is held. */
  async join(roomId: string, displayName: string, from?: RoomState): Promise<RequestReply<'join'>> {
    const since = from && { epoch: from.epoch, version: from.version };
    const id = this.newId();
    const data: RequestData<'join'> = { roomId, displayName, ...(since && { since }) };
    // At once: the events that follow may lie in the same chunk, and are folded before a promise would continue.
    const answer = await this.raw(JSON.stringify({ id, name: 'join', data }), id, (ok) => {
      const reply = requests.join.reply.parse(ok);
      this.peerId = reply.peerId;
      this.viewers = reply.room.viewers;
      if ('snapshot' in reply.room) this.room = fromSnapshot(reply.room.snapshot);
      else if (from) this.room = reduce(from, reply.room.events);
    });
    return replyOf('join', answer);
  }

  /** @throws Refused */
  async request<N extends RequestName>(
    name: N,
    data: RequestData<N>,
    id = this.newId(),
  ): Promise<RequestReply<N>> {
    return replyOf(name, await this.raw(JSON.stringify({ id, name, data }), id));
  }

  /** Sends any text and waits for the reply to an id. `received` is called with one that is no refusal, before later frames are read. */
  raw(text: string, id: string, received?: (ok: unknown) => void): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`No reply to ${text.slice(0, 200)}`)), LIMIT_MS);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        if ('ok' in answer) received?.(answer.ok);
        resolve(answer);
      });
      this.socket.send(text);
    });
  }

  newId(): string {
    this.#nextId += 1;
    return `${this.#idPrefix}-${this.#nextId}`;
  }

  /** Notifications of a name so far. */
  heard<N extends NotificationName>(name: N): NotificationData<N>[] {
    // Taken at the server's word: what tests assert is about the data itself.
    return this.notifications
      .filter((notification) => notification.name === name)
      .map(({ data }) => data as NotificationData<N>);
  }

  /** Waits until something is true of what this client has seen. */
  until<T>(what: string, look: (client: this) => T | undefined | false): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = look(this);
        if (found === undefined || found === false) return;
        done();
        resolve(found);
      };
      const timer = setTimeout(() => {
        done();
        reject(new Error(`Not within ${LIMIT_MS} ms: ${what}`));
      }, LIMIT_MS);
      const done = () => {
        clearTimeout(timer);
        this.#watchers.delete(check);
      };
      this.#watchers.add(check);
      check();
    });
  }

  /** Closes as a browser does when its page goes away. */
  async close(code = 1001): Promise<void> {
    this.socket.close(code);
    await this.closed;
  }

  /** Cuts the connection without a word. */
  async cut(): Promise<void> {
    this.socket.terminate();
    await this.closed;
  }

  #receive(frame: ServerFrame): void {
    if (!('id' in frame)) {
      this.notifications.push({ name: frame.name, data: frame.data });
      // Taken at the server's word, like all notifications.
      if (frame.name === 'roomEvents') this.#fold(frame.data as NotificationData<'roomEvents'>);
      this.#changed();
      return;
    }
    const settle = this.#waiting.get(frame.id);
    this.#waiting.delete(frame.id);
    const error = 'error' in frame ? frame.error : undefined;
    if (!settle) this.strayReplies.push({ id: frame.id, code: error?.code, details: error?.details });
    else if (error) settle({ error: new Refused(error.code, error.message, error.details) });
    else settle({ ok: 'ok' in frame ? frame.ok : undefined });
    this.#changed();
  }

  #fold({ epoch, events, viewers = this.viewers }: NotificationData<'roomEvents'>): void {
    this.roomEvents.push(...events);
    if (!this.room) return;
    if (this.room.epoch !== epoch || !isNext(this.room, events)) {
      throw new Error(`A hole: holds ${this.room.version}, got ${events.map((event) => event.version)}`);
    }
    this.room = reduce(this.room, events);
    this.viewers = viewers;
  }

  #changed(): void {
    for (const check of [...this.#watchers]) check();
  }
}

/** @throws Refused */
function replyOf<N extends RequestName>(name: N, answer: Answer): RequestReply<N> {
  if ('error' in answer) throw answer.error;
  const schema: { parse(input: unknown): unknown } = requests[name].reply;
  // The schema of this very name.
  return schema.parse(answer.ok) as RequestReply<N>;
}
