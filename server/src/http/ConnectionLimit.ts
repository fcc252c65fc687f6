/**
 * Owns how many HTTP connections one address may hold open, so that nobody takes all of them by holding many half-sent
 * requests. Does not own WebSockets: a connection stops counting here when it is upgraded (signaling has its own limits).
 */
import type { Server, Socket } from 'node:net';
import { plainAddress } from './clientAddress.ts';

// A reverse proxy and load tests speak from here.
const isLoopback = (address: string) => address === '::1' || address.startsWith('127.');

/** Counts the connections of servers and cuts those above the limit. */
export class ConnectionLimit {
  readonly #isTrustedProxy: (address: string) => boolean;
  readonly #maxPerAddress: number;
  readonly #openByAddress = new Map<string, Set<string>>();
  readonly #sockets = new Set<Socket>();

  /** @param isTrustedProxy addresses without a limit, because they stand for many clients. */
  constructor(isTrustedProxy: (address: string) => boolean, maxPerAddress: number) {
    this.#isTrustedProxy = (address) => isLoopback(address) || isTrustedProxy(address);
    this.#maxPerAddress = maxPerAddress;
  }

  /** Watches the TCP connections of a server (for HTTPS: those below TLS). */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      const address = plainAddress(socket.remoteAddress ?? '');
      const port = socket.remotePort;
      socket.once('close', () => {
        this.#sockets.delete(socket);
        this.#release(address, port);
      });
      if (this.#isTrustedProxy(address)) return;
      const open = this.#openByAddress.get(address) ?? new Set();
      if (open.size >= this.#maxPerAddress) {
        socket.destroy();
        return;
      }
      open.add(String(port));
      this.#openByAddress.set(address, open);
    });
  }

  /** The connection of this remote address and port is no longer an HTTP connection. */
  upgraded(remoteAddress: string | undefined, remotePort: number | undefined): void {
    this.#release(plainAddress(remoteAddress ?? ''), remotePort);
  }

  /** Ends every connection that is still open, upgraded ones too. */
  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #release(address: string, port: number | undefined): void {
    const open = this.#openByAddress.get(address);
    if (open === undefined) return;
    open.delete(String(port));
    if (open.size === 0) this.#openByAddress.delete(address);
  }
}
