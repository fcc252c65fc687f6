/**
 * Owns every HTTP route but the API's: health, the app's pages and files, the local CA's certificate, and "not found".
 * Does not own sockets and ports (HttpServer.ts) nor what is inside the files (client/web builds them).
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { CallError, RoomId } from '@parley/protocol';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { addApiRoutes } from './apiRoutes.ts';
import { type HttpErrorReply, notFoundReply, toHttpError } from './httpError.ts';
import { messagePage, withHead } from './page.ts';
import type { ApiPort, HttpLog, Readiness } from './ports.ts';
import { contentSecurityPolicy, isTrustworthy, safeHost, securityHeaders } from './securityHeaders.ts';

/** What the routes stand on. */
export interface RouteOptions {
  readonly log: HttpLog;
  readonly readiness: () => Readiness;
  /** Folder of the built app (client/web/dist). */
  readonly webRoot: string;
  readonly isTrustedProxy: (address: string) => boolean;
  /** The HTTPS origin for who came to a host by plain HTTP; undefined without HTTPS. */
  readonly secureOrigin: (host: string) => string | undefined;
  /** What the API answers with; undefined while the process starts. */
  readonly api: () => ApiPort | undefined;
  /** The local CA's certificate in DER, when there is one. */
  readonly caCertificateDer: () => Buffer | undefined;
}

const DESCRIPTION = 'Join the call in your browser: nothing to install, no account.';
/** Vite's names for built files carry a hash of the content: they never change. */
const HASHED_ASSET = /[\\/]assets[\\/]/;
/** A picture in this place of the app's build is used for link previews. */
const PREVIEW_IMAGE = 'link-preview.png';

/** Builds the routes. They answer through `routing(request, response)`; the instance itself listens nowhere. */
export async function createRoutes(options: RouteOptions): Promise<FastifyInstance> {
  const { log, isTrustedProxy } = options;
  const app = Fastify({
    logger: false,
    trustProxy: isTrustedProxy,
    bodyLimit: 16 * 1024,
    // 64 code points of four bytes, percent-encoded.
    routerOptions: { maxParamLength: 64 * 4 * 3 },
    frameworkErrors: (error, request, reply) => {
      reply.headers(securityHeaders(request.protocol, safeHost(request.host)));
      void sendError(request, reply, toHttpError(error, log));
    },
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders(request.protocol, safeHost(request.host)));
  });
  app.addHook('onResponse', async (request, reply) => {
    // The route instead of the address: the name of a room is nobody's business.
    const route = request.routeOptions.url ?? 'none';
    log.debug(
      { method: request.method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'http',
    );
  });
  app.setErrorHandler((error, request, reply) => sendError(request, reply, toHttpError(error, log)));
  app.setNotFoundHandler((request, reply) => sendError(request, reply, notFoundReply()));

  addHealthRoutes(app, options.readiness);
  addPageRoutes(app, options);
  addApiRoutes(app, options.api);
  app.get('/parley-ca.crt', async (_request, reply) => {
    const der = options.caCertificateDer();
    if (der === undefined) return reply.callNotFound();
    return reply.header('cache-control', 'no-cache').type('application/x-x509-ca-cert').send(der);
  });
  await app.register(fastifyStatic, {
    root: options.webRoot,
    index: false,
    dotfiles: 'ignore',
    preCompressed: true,
    suppressWarning: true,
    cacheControl: false,
    // The page itself is made per address, above.
    allowedPath: (path) => !/^\/?index\.html/.test(path),
    setHeaders: (reply, path) => {
      const caching = HASHED_ASSET.test(path)
        ? 'public, max-age=31536000, immutable'
        : 'public, max-age=3600';
      reply.header('cache-control', caching);
    },
  });
  await app.ready();
  return app;
}

function addHealthRoutes(app: FastifyInstance, readiness: () => Readiness): void {
  app.get('/healthz', async (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ status: 'alive' }),
  );
  app.get('/readyz', async (_request, reply) => {
    const parts = Object.entries(readiness());
    const ready = parts.every(([, part]) => part.ready);
    // A part that is ready has no reason to give, whatever its owner passes.
    const states = parts.map(([name, part]) => [name, part.ready ? { ready: true } : part]);
    return reply
      .code(ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: ready ? 'ready' : 'not-ready', parts: Object.fromEntries(states) });
  });
}

function addPageRoutes(
  app: FastifyInstance,
  { webRoot, secureOrigin }: Pick<RouteOptions, 'webRoot' | 'secureOrigin'>,
): void {
  const sendPage = async (request: FastifyRequest, reply: FastifyReply, room: string | undefined) => {
    const html = await readFile(join(webRoot, 'index.html'), 'utf8').catch((cause: unknown) => {
      throw new CallError('unavailable', 'The web app is not built yet.', { cause });
    });
    const host = safeHost(request.host);
    const origin = host === undefined ? undefined : `${request.protocol}://${host}`;
    const path = room === undefined ? '/' : `/r/${encodeURIComponent(room)}`;
    const secure =
      host === undefined || isTrustworthy(request.protocol, host) ? undefined : secureOrigin(host);
    const styleNonce = randomBytes(16).toString('base64');
    const hasImage = origin !== undefined && existsSync(join(webRoot, PREVIEW_IMAGE));
    return reply
      .headers({
        'content-security-policy': contentSecurityPolicy(host, styleNonce),
        // No validator either: a 304 would pair the stored page with the next answer's nonce.
        'cache-control': 'no-cache',
        vary: 'host, x-forwarded-host, x-forwarded-proto',
        ...(room !== undefined && { 'x-robots-tag': 'noindex' }),
      })
      .type('text/html; charset=utf-8')
      .send(
        withHead(html, {
          title: room === undefined ? 'Parley' : `${room} · Parley`,
          description: DESCRIPTION,
          ...(origin !== undefined && { url: `${origin}${path}` }),
          ...(secure !== undefined && { secureUrl: `${secure}${path}` }),
          ...(hasImage && { imageUrl: `${origin}/${PREVIEW_IMAGE}` }),
          styleNonce,
          noIndex: room !== undefined,
        }),
      );
  };

  app.get('/', (request, reply) => sendPage(request, reply, undefined));
  app.get<{ Params: { room: string } }>('/r/:room', (request, reply) => {
    const room = RoomId.safeParse(request.params.room);
    reply.header('x-robots-tag', 'noindex');
    return room.success ? sendPage(request, reply, room.data) : sendError(request, reply, notFoundReply());
  });
}

/** A page for people, JSON for programs. */
function sendError(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, body }: HttpErrorReply,
): FastifyReply {
  reply.code(status).header('cache-control', 'no-store').header('vary', 'accept');
  if (!(request.headers.accept ?? '').includes('text/html')) return reply.send(body);
  const title = status === 404 ? 'Page not found' : 'This did not work';
  const reference = body.error.details?.reference;
  const text = reference === undefined ? body.error.message : `${body.error.message} Reference: ${reference}`;
  return reply.type('text/html; charset=utf-8').send(messagePage(title, text));
}
