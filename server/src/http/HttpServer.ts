/**
 * Owns the listening HTTP and HTTPS sockets: limits, WebSocket upgrades, and an orderly end.
 * Does not own what is answered (routes.ts) nor what is spoken on `/ws` (signaling/).
 */
import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.ts';
import { refuseUpgrade } from '../refuseUpgrade.ts';
import { ConnectionLimit } from './ConnectionLimit.ts';
import { clientAddress, trustedProxyTest } from './clientAddress.ts';
import { hostAndPort, lanAddresses, lanBanner } from './lan.ts';
import type { ApiPort, HttpLog, Readiness, UpgradeHandler } from './ports.ts';
import { createRoutes } from './routes.ts';
import { StartError, systemErrorCode } from './StartError.ts';
import { TlsCertificate } from './TlsCertificate.ts';

/** What the server stands on. */
export interface HttpServerOptions {
  readonly config: Pick<
    Config,
    'host' | 'port' | 'lan' | 'httpsPort' | 'dataDir' | 'tls' | 'trustedProxies' | 'connections'
  >;
  readonly log: HttpLog;
  /** Asked on each `GET /readyz`. */
  readonly readiness: () => Readiness;
  /** What the API answers with; undefined while the process starts. */
  readonly api: () => ApiPort | undefined;
  /** Takes the socket of an upgrade request for `/ws`. */
  readonly onUpgrade: UpgradeHandler;
  /** Folder of the built app. */
  readonly webRoot: string;
}

/** The path of the signaling socket. */
const SOCKET_PATH = '/ws';
/** How long `close()` waits for answers under way and for others to end their sockets. */
const CLOSE_GRACE_MS = 3_000;

const LIMITS: ServerOptions = {
  maxHeaderSize: 16 * 1024,
  // A request that trickles in (slow-loris) is cut.
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
  keepAliveTimeout: 10_000,
  // Other upgrades (h2c of curl) are ignored, as RFC 9110 allows, and the request is answered as it is.
  shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === 'websocket',
};

/** The listening servers of this process. `close()` is idempotent. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #routes: FastifyInstance;
  readonly #certificate: TlsCertificate | undefined;
  readonly #connections: ConnectionLimit;
  readonly #isTrustedProxy: (address: string) => boolean;
  readonly #servers: Server[] = [];
  #closing: Promise<void> | undefined;

  /** Starts to listen. @throws StartError when a port or the certificate cannot be used. */
  static async create(options: HttpServerOptions): Promise<HttpServer> {
    const { config, log } = options;
    const isTrustedProxy = trustedProxyTest(config.trustedProxies);
    const secure = config.lan || config.tls !== undefined;
    const certificate = secure ? await TlsCertificate.create({ config, log }) : undefined;
    const caCertificateDer = () => certificate?.caCertificateDer;
    const secureOrigin = (host: string) => server.#secureOrigin(host);
    const routes = await createRoutes({ ...options, isTrustedProxy, caCertificateDer, secureOrigin });
    const server: HttpServer = new HttpServer(options, routes, certificate, isTrustedProxy);
    try {
      await server.#listen();
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  private constructor(
    options: HttpServerOptions,
    routes: FastifyInstance,
    certificate: TlsCertificate | undefined,
    isTrustedProxy: (address: string) => boolean,
  ) {
    this.#options = options;
    this.#routes = routes;
    this.#certificate = certificate;
    this.#isTrustedProxy = isTrustedProxy;
    this.#connections = new ConnectionLimit(isTrustedProxy, options.config.connections.httpPerAddress);
  }

  /** The port in use; differs from the setting when that was 0. */
  get httpPort(): number {
    return portOf(this.#servers[0]) ?? 0;
  }

  /** The HTTPS port in use; undefined without HTTPS. */
  get httpsPort(): number | undefined {
    return portOf(this.#servers[1]);
  }

  /** What `--lan` prints: addresses, QR code, how to trust the local CA. */
  lanBanner(): Promise<string> {
    const addresses = lanAddresses();
    return lanBanner({
      addresses,
      httpPort: this.httpPort,
      httpsPort: this.httpsPort ?? 0,
      caFingerprint: this.#certificate?.caFingerprint,
      certifiedHosts: this.#certificate?.certifiedHosts(addresses),
    });
  }

  /** The addresses that a certificate of one's own is for; none with the local CA or without HTTPS. */
  certifiedAddresses(): string[] {
    const hosts = this.#certificate?.certifiedHosts(lanAddresses()) ?? [];
    return hosts
      .filter((host) => !host.startsWith('*'))
      .map((host) => `https://${hostAndPort(host, this.httpsPort ?? 0)}`);
  }

  /** The same host over HTTPS, unless a certificate of one's own is for others only. */
  #secureOrigin(host: string): string | undefined {
    if (this.httpsPort === undefined) return undefined;
    const asked = `http://${host}`;
    if (!URL.canParse(asked)) return undefined;
    const { hostname } = new URL(asked);
    const certified = this.certifiedAddresses();
    const same = `https://${hostname}:${this.httpsPort}`;
    return certified.length === 0 || certified.includes(same) ? same : certified[0];
  }

  /** Stops listening, lets answers under way end, then cuts what is left. End the signaling sockets before or meanwhile. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#certificate?.close();
    const cut = setTimeout(() => this.#connections.destroyAll(), CLOSE_GRACE_MS);
    const closed = this.#servers
      .filter((server) => server.listening)
      .map((server) => new Promise((resolve) => server.close(resolve)));
    await Promise.all(closed);
    clearTimeout(cut);
    await this.#routes.close();
  }

  async #listen(): Promise<void> {
    const { config, log } = this.#options;
    const answer: Parameters<typeof createServer>[1] = (request, response) => {
      // After a declined upgrade Node's parser misses errors of the next request on the same connection.
      if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
      this.#routes.routing(request, response);
    };
    await this.#start(createServer(LIMITS, answer), config.port, 'PORT');
    log.info({ host: config.host, port: this.httpPort }, 'listening for HTTP');
    const certificate = this.#certificate;
    if (certificate === undefined) return;
    const tls = { ...certificate.current, minVersion: 'TLSv1.2', handshakeTimeout: 10_000 } as const;
    const https = createHttpsServer({ ...LIMITS, ...tls }, answer);
    certificate.onChange((next) => https.setSecureContext({ ...next, minVersion: 'TLSv1.2' }));
    await this.#start(https, config.httpsPort, 'PARLEY_HTTPS_PORT');
    log.info({ host: config.host, port: this.httpsPort }, 'listening for HTTPS');
  }

  async #start(server: Server, port: number, setting: string): Promise<void> {
    const { log } = this.#options;
    server.maxConnections = this.#options.config.connections.max;
    server.maxHeadersCount = 100;
    this.#connections.watch(server);
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    await listen(server, port, this.#options.config.host, setting);
    this.#servers.push(server);
    server.on('error', (error) => log.error({ err: error }, 'the HTTP server reports an error'));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#connections.upgraded(request.socket.remoteAddress, request.socket.remotePort);
    // From here on nobody else listens for errors until the handler does.
    socket.on('error', () => socket.destroy());
    const path = request.url?.split('?', 1)[0];
    if (path === SOCKET_PATH && this.#closing === undefined) {
      this.#options.onUpgrade(request, socket, head, clientAddress(request, this.#isTrustedProxy));
      return;
    }
    const status = path === SOCKET_PATH ? '503 Service Unavailable' : '404 Not Found';
    refuseUpgrade(socket, status);
  }
}

function portOf(server: Server | undefined): number | undefined {
  const address: AddressInfo | string | null | undefined = server?.address();
  return typeof address === 'object' && address !== null ? address.port : undefined;
}

async function listen(server: Server, port: number, host: string, setting: string): Promise<void> {
  try {
    await listenOnce(server, port, host);
  } catch (error) {
    const code = systemErrorCode(error);
    // "All interfaces" on a machine without IPv6.
    if (host === '::' && code === 'EAFNOSUPPORT') return listen(server, port, '0.0.0.0', setting);
    throw startError(code, port, host, setting) ?? error;
  }
}

function listenOnce(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function startError(
  code: string | undefined,
  port: number,
  host: string,
  setting: string,
): StartError | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return new StartError(
        `Port ${port} is taken on ${host}: stop what uses it, or set ${setting} to another.`,
      );
    case 'EACCES':
      return new StartError(`Port ${port} needs more rights: set ${setting} to one above 1023.`);
    case 'EADDRNOTAVAIL':
      return new StartError(`HOST: ${host} is not an address of this machine.`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new StartError(`HOST: ${host} is not a known name.`);
    default:
      return undefined;
  }
}
