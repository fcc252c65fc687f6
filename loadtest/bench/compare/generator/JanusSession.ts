/**
 * Owns one session with Janus over its WebSocket: requests and their answers, events of handles, keep-alives.
 * Does not own what is asked (janusPeer.ts).
 */
import { WebSocket } from 'ws';
import * as z from 'zod';

const KEEP_ALIVE_MS = 25_000;
const ANSWER_LIMIT_MS = 20_000;

const Jsep = z.object({ type: z.string(), sdp: z.string() });
type Jsep = z.infer<typeof Jsep>;

/** What Janus says; the plugin's own data is read by whoever asked. */
const Frame = z.object({
  janus: z.string(),
  transaction: z.string().optional(),
  sender: z.number().optional(),
  data: z.object({ id: z.number() }).optional(),
  plugindata: z.object({ data: z.record(z.string(), z.unknown()) }).optional(),
  jsep: Jsep.optional(),
  error: z.object({ code: z.number(), reason: z.string() }).optional(),
});
type Frame = z.infer<typeof Frame>;

interface Waiting {
  /** Messages are answered twice: taken, and done. Keep-alives only with the former. */
  readonly isDoneByAck: boolean;
  resolve(frame: Frame): void;
  reject(error: Error): void;
}

/** What a plugin answered. */
export interface PluginAnswer {
  readonly data: Readonly<Record<string, unknown>>;
  readonly sdp: string | undefined;
}

export class JanusSession {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, Waiting>();
  readonly #up = new Map<number, () => void>();
  #sessionId = 0;
  #nextId = 0;
  #keepAlive: ReturnType<typeof setInterval> | undefined;

  static async open(url: string, localAddress: string): Promise<JanusSession> {
    const socket = new WebSocket(url, 'janus-protocol', { localAddress, perMessageDeflate: false });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    const session = new JanusSession(socket);
    const { data } = await session.#ask({ janus: 'create' });
    session.#sessionId = data?.id ?? 0;
    session.#keepAlive = setInterval(
      () => void session.#ask({ janus: 'keepalive' }).catch(() => {}),
      KEEP_ALIVE_MS,
    );
    return session;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (bytes) => this.#receive(Frame.parse(JSON.parse(String(bytes)))));
    socket.on('close', () => {
      clearInterval(this.#keepAlive);
      for (const { reject } of this.#waiting.values()) reject(new Error('Janus closed the socket'));
    });
    // Told by `close`.
    socket.on('error', () => {});
  }

  /** A handle of the VideoRoom. */
  async attach(): Promise<number> {
    const { data } = await this.#ask({ janus: 'attach', plugin: 'janus.plugin.videoroom' });
    return data?.id ?? 0;
  }

  /** @throws with the plugin's own words when it refuses. */
  async message(handle: number, body: Record<string, unknown>, jsep?: Jsep): Promise<PluginAnswer> {
    const frame = await this.#ask({ janus: 'message', handle_id: handle, body, ...(jsep && { jsep }) });
    const data = frame.plugindata?.data ?? {};
    if (typeof data.error === 'string') throw new Error(`Janus: ${data.error}`);
    return { data, sdp: frame.jsep?.sdp };
  }

  /** Resolves when a handle's ICE and DTLS stand. */
  whenUp(handle: number): Promise<void> {
    return new Promise((resolve) => {
      this.#up.set(handle, resolve);
    });
  }

  /** Ends the session with all its handles. */
  async close(): Promise<void> {
    await this.#ask({ janus: 'destroy' }).catch(() => {});
    this.#socket.close();
  }

  #ask(request: Record<string, unknown>): Promise<Frame> {
    this.#nextId += 1;
    const transaction = String(this.#nextId);
    const frame = { ...request, transaction, ...(this.#sessionId > 0 && { session_id: this.#sessionId }) };
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(transaction);
        reject(new Error(`Janus did not answer ${String(request.janus)}`));
      }, ANSWER_LIMIT_MS);
      this.#waiting.set(transaction, {
        isDoneByAck: request.janus === 'keepalive',
        resolve: (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#socket.send(JSON.stringify(frame));
    });
  }

  #receive(frame: Frame): void {
    const { janus, transaction, sender, error } = frame;
    if (janus === 'webrtcup' && sender !== undefined) this.#up.get(sender)?.();
    const waiting = transaction === undefined ? undefined : this.#waiting.get(transaction);
    if (transaction === undefined || !waiting) return;
    if (janus === 'ack' && !waiting.isDoneByAck) return;
    this.#waiting.delete(transaction);
    if (error) waiting.reject(new Error(`Janus: ${error.reason}`));
    else waiting.resolve(frame);
  }
}
