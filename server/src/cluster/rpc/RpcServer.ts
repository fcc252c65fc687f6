/**
 * Owns where other nodes reach this one: the port, who is let in, the answers to their calls (the first one for a retry), and news to them.
 * Does not own what calls do (handlers) nor connections that this node opens (NodeLink).
 */
import { createServer, type Server } from 'node:http';
import { CallError } from '@parley/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { ReplyCache } from '../../ReplyCache.ts';
import { toCallError } from '../../toWireError.ts';
import type { CallHandlers, CallName, NoticeData, NoticeName } from './calls.ts';
import { serve } from './frames.ts';
import { accept, type HandshakeOptions, type NodeIdentity, welcomeText } from './handshake.ts';
import { RPC_PATH, receiveText, refuse, SOCKET_OPTIONS } from './nodeSocket.ts';
import { MAX_IN_FLIGHT, RpcConnection } from './RpcConnection.ts';

/** What the server stands on. */
export interface RpcServerOptions extends Omit<HandshakeOptions, 'nowMs'> {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly handlers: Partial<CallHandlers<CallName>>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Sockets that have not proved anything yet. */
const MAX_STRANGERS = 256;
/** Answers that are kept per node: more than can be under way. */
const MAX_ANSWERS = 2 * MAX_IN_FLIGHT;
/** How long the answers of a node are kept when it is not connected. */
const FORGET_MS = 2 * 60_000;
/** Anybody who reaches the port may be refused any number of times; the log says so this often. */
const REFUSAL_LOG_MS = 1_000;

interface KnownNode {
  readonly identity: NodeIdentity;
  readonly answers: ReplyCache;
  connection: RpcConnection | undefined;
  /** When it connected, or when the connection ended. */
  sinceMs: number;
}

export class RpcServer {
  readonly #options: RpcServerOptions;
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ ...SOCKET_OPTIONS, noServer: true, clientTracking: false });
  /** By node id. */
  readonly #nodes = new Map<string, KnownNode>();
  readonly #strangers = new Set<WebSocket>();
  #refusalLoggedAtMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  /** Starts to listen. @throws the error of `listen`. */
  static async listen(options: RpcServerOptions): Promise<RpcServer> {
    const server = new RpcServer(options);
    await new Promise<void>((resolve, reject) => {
      server.#http.once('error', reject);
      server.#http.listen({ port: options.port, host: options.host }, () => {
        server.#http.off('error', reject);
        resolve();
      });
    });
    return server;
  }

  private constructor(options: RpcServerOptions) {
    this.#options = options;
    this.#http = createServer((_request, response) => {
      response.writeHead(426, { connection: 'close' }).end();
    });
    this.#http.on('upgrade', (request, socket, head) => {
      if (this.#closed || request.url !== RPC_PATH || this.#strangers.size >= MAX_STRANGERS) {
        socket.destroy();
        return;
      }
      const from = request.socket.remoteAddress ?? '';
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => void this.#meet(webSocket, from));
    });
  }

  /** The port in use. */
  get port(): number {
    const address = this.#http.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  /** Tells a node that is connected; nothing happens when it is not. */
  notify<N extends NoticeName>(nodeId: string, name: N, data: NoticeData<N>): void {
    this.#nodes.get(nodeId)?.connection?.notify(name, data);
  }

  /** Whether a node is connected, and since when by the monotonic clock; undefined when it has not been for long, or ever. */
  presenceOf(nodeId: string): { readonly connected: boolean; readonly sinceMs: number } | undefined {
    const node = this.#nodes.get(nodeId);
    return node && { connected: node.connection !== undefined, sinceMs: node.sinceMs };
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const closed = new Promise((resolve) => this.#http.close(resolve));
    for (const { connection } of this.#nodes.values()) connection?.close();
    for (const socket of this.#strangers) socket.terminate();
    this.#http.closeAllConnections();
    await closed;
  }

  async #meet(socket: WebSocket, from: string): Promise<void> {
    const { clock, log } = this.#options;
    // An error is always followed by close.
    socket.on('error', () => {});
    this.#strangers.add(socket);
    try {
      const hello = await receiveText(socket, clock);
      const { challenge, verify } = accept({ ...this.#options, nowMs: clock.now() }, hello);
      socket.send(challenge);
      const { peer, keys } = verify(await receiveText(socket, clock));
      const node = this.#admit(peer);
      node.connection = new RpcConnection({
        socket,
        peer,
        keys,
        clock,
        onCall: (id, name, data) => this.#answer(node, id, name, data),
        onNotice: () => {},
        onEnd: ({ cause }) => {
          node.connection = undefined;
          node.sinceMs = clock.monotonicMs();
          if (!this.#closed) log.warn({ node: peer.nodeId, cause }, 'a node is not connected any more');
        },
      });
      node.sinceMs = clock.monotonicMs();
      socket.send(welcomeText);
      log.info({ node: peer.nodeId }, 'a node connected');
    } catch (raw) {
      const error = toCallError(raw);
      this.#logRefusal(error, from);
      refuse(socket, error);
    } finally {
      this.#strangers.delete(socket);
    }
  }

  /** @throws CallError when a node with this id is connected: two processes would answer to one name. */
  #admit(identity: NodeIdentity): KnownNode {
    const { nodeId, incarnation } = identity;
    const known = this.#nodes.get(nodeId);
    if (known?.connection && known.identity.incarnation !== incarnation) {
      throw new CallError('forbidden', `two nodes have the id ${nodeId}: give each its own PARLEY_NODE_ID`);
    }
    known?.connection?.close('the node connected anew');
    if (known?.identity.incarnation === incarnation) return known;
    this.#forgetOld();
    const answers = new ReplyCache(this.#options.clock, MAX_ANSWERS);
    const node = { identity, answers, connection: undefined, sinceMs: 0 };
    this.#nodes.set(nodeId, node);
    return node;
  }

  #answer(node: KnownNode, id: string, name: string, data: unknown): Promise<unknown> {
    const caller = { nodeId: node.identity.nodeId };
    return node.answers.once(id, name, async () => {
      try {
        return await serve(this.#options.handlers, name, data, caller);
      } catch (raw) {
        const error = toCallError(raw);
        if (error.code === 'internal') {
          this.#options.log.error(
            { err: error.cause, ...error.details, call: name },
            'a call of a node failed',
          );
        }
        throw error;
      }
    });
  }

  #forgetOld(): void {
    const oldestMs = this.#options.clock.monotonicMs() - FORGET_MS;
    for (const [nodeId, { connection, sinceMs }] of this.#nodes) {
      if (!connection && sinceMs < oldestMs) this.#nodes.delete(nodeId);
    }
  }

  #logRefusal({ message }: CallError, from: string): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#closed || nowMs - this.#refusalLoggedAtMs < REFUSAL_LOG_MS) return;
    this.#refusalLoggedAtMs = nowMs;
    this.#options.log.warn({ from, cause: message }, 'a node was refused');
  }
}
