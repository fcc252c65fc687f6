/**
 * Owns a WebSocket in memory for tests: both ends, with frames that wait until the test lets them pass.
 * Does not own what a server answers (FakeServer, or the test itself).
 */
import type { SocketLike } from '../SignalingSocket.ts';

/** One socket: the client's end is the object itself, the server's end are its `server*` methods. */
export class FakeSocket extends EventTarget implements SocketLike {
  readonly url: string;
  /** Frames of the client that the server has not read yet. */
  readonly outbox: string[] = [];
  /** The code with which the client closed, if it did. */
  clientCloseCode: number | undefined;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';

  constructor(url: string) {
    super();
    this.url = url;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get readyState(): WebSocket['readyState'] {
    return { connecting: WebSocket.CONNECTING, open: WebSocket.OPEN, closed: WebSocket.CLOSED }[this.#state];
  }

  send(text: string): void {
    if (this.#state === 'connecting') throw new Error('InvalidStateError: still connecting');
    if (this.#state === 'open') this.outbox.push(text);
  }

  close(code?: number): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.clientCloseCode = code;
  }

  /** The handshake succeeds. */
  serverAccept(): void {
    this.#state = 'open';
    this.dispatchEvent(new Event('open'));
  }

  /** A frame arrives at the client. */
  serverSend(frame: unknown): void {
    if (this.#state !== 'open') return;
    this.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(frame) }));
  }

  /** The socket ends from the other side; 1006 is a cut without a close frame. */
  serverClose(code: number): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.dispatchEvent(Object.assign(new Event('close'), { code }));
  }

  /** Takes the requests that wait. */
  takeRequests(): { id: string; name: string; data: Record<string, unknown> }[] {
    return this.outbox.splice(0).map((text) => JSON.parse(text));
  }
}

/** Makes sockets and keeps them for the test to drive. */
export class FakeSockets {
  readonly all: FakeSocket[] = [];

  /** Give this to the client. */
  readonly connect = (url: string): FakeSocket => {
    const socket = new FakeSocket(url);
    this.all.push(socket);
    return socket;
  };

  /** The newest socket. */
  get last(): FakeSocket {
    const socket = this.all.at(-1);
    if (!socket) throw new Error('nobody has connected');
    return socket;
  }
}
