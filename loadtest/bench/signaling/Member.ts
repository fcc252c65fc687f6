/**
 * Owns a member of a room as cheap as one can be, so that hundreds in one process do not measure themselves: it counts what it hears,
 * and how old roster events are on arrival. Does not own who joins when (the measurements), and does not check frames: bots do.
 */
import { once } from 'node:events';
import { PROTOCOL_VERSION } from '@parley/protocol';
import { WebSocket } from 'ws';

/** The parts of a frame that are looked at. */
interface Frame {
  readonly id?: string;
  readonly ok?: unknown;
  readonly error?: unknown;
  readonly name?: string;
  readonly data?: { readonly events?: readonly { readonly patches: readonly RosterPatch[] }[] };
}
interface RosterPatch {
  readonly entity: string;
  readonly set?: { readonly joinedAtMs?: number };
}

/** One socket with a seat. */
export class Member {
  /** Room events: messages, and their bytes. */
  messages = 0;
  bytes = 0;
  /** The size of the answer to `join`. */
  joinedBytes = 0;
  /** From the server's decision that somebody is in until this member heard of it, for each of them; both by this machine's clock. */
  readonly lagsMs: number[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, (frame: Frame, bytes: number) => void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#receive(String(data)));
  }

  /** Connects, says hello and takes a seat. @throws Error with the server's refusal. */
  static async join(url: string, roomId: string, name: string, token?: string): Promise<Member> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { perMessageDeflate: false });
    await once(socket, 'open');
    const member = new Member(socket);
    const hello = member.#ask('hello', { protocolVersion: PROTOCOL_VERSION, ...(token && { token }) });
    // Not waited for: a client need not.
    const join = member.#ask('join', { roomId, displayName: name });
    await hello;
    member.joinedBytes = await join;
    return member;
  }

  /** Leaves as a page that is closed. */
  async leave(): Promise<void> {
    this.#socket.close(1001);
    await once(this.#socket, 'close');
  }

  /** Forgets what was counted. */
  reset(): void {
    this.messages = 0;
    this.bytes = 0;
    this.lagsMs.length = 0;
  }

  /** Gives the size of the answer. */
  #ask(name: string, data: Record<string, unknown>): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(name, ({ error }, bytes) => {
        if (error === undefined) resolve(bytes);
        else reject(new Error(`${name}: ${JSON.stringify(error)}`));
      });
      this.#socket.send(JSON.stringify({ id: name, name, data }));
    });
  }

  #receive(text: string): void {
    const frame: Frame = JSON.parse(text);
    if (frame.id !== undefined) this.#waiting.get(frame.id)?.(frame, text.length);
    if (frame.name !== 'roomEvents') return;
    this.messages += 1;
    this.bytes += text.length;
    const nowMs = Date.now();
    for (const { patches } of frame.data?.events ?? []) {
      for (const { entity, set } of patches) {
        if (entity === 'peer' && set?.joinedAtMs !== undefined) this.lagsMs.push(nowMs - set.joinedAtMs);
      }
    }
  }
}
