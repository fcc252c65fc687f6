/**
 * Checks the HTTP side with real sockets: pages, files, health, limits, upgrades, orderly end.
 * Does not check what is spoken on `/ws`, nor the app itself.
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { HttpServer, type HttpServerOptions } from '../../src/http/HttpServer.ts';
import type { HttpLog, Readiness } from '../../src/http/ports.ts';
import { StartError } from '../../src/http/StartError.ts';

const SCRIPT = 'export const text = "x".repeat(1000);';
const INDEX =
  '<!doctype html><html><head><title>Parley</title></head><body><div id="root"></div></body></html>';

const ignore = () => undefined;
const log: HttpLog = { debug: ignore, info: ignore, warn: ignore, error: ignore };

let folder: string;
let server: HttpServer;
let base: string;
let readiness: Readiness = {};
const upgradeAddresses: string[] = [];
const sockets = new WebSocketServer({ noServer: true });

const options = (overrides: Partial<HttpServerOptions['config']> = {}): HttpServerOptions => ({
  config: {
    host: '127.0.0.1',
    port: 0,
    lan: false,
    httpsPort: 0,
    dataDir: join(folder, 'data'),
    tls: undefined,
    trustedProxies: [],
    connections: { max: 15_000, httpPerAddress: 512, socketsPerAddress: { burst: 1_000, perSecond: 100 } },
    ...overrides,
  },
  log,
  api: () => undefined,
  readiness: () => readiness,
  onUpgrade: (request, socket, head, address) => {
    upgradeAddresses.push(address);
    sockets.handleUpgrade(request, socket, head, (webSocket) => webSocket.send('hello'));
  },
  webRoot: join(folder, 'dist'),
});

/** A request with a path exactly as given (fetch would tidy it). */
async function get(path: string, headers: Record<string, string> = {}, port = server.httpPort) {
  const request = httpRequest({ host: '127.0.0.1', port, path, headers });
  request.end();
  const [response] = await once(request, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-http-'));
  const assets = join(folder, 'dist', 'assets');
  await mkdir(assets, { recursive: true });
  await writeFile(join(folder, 'dist', 'index.html'), INDEX);
  await writeFile(join(folder, 'dist', 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await writeFile(join(folder, 'dist', '.secret'), 'no');
  await writeFile(join(folder, 'secret.txt'), 'no');
  await writeFile(join(assets, 'index-1a2b3c.js'), SCRIPT);
  await writeFile(join(assets, 'index-1a2b3c.js.gz'), gzipSync(SCRIPT));
  server = await HttpServer.create(options());
  base = `http://127.0.0.1:${server.httpPort}`;
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

describe('pages', () => {
  it('serves the app at / and /r/<room> with security headers and no caching', async () => {
    for (const path of ['/', '/r/caf%C3%A9-1']) {
      const { status, headers, body } = await get(path);
      expect(status).toBe(200);
      expect(headers['content-type']).toBe('text/html; charset=utf-8');
      expect(headers['cache-control']).toBe('no-cache');
      expect(headers['content-security-policy']).toContain("script-src 'self'");
      expect(headers['permissions-policy']).toContain('camera=(self)');
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['cross-origin-opener-policy']).toBe('same-origin');
      expect(headers).not.toHaveProperty('strict-transport-security');
      expect(body.toString()).toContain('<div id="root">');
    }
  });

  it('leaves out what browsers refuse off localhost without HTTPS', async () => {
    const { headers } = await get('/', { host: '192.0.2.2:3000' });
    expect(headers).not.toHaveProperty('cross-origin-opener-policy');
  });

  it('names the room in title and link preview and keeps it from search engines', async () => {
    const { headers, body } = await get('/r/caf%C3%A9-1', { host: 'calls.example:8080' });
    expect(headers['x-robots-tag']).toBe('noindex');
    expect(body.toString()).toContain('<title>café-1 · Parley</title>');
    expect(body.toString()).toContain('<meta property="og:title" content="café-1 · Parley">');
    expect(body.toString()).toContain('content="http://calls.example:8080/r/caf%C3%A9-1"');
    expect((await get('/')).headers).not.toHaveProperty('x-robots-tag');
  });

  it('takes the longest room name and refuses what is none', async () => {
    const longest = encodeURIComponent('𝒳'.repeat(64));
    expect((await get(`/r/${longest}`)).status).toBe(200);
    for (const bad of [`${longest}a`, 'a%20b', '%3Cscript%3E', 'a%2Fb', '', 'a/b', '..%2f..%2fetc']) {
      expect((await get(`/r/${bad}`)).status).toBe(404);
    }
    expect((await get('/r/%ff')).status).toBe(400);
  });

  it('ties the style nonce of the policy to the page, fresh each time', async () => {
    const nonces = [];
    for (let i = 0; i < 2; i++) {
      const { headers, body } = await get('/');
      const nonce = /'nonce-([^']+)'/.exec(headers['content-security-policy'] ?? '')?.[1];
      expect(body.toString()).toContain(`<meta property="csp-nonce" nonce="${nonce}">`);
      nonces.push(nonce);
    }
    expect(nonces[0]).not.toBe(nonces[1]);
  });

  it('never repeats a malformed host', async () => {
    const { headers, body } = await get('/r/x', { host: "a'; script-src *" });
    expect(headers['content-security-policy']).not.toContain('script-src *');
    expect(body.toString()).not.toContain('og:url');
  });

  it('says that the app is not built when it is not', async () => {
    const bare = await HttpServer.create({ ...options(), webRoot: join(folder, 'nothing') });
    const { status, body } = await get('/', {}, bare.httpPort);
    expect(status).toBe(503);
    expect(JSON.parse(body.toString()).error.code).toBe('unavailable');
    await bare.close();
  });
});

describe('files', () => {
  it('serves hashed assets for ever, compressed where built so', async () => {
    const plain = await get('/assets/index-1a2b3c.js');
    expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(plain.body.toString()).toBe(SCRIPT);
    const packed = await get('/assets/index-1a2b3c.js', { 'accept-encoding': 'gzip' });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(packed.headers['content-type']).toContain('javascript');
    expect(packed.headers.vary).toContain('accept-encoding');
    expect(packed.body.length).toBeLessThan(200);
  });

  it('lets other files age, and answers an unchanged one with 304', async () => {
    const first = await get('/favicon.svg');
    expect(first.headers['cache-control']).toBe('public, max-age=3600');
    const again = await get('/favicon.svg', { 'if-none-match': first.headers.etag ?? '' });
    expect(again.status).toBe(304);
  });

  it.each([
    '/index.html',
    '/.secret',
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets',
  ])('does not serve %s', async (path) => {
    const { status, body } = await get(path);
    expect([400, 403, 404]).toContain(status);
    expect(JSON.parse(body.toString())).toHaveProperty('error.code');
  });
});

describe('not found', () => {
  it('is a page for people and a CallError for programs', async () => {
    const page = await get('/nowhere', { accept: 'text/html,*/*' });
    expect(page.status).toBe(404);
    expect(page.body.toString()).toContain('<h1>Page not found</h1>');
    const json = await get('/nowhere');
    expect(json.status).toBe(404);
    expect(JSON.parse(json.body.toString())).toEqual({
      error: {
        code: 'not-found',
        message: 'There is no such page.',
        retryable: false,
        details: { what: 'page' },
      },
    });
    expect(json.headers['x-content-type-options']).toBe('nosniff');
  });

  it('has no CA certificate to give without --lan', async () => {
    expect((await get('/parley-ca.crt')).status).toBe(404);
  });
});

describe('health', () => {
  it('is alive, and ready only when every part is', async () => {
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    readiness = { media: { ready: true, reason: 'not said' }, chat: { ready: true } };
    const ready = await fetch(`${base}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({
      status: 'ready',
      parts: { media: { ready: true }, chat: { ready: true } },
    });
    readiness = { media: { ready: false, reason: 'no worker' }, chat: { ready: true } };
    const notReady = await fetch(`${base}/readyz`);
    expect(notReady.status).toBe(503);
    expect(await notReady.json()).toEqual({ status: 'not-ready', parts: readiness });
  });
});

describe('upgrades', () => {
  it('hands /ws over with the address of the client, and believes no forwarded one', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.httpPort}/ws`, {
      headers: { 'x-forwarded-for': '203.0.113.7' },
    });
    const [message] = await once(socket, 'message');
    expect(String(message)).toBe('hello');
    expect(upgradeAddresses.at(-1)).toBe('127.0.0.1');
    socket.terminate();
  });

  it('believes a trusted proxy', async () => {
    const behind = await HttpServer.create(options({ trustedProxies: ['127.0.0.0/8'] }));
    const socket = new WebSocket(`ws://127.0.0.1:${behind.httpPort}/ws`, {
      headers: { 'x-forwarded-for': '203.0.113.7' },
    });
    await once(socket, 'message');
    expect(upgradeAddresses.at(-1)).toBe('203.0.113.7');
    const page = await get(
      '/r/x',
      { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'calls.example' },
      behind.httpPort,
    );
    expect(page.body.toString()).toContain('content="https://calls.example/r/x"');
    socket.terminate();
    await behind.close();
  });

  it.each(['/', '/wsx', '/ws/', '/r/ws'])(
    'answers an upgrade of %s with 404 and ends the socket',
    async (path) => {
      const socket = new WebSocket(`ws://127.0.0.1:${server.httpPort}${path}`);
      const [error] = await once(socket, 'error');
      expect(String(error)).toContain('404');
    },
  );

  it('does not wait for somebody who was refused an upgrade to close the connection', async () => {
    const holder = connect({ port: server.httpPort, host: '127.0.0.1', allowHalfOpen: true });
    holder.write('GET /wsx HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const [answer] = await once(holder, 'data');
    expect(String(answer)).toContain('404');
    // Only a connection that the server has closed on both sides answers with a reset.
    const poke = setInterval(() => holder.write('x'), 50);
    await once(holder, 'error').finally(() => clearInterval(poke));
  });

  it('answers a page without a link to HTTPS where the host is no host', async () => {
    const secure = await HttpServer.create(options({ lan: true }));
    for (const host of ['999.999.999.999', '[:::]', 'a:99999', '1.2.3.4.5']) {
      expect((await get('/r/x', { host }, secure.httpPort)).status, host).toBe(200);
    }
    await secure.close();
  });

  it('answers requests that offer another upgrade as they are', async () => {
    const { status } = await get('/healthz', { connection: 'Upgrade', upgrade: 'h2c' });
    expect(status).toBe(200);
  });
});

describe('hostile clients', () => {
  it('takes no more connections than the setting says', async () => {
    const limits = { httpPerAddress: 512, socketsPerAddress: { burst: 1, perSecond: 1 } };
    const small = await HttpServer.create(options({ connections: { max: 2, ...limits } }));
    const sockets = await Promise.all(
      [1, 2, 3].map(async () => {
        const socket = connect(small.httpPort, '127.0.0.1');
        await once(socket, 'connect');
        return socket;
      }),
    );
    await Promise.race(sockets.map((socket) => once(socket.resume(), 'close')));
    expect(sockets.filter((socket) => !socket.destroyed)).toHaveLength(2);
    for (const socket of sockets) socket.destroy();
    await small.close();
  });

  it('gets rid of oversized headers', async () => {
    const { status } = await get('/', { 'x-long': 'a'.repeat(20_000) });
    expect(status).toBe(431);
  });

  it('cuts a request that trickles in', { timeout: 30_000 }, async () => {
    const socket = connect(server.httpPort, '127.0.0.1');
    socket.on('error', ignore);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
    socket.resume();
    await once(socket, 'close');
  });
});

describe('start and stop', () => {
  it('names port and setting when a port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const failure = HttpServer.create(options({ port }));
    await expect(failure).rejects.toThrow(StartError);
    await expect(failure).rejects.toThrow(new RegExp(`^Port ${port} is taken on 127\\.0\\.0\\.1: .*PORT`));
    const second = HttpServer.create(options({ lan: true, httpsPort: port }));
    await expect(second).rejects.toThrow(/set PARLEY_HTTPS_PORT/);
    taken.close();
  });

  it('names HOST when it is not of this machine', async () => {
    await expect(HttpServer.create(options({ host: '203.0.113.1' }))).rejects.toThrow(
      /^HOST: 203\.0\.113\.1/,
    );
  });

  it('listens on IPv6', async () => {
    const six = await HttpServer.create(options({ host: '::1' }));
    expect((await fetch(`http://[::1]:${six.httpPort}/healthz`)).status).toBe(200);
    await six.close();
  });

  it('ends open sockets when it closes, and closes once', async () => {
    const closing = await HttpServer.create(options());
    const socket = new WebSocket(`ws://127.0.0.1:${closing.httpPort}/ws`);
    await once(socket, 'message');
    const ended = once(socket, 'close');
    await Promise.all([closing.close(), closing.close(), ended]);
    await expect(fetch(`http://127.0.0.1:${closing.httpPort}/healthz`)).rejects.toThrow();
  });
});
