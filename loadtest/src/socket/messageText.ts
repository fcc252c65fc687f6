/**
 * Owns the ids and texts of chat messages that bots write: a text follows from its id, so that every reader can check it.
 * Does not own sending.
 */

/** A UUIDv7 (RFC 9562). */
export function uuidV7(): string {
  const random = crypto.randomUUID();
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`;
}

/** The text of a message: its id, over and over. */
export const messageText = (messageId: string, length: number): string =>
  `${messageId} `
    .repeat(Math.ceil(length / (messageId.length + 1)))
    .slice(0, length - 1)
    .concat('.');
