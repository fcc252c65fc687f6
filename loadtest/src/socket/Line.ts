/**
 * Owns one WebSocket to a signaling server: frames to typed replies and notifications, and how it ended.
 * Does not own who speaks on it nor what follows its end (SocketBot).
 */
import {
  CallError,
  type RequestData,
  type RequestName,
  type RequestReply,
  requests,
  ServerFrame,
} from '@parley/protocol';
import { WebSocket } from 'ws';

/** From the attempt to connect until the socket is open. */
const CONNECT_LIMIT_MS = 10_000;
const REPLY_LIMIT_MS = 10_000;
/** RFC 6455: no close frame came. */
const ABNORMAL = 1006;

type Settle = (answer: { readonly ok: unknown } | { readonly error: CallError }) => void;

/** What a line tells. */
export interface LineEvents {
  notified(name: string, data: unknown): void;
  /** Once, when it was open; nothing comes afterwards. Not called for an end that this side asked for. */
  closed(code: number): void;
}

/** A socket that is open. */
export class Line {
  readonly #socket: WebSocket;
  readonly #events: LineEvents;
  readonly #waiting = new Map<string, Settle>();
  #nextId = 0;
  #ended = false;

  /** @throws CallError `rate-limited`, `not-found` (no Parley there), `unavailable`, `timeout`. */
  static open(url: string, localAddress: string | undefined, events: LineEvents): Promise<Line> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, {
        perMessageDeflate: false,
        handshakeTimeout: CONNECT_LIMIT_MS,
        ...(localAddress !== undefined && { localAddress, family: 4 }),
      });
      socket.once('open', () => {
        socket.off('error', onError);
        resolve(new Line(socket, events));
      });
      const onError = (error: NodeJS.ErrnoException) => reject(connectError(error));
      socket.once('error', onError);
      // A late error of a socket that was given up has nobody to tell.
      socket.on('error', () => {});
    });
  }

  private constructor(socket: WebSocket, events: LineEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on('message', (data) => this.#receive(String(data)));
    socket.on('close', (code) => this.#end(code));
  }

  /** @throws CallError as the server says, `timeout`, or `unavailable` when the line ends first. */
  request<N extends RequestName>(name: N, data: RequestData<N>): Promise<RequestReply<N>> {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw lineLost();
      this.#nextId += 1;
      const id = this.#nextId.toString(36);
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new CallError('timeout', `No answer to ${name} within ${REPLY_LIMIT_MS} ms`));
      }, REPLY_LIMIT_MS);
      const settle: Settle = (answer) => {
        clearTimeout(timer);
        if ('error' in answer) return reject(answer.error);
        const parsed = requests[name].reply.safeParse(answer.ok);
        // By the schema of the same name.
        if (parsed.success) resolve(parsed.data as RequestReply<N>);
        else
          reject(
            new CallError(
              'incompatible-version',
              `The reply to ${name} has another form than this tool knows`,
            ),
          );
      };
      this.#waiting.set(id, settle);
      this.#socket.send(JSON.stringify({ id, name, data }));
    });
  }

  /** Leaves as a page does that closes: the seat ends at once. */
  close(): void {
    this.#finish();
    this.#socket.close(1000);
  }

  /** Cuts the connection without a word: the server sees a network that is gone. */
  cut(): void {
    this.#finish();
    this.#socket.terminate();
  }

  #receive(text: string): void {
    if (this.#ended) return;
    const frame = ServerFrame.parse(JSON.parse(text));
    if (!('id' in frame)) {
      this.#events.notified(frame.name, frame.data);
      return;
    }
    const settle = this.#waiting.get(frame.id);
    if (!settle) return;
    this.#waiting.delete(frame.id);
    if ('error' in frame) {
      const { code, message, details } = frame.error;
      settle({ error: new CallError(code, message, details && { details }) });
    } else settle({ ok: frame.ok });
  }

  #end(code: number): void {
    if (this.#ended) return;
    this.#finish();
    this.#events.closed(code || ABNORMAL);
  }

  #finish(): void {
    this.#ended = true;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const settle of waiting) settle({ error: lineLost() });
  }
}

const lineLost = (): CallError => new CallError('unavailable', 'The connection was lost');

/** ws tells a refused upgrade by its text only: "Unexpected server response: 429". */
function connectError(error: NodeJS.ErrnoException): CallError {
  const status = /server response: (\d+)/.exec(error.message)?.[1];
  if (status === '429')
    return new CallError(
      'rate-limited',
      'The server refuses more sockets from this address for now (429; its PARLEY_CONNECT_RATE)',
    );
  if (status === '404') return new CallError('not-found', 'There is no Parley at this address (404)');
  if (status !== undefined) return new CallError('unavailable', `The server refuses the socket (${status})`);
  if (/handshake has timed out/.test(error.message))
    return new CallError('timeout', 'The server did not take the socket in time');
  if (error.code === 'ECONNRESET') {
    const message =
      'The server cut the connection before it answered (is it full, at its PARLEY_MAX_CONNECTIONS?)';
    return new CallError('unavailable', message);
  }
  return new CallError('unavailable', error.code ?? error.message, { cause: error });
}
