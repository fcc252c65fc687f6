/**
 * Owns the shapes of ids and names that a client may send or see.
 * Does not own how ids are issued: the server derives them (server/src/auth/ids.ts).
 */
import * as z from 'zod/mini';

/** Version of this protocol; a server refuses another major version with `incompatible-version`. */
export const PROTOCOL_VERSION = 1;

/**
 * Room names: 1-64 characters (code points), letters of any script, digits, `-`, `_`; compared in NFC. Some letters and marks
 * are invisible (Hangul fillers, variation selectors): two rooms must not look alike by them.
 */
export const ROOM_ID_PATTERN = /^(?:(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{M}\p{N}_-]){1,64}$/u;

/** The name of a room, as in its link. */
export const RoomId = z.string().check(z.maxLength(256), z.normalize('NFC'), z.regex(ROOM_ID_PATTERN));

// What leaves no trace on the screen, or rewrites its surroundings: controls, line separators, bidirectional marks, fillers, tags,
// lone surrogates, interlinear annotation.
const UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u{FFF9}-\u{FFFB}]/u;
// What is unseen but shapes something visible: a variation selector behind it, a joiner between two (emoji families, Persian),
// a zero width joiner behind a mark (the end of many a Malayalam name).
const SHAPED =
  /(\p{M})\u200D|([^\p{Z}\p{C}\p{Default_Ignorable_Code_Point}])\p{Variation_Selector}?(?:[\u200C\u200D](?=[^\p{Z}\p{C}\p{Default_Ignorable_Code_Point}]))?/gu;
// Something of a name must be there to be read. U+2800 is a Braille cell without dots.
const VISIBLE = /(?!\u2800)[\p{L}\p{N}\p{P}\p{S}]/u;

/** Trimmed, NFC, 1-60 code points, at least one to be seen, nothing invisible but what shapes visible characters. */
export const DisplayName = z.string().check(
  z.maxLength(240),
  z.normalize('NFC'),
  z.trim(),
  z.refine((name) => [...name].length >= 1 && [...name].length <= 60, 'must have 1-60 characters'),
  z.refine((name) => !UNSEEN.test(name.replace(SHAPED, '$1$2')), 'must not contain invisible characters'),
  z.refine((name) => VISIBLE.test(name), 'must have a visible character'),
);

/** Equal for names that look alike because they differ in invisible characters or spaces only: to tell namesakes apart. */
export const visibleName = (name: string): string =>
  name.replace(/\p{Default_Ignorable_Code_Point}/gu, '').replace(/\s+/g, ' ');

/** An id that the server issued: peers, sessions, transports, publications, consumers, conversations. */
export const Id = z.string().check(z.regex(/^[A-Za-z0-9_.:-]{1,96}$/));

/** Made by the client, unique in its session (across page loads too): a retry repeats it and gets the first answer. */
export const RequestId = z.string().check(z.regex(/^[A-Za-z0-9_-]{1,40}$/));

/** Made by the client (UUIDv7, RFC 9562): a resend is the same message for ever. */
export const MessageId = z
  .string()
  .check(z.regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/));

/** What a publication carries. At most one publication of each source per peer. */
export const Source = z.enum(['mic', 'camera', 'screen', 'screenAudio']);
export type Source = z.infer<typeof Source>;

/** All sources, in the order in which a peer's publications are listed. */
export const sources: readonly Source[] = ['mic', 'camera', 'screen', 'screenAudio'];

/** RTP kind of a source. */
export const kindOf = (source: Source): 'audio' | 'video' =>
  source === 'mic' || source === 'screenAudio' ? 'audio' : 'video';

/** Codecs of pictures that a room may prefer. VP8 is spoken by every browser: what nobody else understands is sent in it. */
export const VideoCodec = z.enum(['vp8', 'vp9', 'h264', 'av1']);
export type VideoCodec = z.infer<typeof VideoCodec>;

/** Orders of preference: without repetition, because the first one that fits is taken. */
export const VideoCodecs = z.array(VideoCodec).check(
  z.minLength(1),
  z.refine((codecs) => new Set(codecs).size === codecs.length, 'must not name a codec twice'),
);

/** The codec of a MIME type (`video/VP9`); undefined for RTX and what rooms do not know. */
export function videoCodecOf(mimeType: string): VideoCodec | undefined {
  const codec = VideoCodec.safeParse(mimeType.toLowerCase().replace(/^video\//, ''));
  return codec.success ? codec.data : undefined;
}

/** The publication of a source by a peer: derivable by everyone, so publishing again is the same publication. */
export const publicationIdOf = (peerId: string, source: Source): string => `${peerId}.${source}`;

/** host moderates, speaker publishes, viewer only watches. */
export const Role = z.enum(['host', 'speaker', 'viewer']);
export type Role = z.infer<typeof Role>;
