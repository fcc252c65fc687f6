/**
 * Owns a UDP relay between one peer and one server, which sees the DTLS handshake pass.
 * Does not own what it means (dtlsHandshake.ts).
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { srtpProfileOf } from './dtlsHandshake.ts';

const LIMIT_MS = 10_000;

export class DtlsRelay {
  readonly port: number;
  /** What was agreed; rejects when no handshake passes within 10 s. */
  readonly profile: Promise<string>;
  readonly #socket: Socket;
  #server: { address: string; port: number } | undefined;
  #client: { address: string; port: number } | undefined;

  static async open(address: string): Promise<DtlsRelay> {
    const socket = createSocket('udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    return new DtlsRelay(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
    this.profile = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no DTLS handshake was seen')), LIMIT_MS);
      socket.on('message', (datagram, from) => {
        const profile = srtpProfileOf(datagram);
        if (profile !== undefined) {
          clearTimeout(timer);
          resolve(profile);
        }
        this.#pass(datagram, from);
      });
    });
    // Whoever closes it early does not wait for it.
    this.profile.catch(() => {});
  }

  /** Where packets of the peer go. */
  connectTo(address: string, port: number): void {
    this.#server = { address, port };
  }

  close(): void {
    this.#socket.close();
  }

  #pass(datagram: Buffer, from: RemoteInfo): void {
    const server = this.#server;
    if (!server) return;
    const isFromServer = from.address === server.address && from.port === server.port;
    if (!isFromServer) this.#client = from;
    const to = isFromServer ? this.#client : server;
    if (to) this.#socket.send(datagram, to.port, to.address);
  }
}
