/**
 * Owns a bad network between bots and a server, for tests that know exactly what it did: a UDP proxy for media, and a relay for
 * signaling that names the proxy's port instead of the server's. Does not own what harm is done: the test decides for each packet.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

/**
 * What becomes of a packet; a number: it is delayed until so many later ones of its stream have passed, which puts it out of order
 * however slow the machine is.
 */
export type Fate = 'pass' | 'drop' | 'duplicate' | number;

/** A packet as the network sees it; SRTP leaves the RTP header readable. */
export interface SeenPacket {
  readonly direction: 'toServer' | 'toClient';
  /** Which client it comes from or goes to: they count from 0 in the order in which their media begins. */
  readonly client: number;
  readonly payloadType: number;
  readonly sequence: number;
  readonly ssrc: number;
  readonly length: number;
}

/** The network; harmless until it is told otherwise. */
export class HarmfulPath {
  /** Decides on each RTP packet; STUN, DTLS and RTCP always pass. */
  decide: (packet: SeenPacket) => Fate = () => 'pass';
  readonly #relay: WebSocketServer;
  readonly #proxy: Socket;
  readonly #proxyPort: number;
  readonly #serverUrl: string;
  readonly #clients = new Map<string, { readonly upstream: Socket; readonly number: number }>();
  #delayed: { after: number; readonly stream: string; readonly send: () => void }[] = [];
  #mediaPort = 0;

  private constructor(serverUrl: string, relay: WebSocketServer, proxy: Socket) {
    this.#serverUrl = serverUrl;
    this.#relay = relay;
    this.#proxy = proxy;
    this.#proxyPort = proxy.address().port;
    relay.on('connection', (client) => this.#relaySocket(client));
    proxy.on('message', (packet, from) => this.#handleFromClient(packet, from.address, from.port));
  }

  /** @param serverUrl `ws://127.0.0.1:port/ws` of a server with one media worker on the loopback address. */
  static async create(serverUrl: string): Promise<HarmfulPath> {
    const relay = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(relay, 'listening');
    const proxy = createSocket('udp4');
    proxy.bind(0, '127.0.0.1');
    await once(proxy, 'listening');
    return new HarmfulPath(serverUrl, relay, proxy);
  }

  /** Where bots find the server behind this network. */
  get url(): string {
    const { port } = this.#relay.address() as AddressInfo;
    return `ws://127.0.0.1:${port}/ws`;
  }

  async close(): Promise<void> {
    for (const client of this.#relay.clients) client.terminate();
    this.#relay.close();
    this.#proxy.close();
    for (const { upstream } of this.#clients.values()) upstream.close();
  }

  #relaySocket(client: WebSocket): void {
    const server = new WebSocket(this.#serverUrl);
    const early: string[] = [];
    client.on('message', (data) => {
      if (server.readyState === WebSocket.OPEN) server.send(String(data));
      else early.push(String(data));
    });
    server.on('open', () => {
      for (const text of early) server.send(text);
    });
    server.on('message', (data) => client.send(this.#redirect(String(data))));
    server.on('close', (code) => client.close(code >= 4000 ? code : 1000));
    client.on('close', () => server.close(4000));
    for (const socket of [server, client]) socket.on('error', () => undefined);
  }

  /** Candidates of the server become ours. */
  #redirect(text: string): string {
    const port = /"iceCandidates":\[.*?"protocol":"udp".*?"port":(\d+)/.exec(text)?.[1];
    if (port === undefined) return text;
    this.#mediaPort = Number(port);
    return text.replaceAll(`"port":${port}`, `"port":${this.#proxyPort}`);
  }

  #handleFromClient(packet: Buffer, address: string, port: number): void {
    const key = `${address}:${port}`;
    let client = this.#clients.get(key);
    if (!client) {
      const upstream = createSocket('udp4');
      client = { upstream, number: this.#clients.size };
      this.#clients.set(key, client);
      const { number } = client;
      upstream.on('message', (answer) =>
        this.#forward('toClient', number, answer, (bytes) => this.#proxy.send(bytes, port, address)),
      );
    }
    const { upstream, number } = client;
    this.#forward('toServer', number, packet, (bytes) => upstream.send(bytes, this.#mediaPort, '127.0.0.1'));
  }

  #forward(
    direction: SeenPacket['direction'],
    client: number,
    packet: Buffer,
    send: (packet: Buffer) => void,
  ): void {
    const fate = this.#decide(direction, client, packet);
    if (fate === 'drop') return;
    const stream = `${direction} ${client} ${packet.length < 12 ? '' : packet.readUInt32BE(8)}`;
    if (typeof fate === 'number') {
      this.#delayed.push({ after: fate, stream, send: () => send(packet) });
      return;
    }
    send(packet);
    if (fate === 'duplicate') send(packet);
    this.#passed(stream);
  }

  /** Lets go of what waited for this packet of the stream. */
  #passed(stream: string): void {
    if (this.#delayed.length === 0) return;
    for (const delayed of this.#delayed) if (delayed.stream === stream) delayed.after -= 1;
    for (const { after, send } of this.#delayed) if (after <= 0) send();
    this.#delayed = this.#delayed.filter(({ after }) => after > 0);
  }

  #decide(direction: SeenPacket['direction'], client: number, packet: Buffer): Fate {
    const [first = 0, second = 0] = packet;
    const isRtp = first >= 128 && first < 192 && !(second >= 192 && second <= 223);
    if (!isRtp || packet.length < 12) return 'pass';
    return this.decide({
      direction,
      client,
      payloadType: second & 0x7f,
      sequence: packet.readUInt16BE(2),
      ssrc: packet.readUInt32BE(8),
      length: packet.length,
    });
  }
}
