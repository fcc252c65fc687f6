/**
 * Owns a bot without media: hello, heartbeat, a seat if it has a room, its chat, and coming back when its socket drops.
 * Does not own frames (Line) nor what many bots add up to (process/BotHost.ts).
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  CallError,
  type Cursor,
  closeCodes,
  notifications,
  PROTOCOL_VERSION,
  type RequestReply,
} from '@parley/protocol';
import type { JoinPhases } from '../process/messages.ts';
import { ChatMember } from './ChatMember.ts';
import { Line } from './Line.ts';

/** Who it is and where it goes. */
export interface SocketBotOptions {
  readonly id: string;
  /** `ws://host:port/ws`. */
  readonly url: string;
  readonly localAddress?: string | undefined;
  /** Absent: it stays idle after hello. */
  readonly roomId?: string | undefined;
  /** Asked for each hello; undefined for guests. */
  readonly token: () => Promise<string | undefined>;
}

/** What a bot tells while it lives. */
export interface SocketBotEvents {
  pinged(timeMs: number): unknown;
  /** The socket ended without the bot's doing; it tries to come back unless `failed` follows. */
  dropped(): void;
  failed(what: string, error: CallError): unknown;
  messageSent(): void;
  messageReceived(): void;
}

/** How a dropped bot came back. */
export interface Return {
  readonly backMs: number;
  /** It is the same session, in the same seat. */
  readonly resumed: boolean;
}

/** After these a client does not come back. */
const FINAL_CODES: ReadonlySet<number> = new Set([
  closeCodes.unauthenticated,
  closeCodes.kicked,
  closeCodes.replaced,
  closeCodes.incompatibleVersion,
]);

/** A bot that is in. */
export class SocketBot {
  readonly #options: SocketBotOptions;
  readonly #events: SocketBotEvents;
  #phases: JoinPhases | undefined;
  #line: Line | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #resumeToken: string | undefined;
  #sessionId: string | undefined;
  #cursor: Cursor | undefined;
  #chat: ChatMember | undefined;
  #left = false;

  /** Connects, says hello, takes its seat. @throws CallError */
  static async join(options: SocketBotOptions, events: SocketBotEvents): Promise<SocketBot> {
    const bot = new SocketBot(options, events);
    try {
      bot.#phases = await bot.#enter();
    } catch (error) {
      bot.leave();
      throw error;
    }
    return bot;
  }

  private constructor(options: SocketBotOptions, events: SocketBotEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** How long its first entry took. */
  get phases(): JoinPhases {
    if (!this.#phases) throw new Error('It is not in yet');
    return this.#phases;
  }

  /** Its part in the chat of its room. */
  get chat(): ChatMember | undefined {
    return this.#chat;
  }

  /** Loses its socket, as if the network were gone, and comes back. Undefined when it does not within the limit. */
  async cut(limitMs: number): Promise<Return | undefined> {
    const beganMs = performance.now();
    const sessionId = this.#sessionId;
    this.#line?.cut();
    this.#stopLine();
    if (!(await this.#comeBack(beganMs + limitMs))) return undefined;
    return { backMs: performance.now() - beganMs, resumed: this.#sessionId === sessionId };
  }

  /** Fetches what the push may have missed. */
  async catchUp(): Promise<void> {
    const tail = await this.#line?.request('ping', {}).catch(() => undefined);
    if (tail?.chat) await this.#chat?.handleTail(tail.chat);
  }

  /** Idempotent. */
  leave(): void {
    this.#left = true;
    this.#chat?.stop();
    this.#line?.close();
    this.#stopLine();
  }

  /** A socket, a session, a seat. */
  async #enter(): Promise<JoinPhases> {
    const beganMs = performance.now();
    const { url, localAddress, roomId, token } = this.#options;
    const sinceStart = () => Math.round((performance.now() - beganMs) * 100) / 100;
    const line = await Line.open(url, localAddress, {
      notified: (name, data) => this.#handleNotification(name, data),
      closed: (code) => this.#handleClosed(line, code),
    });
    this.#line = line;
    const connectMs = sinceStart();
    const credential = await token();
    const hello = await line.request('hello', {
      protocolVersion: PROTOCOL_VERSION,
      ...(credential !== undefined && { token: credential }),
      ...(this.#resumeToken !== undefined && { resumeToken: this.#resumeToken }),
    });
    const welcomed = { connectMs, welcomeMs: sinceStart() };
    this.#resumeToken = hello.resumeToken;
    this.#sessionId = hello.sessionId;
    this.#heartbeat = setInterval(() => void this.#ping(line), hello.pingIntervalMs);
    if (roomId === undefined) return welcomed;
    const since = hello.resumed ? this.#cursor : undefined;
    const joined = await line.request('join', {
      roomId,
      displayName: this.#options.id,
      ...(since && { since }),
    });
    const phases = { ...welcomed, joinMs: sinceStart() };
    this.#seated(roomId, joined);
    return phases;
  }

  #seated(roomId: string, { room, chat }: RequestReply<'join'>): void {
    if ('snapshot' in room) this.#cursor = { epoch: room.snapshot.epoch, version: room.snapshot.version };
    else this.#moveCursor(room.epoch, room.events);
    if (!chat) return;
    if (this.#chat) void this.#chat.handleTail(chat);
    else {
      this.#chat = new ChatMember(this.#options.id, roomId, chat, {
        request: (name, data) =>
          this.#line?.request(name, data) ?? Promise.reject(new CallError('unavailable', 'Not connected')),
        sent: () => this.#events.messageSent(),
        received: () => this.#events.messageReceived(),
        failed: (what, error) => this.#events.failed(what, error),
      });
    }
  }

  #moveCursor(epoch: string, events: readonly { version: number }[]): void {
    this.#cursor = { epoch, version: events.at(-1)?.version ?? this.#cursor?.version ?? 0 };
  }

  #handleNotification(name: string, data: unknown): void {
    if (name === 'chatMessage') {
      const parsed = notifications.chatMessage.safeParse(data);
      if (parsed.success) this.#chat?.handleMessage(parsed.data.message);
    } else if (name === 'roomEvents') {
      const parsed = notifications.roomEvents.safeParse(data);
      if (parsed.success) this.#moveCursor(parsed.data.epoch, parsed.data.events);
    }
  }

  async #ping(line: Line): Promise<void> {
    const beganMs = performance.now();
    // One that is not answered shows as a drop, when the server gives the socket up.
    const tail = await line.request('ping', {}).catch(() => undefined);
    if (!tail) return;
    this.#events.pinged(performance.now() - beganMs);
    if (tail.chat) void this.#chat?.handleTail(tail.chat);
  }

  #handleClosed(line: Line, code: number): void {
    if (this.#left || this.#line !== line) return;
    this.#stopLine();
    this.#events.dropped();
    if (FINAL_CODES.has(code)) {
      this.#events.failed('stay', new CallError('unavailable', `The server closed the socket with ${code}`));
    } else void this.#comeBack(Number.POSITIVE_INFINITY);
  }

  /** Tries until it is in again; the pauses are those of the SDK. */
  async #comeBack(deadlineMs: number): Promise<boolean> {
    for (let attempt = 1; !this.#left && performance.now() < deadlineMs; attempt += 1) {
      await delay(pauseMs(attempt));
      if (this.#left) return false;
      try {
        await this.#enter();
        return true;
      } catch (error) {
        this.#line?.cut();
        this.#stopLine();
        const known = error instanceof CallError ? error : new CallError('internal', String(error));
        this.#events.failed('come back', known);
        if (!known.retryable) return false;
      }
    }
    return false;
  }

  #stopLine(): void {
    clearInterval(this.#heartbeat);
    this.#line = undefined;
  }
}

function pauseMs(attempt: number): number {
  if (attempt === 1) return Math.random() * 100;
  const ceilingMs = Math.min(8000, 250 * 2 ** (attempt - 1));
  return ceilingMs / 2 + (Math.random() * ceilingMs) / 2;
}
