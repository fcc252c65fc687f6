/**
 * Checks `--lan` from a second network namespace: HTTPS and WSS with the local CA, plain HTTP, the CA certificate for download.
 * Does not check what a page says on plain HTTP: that is the app's (client/web).
 */
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { HttpServer } from '../../src/http/HttpServer.ts';
import { createLanNamespace, type LanNamespace } from '../support/lanNamespace.ts';

const CLIENT = new URL('../support/lanClient.ts', import.meta.url).pathname;
const ignore = () => undefined;

let dataDir: string;
let lan: LanNamespace;
let server: HttpServer;
const sockets = new WebSocketServer({ noServer: true });

beforeAll(async () => {
  lan = await createLanNamespace();
  dataDir = await mkdtemp(join(tmpdir(), 'parley-lan-'));
  server = await HttpServer.create({
    config: { host: '::', port: 0, lan: true, httpsPort: 0, dataDir, tls: undefined, trustedProxies: [] },
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    readiness: () => ({}),
    onUpgrade: (request, socket, head, address) =>
      sockets.handleUpgrade(request, socket, head, (webSocket) => webSocket.send(address)),
    webRoot: join(dataDir, 'dist'),
  });
});

afterAll(async () => {
  await server?.close();
  await lan?.remove();
  if (dataDir) await rm(dataDir, { recursive: true });
});

const visit = async (address: string) => {
  const host = address.includes(':') ? `[${address}]` : address;
  const caFile = join(dataDir, 'tls', 'ca.crt');
  const ports = [String(server.httpPort), String(server.httpsPort)];
  return JSON.parse(await lan.run(process.execPath, [CLIENT, host, ...ports, caFile]));
};

it.each([0, 1] as const)('reaches https and wss at the LAN address (%i: IPv4, IPv6)', async (index) => {
  const seen = await visit(lan.hostAddresses[index]);
  expect(seen.trusted.status).toBe(200);
  expect(seen.trusted.names).toContain(`IP Address:${lan.hostAddresses[0]}`);
  expect(seen.untrusted).toEqual({ refused: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  // The greeting is the address under which the server knows the client: plain, not `::ffff:...`.
  const neighbour = lan.hostAddresses[index].replace(/1$/, '2');
  expect(seen.secureSocket).toBe(neighbour);
  expect(seen.plain.status).toBe(200);
  expect(seen.plainSocket).toBe(neighbour);
});

it('offers the CA certificate for download on plain HTTP', async () => {
  const seen = await visit(lan.hostAddresses[0]);
  const offered = new X509Certificate(Buffer.from(seen.caCertificate.body, 'base64'));
  const kept = new X509Certificate(await readFile(join(dataDir, 'tls', 'ca.crt')));
  expect(offered.fingerprint256).toBe(kept.fingerprint256);
});

it('prints the LAN addresses with the HTTPS port', async () => {
  const banner = await server.lanBanner();
  expect(banner).toContain(`https://${lan.hostAddresses[0]}:${server.httpsPort}/`);
  expect(banner).toContain(`https://[${lan.hostAddresses[1]}]:${server.httpsPort}/`);
});
