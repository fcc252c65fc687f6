/**
 * Owns the scripts that run inside Redis, read from lua/ once, and the shapes of their answers.
 * Does not own how they are sent (RedisClient) nor when (RedisRoomLog).
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as z from 'zod';

/** A script and the name by which Redis knows it once it has seen it. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

const read = (name: string): string => readFileSync(new URL(`lua/${name}.lua`, import.meta.url), 'utf8');

function script(name: string): Script {
  const source = `${read('common')}\n${read(name)}`;
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

/** One per thing that is done to a room. */
export const scripts = {
  sync: script('sync'),
  commit: script('commit'),
  eventsSince: script('eventsSince'),
  endCall: script('endCall'),
  hold: script('hold'),
  offer: script('offer'),
} as const satisfies Record<string, Script>;

const whole = z.string().transform(Number);
const texts = z.array(z.string());
/** The second place of every answer is Redis' time. */
const recovering = z.tuple([z.literal('recovering'), whole, whole]);
const lost = z.tuple([z.literal('lost'), whole]);
const head = [z.string(), whole, z.string()] as const;

/** Answers of lua/sync.lua. */
export const SyncReply = z.union([
  z.tuple([z.literal('events'), whole, ...head, texts]),
  z.tuple([z.literal('state'), whole, ...head, texts, z.string()]),
  z.tuple([z.literal('absent'), whole]),
  recovering,
  lost,
]);

/** Answers of lua/commit.lua: behind the head the missed events, then whom to wake, or the first answer of the request. */
export const CommitReply = z.union([
  z.tuple([z.literal('committed'), whole, ...head, texts, texts]),
  z.tuple([z.literal('conflict'), whole, ...head, texts, texts]),
  z.tuple([z.literal('repeated'), whole, ...head, texts, z.string()]),
  z.tuple([z.literal('full'), whole, z.string()]),
  z.tuple([z.literal('conflict'), whole, z.literal('other')]),
  z.tuple([z.literal('late'), whole]),
  recovering,
  lost,
]);

/** Answers of lua/eventsSince.lua. */
export const EventsReply = z.union([
  z.tuple([z.literal('events'), whole, texts]),
  z.tuple([z.literal('trimmed'), whole]),
  recovering,
]);

/** Answers of lua/endCall.lua. */
export const EndReply = z.union([z.tuple([z.enum(['ended', 'changed']), whole]), recovering]);

/** Answers of lua/offer.lua. */
export const OfferReply = z.union([
  z.tuple([z.literal('offered'), whole, whole]),
  z.tuple([z.literal('settled'), whole]),
]);
