/**
 * Owns the three frames of a socket: request, reply, notification; and the size limits that hold for them.
 * Does not own what is inside: see requests.ts and notifications.ts.
 */
import * as z from 'zod/mini';
import { errorCodeNames } from './errors.ts';
import { RequestId } from './ids.ts';

/** Inbound frames above this many bytes close the socket (1009). */
export const MAX_FRAME_BYTES = 64 * 1024;

/** Client -> server. `data` is parsed by the request's own schema afterwards. */
export const RequestFrame = z.object({
  id: RequestId,
  name: z.string().check(z.maxLength(64)),
  data: z.unknown(),
});
export type RequestFrame = z.infer<typeof RequestFrame>;

/** What a refused request carries back. */
export const WireError = z.object({
  code: z.enum(errorCodeNames),
  message: z.string(),
  retryable: z.boolean(),
  details: z.optional(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))),
});
export type WireError = z.infer<typeof WireError>;

/** Server -> client, exactly one per request. */
export const ReplyFrame = z.union([
  z.object({ id: RequestId, ok: z.unknown() }),
  z.object({ id: RequestId, error: WireError }),
]);

/** Server -> client, without a reply. */
export const NotificationFrame = z.object({ name: z.string(), data: z.unknown() });

/** Any frame that a server sends. */
export const ServerFrame = z.union([
  z.object({ id: RequestId, error: WireError }),
  z.object({ id: RequestId, ok: z.unknown() }),
  NotificationFrame,
]);
export type ServerFrame = z.infer<typeof ServerFrame>;
