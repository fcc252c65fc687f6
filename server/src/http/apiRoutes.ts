/**
 * Owns the HTTP API of integrators' servers: paths, parameters, who asks.
 * Does not own what is behind it (ports.ts: ApiPort) nor the pages (routes.ts).
 */
import { CallError, Id, RoomId } from '@parley/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import * as z from 'zod/mini';
import type { ApiPort } from './ports.ts';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 500;
const MAX_TOKEN = 8192;

const part = z.string().check(z.maxLength(128));
const Cursor = z.tuple([part, part, part, part]);
const QualityParameters = z.strictObject({
  callId: z.optional(Id),
  peerId: z.optional(Id),
  limit: z.optional(
    z.string().check(
      z.regex(/^[1-9]\d{0,2}$/),
      z.refine((text) => Number(text) <= MAX_PAGE),
    ),
  ),
  after: z.optional(z.string().check(z.maxLength(1024))),
});

/** Adds the API. @param api what answers; undefined while the process starts. */
export function addApiRoutes(app: FastifyInstance, api: () => ApiPort | undefined): void {
  app.get<{ Params: { roomId: string } }>('/api/rooms/:roomId/quality', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const port = api();
    if (!port) throw new CallError('unavailable', 'The server is starting.');
    const { tenant } = await port.authorize(tokenOf(request), 'quality:read').catch((error: unknown) => {
      if (error instanceof CallError && error.code === 'unauthenticated')
        reply.header('www-authenticate', 'Bearer');
      throw error;
    });
    const roomId = RoomId.safeParse(request.params.roomId);
    if (!roomId.success)
      throw new CallError('not-found', 'There is no such room.', { details: { what: 'room' } });
    const { limit, after, ...filter } = parametersOf(request);
    const { records, next } = await port.quality({
      room: { tenant, roomId: roomId.data },
      ...filter,
      limit: limit === undefined ? DEFAULT_PAGE : Number(limit),
      ...(after !== undefined && { after: fromCursor(after) }),
    });
    return { records, ...(next && { next: toCursor(next) }) };
  });
}

/** The token of `Authorization: Bearer`; empty, and then refused, when there is none. */
function tokenOf({ headers }: FastifyRequest): string {
  const token = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1] ?? '';
  return token.length <= MAX_TOKEN ? token : '';
}

function parametersOf(request: FastifyRequest): z.infer<typeof QualityParameters> {
  const parsed = QualityParameters.safeParse(request.query);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  throw refused(String(unknown ?? issue?.path[0] ?? '').slice(0, 64));
}

type QualityCursor = NonNullable<Parameters<ApiPort['quality']>[0]['after']>;

// Opaque to whoever reads pages: what it says may change.
const toCursor = ({ callId, peerId, visitId, publicationId }: QualityCursor): string =>
  Buffer.from(JSON.stringify([callId, peerId, visitId, publicationId])).toString('base64url');

function fromCursor(text: string): QualityCursor {
  try {
    const [callId, peerId, visitId, publicationId] = Cursor.parse(
      JSON.parse(Buffer.from(text, 'base64url').toString()),
    );
    return { callId, peerId, visitId, publicationId };
  } catch {
    throw refused('after');
  }
}

const refused = (path: string): CallError =>
  new CallError('invalid-request', 'A parameter of the query is wrong.', { details: { path } });
