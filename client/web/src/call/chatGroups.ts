/**
 * Owns how messages stand together and which parts of a text are links. Pure. Does not own messages.
 */
import type { ChatEntry } from '@parley/client';

const GROUP_MS = 5 * 60_000;

/** Whether an entry shows sender and time: another sender than before, or a pause. */
export function startsGroup(entry: ChatEntry, before: ChatEntry | undefined): boolean {
  return (
    before === undefined ||
    before.senderId !== entry.senderId ||
    before.senderName !== entry.senderName ||
    entry.sentAtMs - before.sentAtMs > GROUP_MS
  );
}

/** A piece of a message. */
export interface TextPart {
  readonly text: string;
  /** Where it leads; undefined for plain text. Always http or https. */
  readonly href?: string;
}

const LINK = /https?:\/\/[^\s<>"']+/giu;
/** What ends a sentence rather than a link. */
const TRAILING = /[.,;:!?)\]}»”’]+$/u;

/** Splits a text into plain pieces and links. Joined, the pieces are the text. */
export function textParts(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const link = match[0].replace(TRAILING, '');
    if (!URL.canParse(link)) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index) });
    parts.push({ text: link, href: link });
    end = match.index + link.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}
